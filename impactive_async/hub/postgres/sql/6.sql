-- Version 6: feeds can be paused, and polled at once.

ALTER TABLE feeds
    ADD paused boolean NOT NULL DEFAULT false,      -- nobody claims it
    ADD poll_again boolean NOT NULL DEFAULT false;  -- it is due as soon as its lease ends
DROP INDEX feeds_due;
CREATE INDEX feeds_due ON feeds (due) WHERE NOT dead AND NOT paused;
