-- Version 4: a reader can have a consumer group to itself.

CREATE TABLE holders (name text PRIMARY KEY, holder text NOT NULL, until timestamptz NOT NULL);
