-- Version 7: what somebody else deletes of what groups have not acknowledged is noted, and groups are moved in steps.

CREATE TABLE lost (
    seq bigint NOT NULL,
    name text NOT NULL,
    deliveries integer NOT NULL,
    died timestamptz,
    reason text NOT NULL,
    PRIMARY KEY (seq, name)
);

-- While a group is moved, and NULL else: up to here the rows that it had before are deleted.
ALTER TABLE groups ADD moved bigint;

-- To forget a group would look through all rows of all groups, where most rows are of one.
ALTER TABLE deliveries DROP CONSTRAINT IF EXISTS deliveries_name_fkey;

DROP FUNCTION IF EXISTS seek(integer, text, double precision, text, boolean);
DROP FUNCTION IF EXISTS drop_group(text, integer);
DROP FUNCTION IF EXISTS status(integer);
DROP FUNCTION IF EXISTS list_feeds();
DROP FUNCTION IF EXISTS is_awaited(bigint);
