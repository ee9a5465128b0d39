CREATE TABLE feeds (
    feed TEXT PRIMARY KEY,
    cursor TEXT NOT NULL,
    due REAL NOT NULL,                   -- while leased: when the lease ends
    leased INTEGER NOT NULL DEFAULT 0,
    token INTEGER NOT NULL DEFAULT 0,    -- of the newest claim
    settled INTEGER NOT NULL DEFAULT 0,    -- the newest claim that was ended by its holder
    committed INTEGER NOT NULL DEFAULT 0,  -- the newest that was ended by a commit
    failures INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    gaps INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE INDEX feeds_due ON feeds (due) WHERE NOT dead;

CREATE TABLE counters (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;

INSERT INTO counters VALUES ('token', 0), ('arrival', 0);

CREATE TABLE terms (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;

CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given again after a trim
    id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    logged REAL NOT NULL
);

CREATE INDEX outbox_logged ON outbox (logged);

CREATE TABLE groups (name TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE deliveries (
    name TEXT NOT NULL,
    seq INTEGER NOT NULL,
    until REAL,  -- when it is delivered again; NULL: not delivered yet
    PRIMARY KEY (name, seq)
) WITHOUT ROWID;

CREATE INDEX deliveries_seq ON deliveries (seq);

PRAGMA application_id = 1229803592;
PRAGMA user_version = 1;
