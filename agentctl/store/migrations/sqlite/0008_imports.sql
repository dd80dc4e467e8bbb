-- What came along with sessions and messages that were imported and has no place in them: options, counts of tokens, raw
-- answers, costs. `message_id` is '' where it is the session's. `record` is JSON, `source` the program that it is of.
CREATE TABLE imports (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    source     TEXT NOT NULL,
    record     TEXT NOT NULL,
    PRIMARY KEY (session_id, message_id)
) STRICT, WITHOUT ROWID;
