-- Times are microseconds since the Unix epoch, UTC; money is in pico-USD.

PRAGMA application_id = 1634169955; -- "agtc": tells our databases from those of other programs

CREATE TABLE schema_migrations (
    version    INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL,
    checksum   TEXT    NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id               TEXT    PRIMARY KEY,
    name             TEXT,
    active_branch_id TEXT    NOT NULL REFERENCES branches (id) DEFERRABLE INITIALLY DEFERRED,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_by_time ON sessions (updated_at, id);
-- Without it each new branch would be looked for in all sessions, to settle the deferred reference.
CREATE INDEX sessions_by_branch ON sessions (active_branch_id);
CREATE INDEX sessions_by_name ON sessions (name) WHERE name IS NOT NULL;

-- A branch holds the messages from fork_seq on; those before it are its parent's. The first message has seq 0.
CREATE TABLE branches (
    id               TEXT    PRIMARY KEY,
    session_id       TEXT    NOT NULL REFERENCES sessions (id),
    parent_branch_id TEXT    REFERENCES branches (id),
    fork_seq         INTEGER NOT NULL CHECK (fork_seq >= 0),
    next_seq         INTEGER NOT NULL CHECK (next_seq >= fork_seq)
) STRICT;

CREATE INDEX branches_by_session ON branches (session_id);

CREATE TABLE messages (
    id          TEXT    PRIMARY KEY,
    session_id  TEXT    NOT NULL REFERENCES sessions (id),
    branch_id   TEXT    NOT NULL REFERENCES branches (id),
    seq         INTEGER NOT NULL CHECK (seq >= 0),
    parent_id   TEXT    REFERENCES messages (id),
    role        TEXT    NOT NULL CHECK (role IN ('system', 'user', 'assistant', 'tool')),
    status      TEXT    NOT NULL CHECK (status IN ('final', 'partial')),
    body        TEXT    NOT NULL,
    body_sha256 TEXT    NOT NULL,
    run_id      TEXT,
    created_at  INTEGER NOT NULL,
    UNIQUE (branch_id, seq)
) STRICT;

CREATE TRIGGER messages_are_not_updated BEFORE UPDATE ON messages
BEGIN
    SELECT RAISE(ABORT, 'messages are immutable');
END;

CREATE TRIGGER messages_are_not_deleted BEFORE DELETE ON messages
BEGIN
    SELECT RAISE(ABORT, 'messages are immutable');
END;

-- An answer that is still arriving, with the place in the conversation where it will go.
CREATE TABLE drafts (
    run_id     TEXT    PRIMARY KEY,
    session_id TEXT    NOT NULL REFERENCES sessions (id),
    branch_id  TEXT    NOT NULL REFERENCES branches (id),
    head_id    TEXT    REFERENCES messages (id),
    next_seq   INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE draft_chunks (
    run_id TEXT    NOT NULL REFERENCES drafts (run_id) ON DELETE CASCADE,
    seq    INTEGER NOT NULL,
    chunk  TEXT    NOT NULL,
    PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;

-- The bound on a count keeps any sum of them within 64 bits.
CREATE TABLE usage_ledger (
    id                TEXT    PRIMARY KEY,
    session_id        TEXT    REFERENCES sessions (id) ON DELETE SET NULL,
    message_id        TEXT    REFERENCES messages (id) ON DELETE SET NULL,
    call_id           TEXT    NOT NULL,
    attempt           INTEGER NOT NULL CHECK (attempt >= 1),
    kind              TEXT    NOT NULL CHECK (kind IN ('reserve', 'charge', 'release')),
    status            TEXT    NOT NULL CHECK (status IN ('final', 'partial', 'estimated')),
    provider          TEXT    NOT NULL,
    model             TEXT    NOT NULL,
    uncached_input    INTEGER NOT NULL CHECK (uncached_input BETWEEN 0 AND 1000000000000),
    cache_read        INTEGER NOT NULL CHECK (cache_read BETWEEN 0 AND 1000000000000),
    cache_write_short INTEGER NOT NULL CHECK (cache_write_short BETWEEN 0 AND 1000000000000),
    cache_write_long  INTEGER NOT NULL CHECK (cache_write_long BETWEEN 0 AND 1000000000000),
    output            INTEGER NOT NULL CHECK (output BETWEEN 0 AND 1000000000000),
    raw_usage         TEXT,
    computed_pusd     INTEGER,
    reported_pusd     INTEGER,
    price_version     TEXT,
    tag               TEXT,
    created_at        INTEGER NOT NULL,
    UNIQUE (call_id, attempt, kind)
) STRICT;

CREATE INDEX charges_by_session ON usage_ledger (session_id) WHERE kind = 'charge';
CREATE INDEX charges_by_time ON usage_ledger (created_at) WHERE kind = 'charge';

-- All columns but the two that follow a deleted session or message.
CREATE TRIGGER usage_is_not_updated BEFORE UPDATE OF
    id, call_id, attempt, kind, status, provider, model, uncached_input, cache_read, cache_write_short,
    cache_write_long, output, raw_usage, computed_pusd, reported_pusd, price_version, tag, created_at
ON usage_ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER usage_is_not_deleted BEFORE DELETE ON usage_ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

-- The reservations neither charged nor released yet: looking for them in the ledger itself would take longer with each call.
CREATE TABLE open_calls (
    reservation_id TEXT PRIMARY KEY REFERENCES usage_ledger (id)
) STRICT;
