-- Version 1: the tables.

CREATE TABLE meta (version integer NOT NULL, workspace text);
INSERT INTO meta VALUES (1);

CREATE SEQUENCE tokens;

CREATE TABLE feeds (
    feed text PRIMARY KEY,
    cursor text NOT NULL,
    due timestamptz NOT NULL,            -- while leased: when the lease ends
    leased boolean NOT NULL DEFAULT false,
    token bigint NOT NULL DEFAULT 0,     -- of the newest claim
    settled bigint NOT NULL DEFAULT 0,   -- the newest claim that was ended by its holder
    committed bigint NOT NULL DEFAULT 0, -- the newest that was ended by a commit
    failures integer NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',
    gaps bigint NOT NULL DEFAULT 0,
    dead boolean NOT NULL DEFAULT false
);
CREATE INDEX feeds_due ON feeds (due) WHERE NOT dead;

-- All three are 0 for no limit, and NULL where nobody has named one yet.
CREATE TABLE rate (
    arrival double precision NOT NULL,
    rate_limit double precision,
    rate_interval double precision,
    rate_tolerance double precision
);
INSERT INTO rate VALUES (0);

CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    event text NOT NULL,
    logged timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_logged ON outbox (logged);

CREATE TABLE groups (name text PRIMARY KEY);

-- What a group has not acknowledged. A commit writes one row for each group, and a consumer takes the rows of its group.
-- It never asks for "all events after number n": numbers are not committed in the order in which they are given out.
CREATE TABLE deliveries (
    name text NOT NULL REFERENCES groups ON DELETE CASCADE,
    seq bigint NOT NULL REFERENCES outbox,  -- an event that a group waits for cannot be deleted
    until timestamptz,                      -- when it is delivered again; NULL: not delivered yet
    PRIMARY KEY (name, seq)
);
CREATE INDEX deliveries_seq ON deliveries (seq);
