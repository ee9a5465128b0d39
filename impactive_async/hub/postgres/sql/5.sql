-- Version 5: a new group only notes where it starts, and takes older events in steps. What was in the log is remembered.

ALTER TABLE groups
    ADD place bigint NOT NULL DEFAULT 0,  -- up to here it has rows of `deliveries` for what was in the log when it joined
    ADD start bigint NOT NULL DEFAULT 0;  -- the newest event when it joined; commits write it rows for what is newer

ALTER TABLE meta
    ADD newest bigint NOT NULL DEFAULT 0,   -- the newest event that was seen in the log
    ADD trimmed bigint NOT NULL DEFAULT 0;  -- the newest that was trimmed

DROP FUNCTION IF EXISTS trim_log(double precision);
DROP FUNCTION IF EXISTS drop_group(text);

-- Which event is due again is found without a look at those that are not.
DROP INDEX deliveries_in_flight;
CREATE INDEX deliveries_in_flight ON deliveries (name, deliveries, until, seq) WHERE until IS NOT NULL;

DROP FUNCTION IF EXISTS replay(text, text[]);
DROP FUNCTION IF EXISTS drop_letters(text, text[]);
