-- Sessions in the trash, copies of sessions, tags, titles and names of branches; what is found by its words; what
-- happened, for those who watch; and what is damaged. Times are microseconds since the Unix epoch, UTC.

-- `title` is how its first question begins. One that was deleted is in the trash until it is purged. Of a copy it is
-- known what it was copied from, and after which message; neither need be there any more.
ALTER TABLE sessions ADD COLUMN title TEXT;
ALTER TABLE sessions ADD COLUMN deleted_at INTEGER;
ALTER TABLE sessions ADD COLUMN forked_from_session TEXT;
ALTER TABLE sessions ADD COLUMN forked_from_message TEXT;

DROP INDEX sessions_by_time;
CREATE INDEX kept_sessions_by_time ON sessions (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deleted_sessions ON sessions (deleted_at, id) WHERE deleted_at IS NOT NULL;

ALTER TABLE branches ADD COLUMN name TEXT;
ALTER TABLE branches ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0; -- 0 where it was made before this was known

CREATE TABLE session_tags (
    tag        TEXT NOT NULL,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    PRIMARY KEY (tag, session_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX tags_by_session ON session_tags (session_id);

CREATE INDEX messages_by_session ON messages (session_id);
CREATE INDEX messages_by_parent ON messages (parent_id) WHERE parent_id IS NOT NULL; -- for who deletes a parent
CREATE INDEX drafts_by_session ON drafts (session_id);
CREATE INDEX charges_by_message ON usage_ledger (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX usage_by_session ON usage_ledger (session_id) WHERE session_id IS NOT NULL; -- for who deletes one
CREATE INDEX branches_by_parent ON branches (parent_branch_id) WHERE parent_branch_id IS NOT NULL;

-- A message takes the place that its branch has next, which is its own from then on, and waits for its words to be indexed:
-- also one that is added by a program which ran already when this schema was made.
CREATE TRIGGER messages_take_their_place AFTER INSERT ON messages
BEGIN
    UPDATE branches SET next_seq = NEW.seq + 1 WHERE id = NEW.branch_id AND next_seq <= NEW.seq;
    INSERT INTO outbox (at, session_id, kind, message_id) VALUES (NEW.created_at, NEW.session_id, 'message', NEW.id);
    INSERT INTO search_backlog (message_id) VALUES (NEW.id);
END;

-- The sessions that are being purged, whose messages may be deleted: a row is there only within that transaction.
CREATE TABLE purges (
    session_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

DROP TRIGGER messages_are_not_deleted;
CREATE TRIGGER messages_are_not_deleted BEFORE DELETE ON messages
WHEN NOT EXISTS (SELECT 1 FROM purges WHERE session_id = OLD.session_id)
BEGIN
    SELECT RAISE(ABORT, 'messages are immutable');
END;

-- What happened to sessions, in the order in which it did, for those who watch. Old rows are dropped.
CREATE TABLE outbox (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    session_id TEXT    NOT NULL,
    kind       TEXT    NOT NULL CHECK (kind IN (
        'created', 'message', 'renamed', 'tagged', 'switched', 'deleted', 'restored', 'purged'
    )),
    message_id TEXT
) STRICT;

-- The words of messages. The index keeps no text of its own: `tokens` are words in a form that makes them alike, with
-- blanks between them. A message that is not indexed yet is in the backlog.
CREATE TABLE search_documents (
    id         INTEGER PRIMARY KEY,
    message_id TEXT    NOT NULL UNIQUE REFERENCES messages (id) ON DELETE CASCADE
) STRICT;

CREATE VIRTUAL TABLE search_index USING fts5 (tokens, content = '', tokenize = 'ascii', prefix = '1 2 3');

CREATE TABLE search_backlog (
    message_id TEXT PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

INSERT INTO search_backlog SELECT id FROM messages;

-- Messages that were found to be damaged. They stay as they are, and a conversation goes on without them.
CREATE TABLE damaged_messages (
    message_id TEXT    PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    why        TEXT    NOT NULL,
    found_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What came along with sessions and messages that were imported and has no place in them: options, counts of tokens, raw
-- answers, costs. `message_id` is '' where it is the session's. `record` is JSON, `source` the program that it is of.
CREATE TABLE imports (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    source     TEXT NOT NULL,
    record     TEXT NOT NULL,
    PRIMARY KEY (session_id, message_id)
) STRICT, WITHOUT ROWID;
