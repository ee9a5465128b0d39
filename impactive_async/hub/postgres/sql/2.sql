-- Version 2: the hub's time, which never goes back, and the floor of tokens.

ALTER TABLE meta
    ADD clock timestamptz NOT NULL DEFAULT '-infinity',  -- the latest time of the hub that was seen
    ADD ahead interval NOT NULL DEFAULT '0',             -- by how much the hub is ahead of the server
    ADD token_floor bigint NOT NULL DEFAULT 0;           -- no later token is below that of a feed that was removed

DROP FUNCTION IF EXISTS may_settle(text, bigint, text);
