-- Calls of tools: what a model asked for, who allowed it, and what came of it. Times are microseconds since the Unix
-- epoch, UTC. The rows stay when their session is deleted: they are the audit trail of what was done on this machine.

-- A row is there from the moment the answer with the call is stored, and has a state until the last: asked, then
-- refused, or started and then finished, failed or cancelled; lost if its process died meanwhile, and skipped if it
-- never came to it. It is concluded once its result stands in the conversation. While the process that runs a round
-- lives, it holds the lock of the session, or that of the run where the conversation is not kept.
--
-- `position` counts the calls of an answer from 0. `subject` is what it is done to: the path, the command, the host.
-- `result` is what the model was told, and `output` all there was where that was cut. `arguments`, `result`, `output`
-- and `message_id` are NULL where the conversation is not kept. `details` are JSON.
CREATE TABLE tool_calls (
    run_id       TEXT    NOT NULL,
    position     INTEGER NOT NULL CHECK (position >= 0),
    session_id   TEXT    REFERENCES sessions (id) ON DELETE SET NULL,
    message_id   TEXT    REFERENCES messages (id) ON DELETE SET NULL,
    call_id      TEXT    NOT NULL,
    tool         TEXT    NOT NULL,
    arguments    TEXT,
    state        TEXT    NOT NULL CHECK (state IN (
        'asked', 'refused', 'started', 'finished', 'failed', 'cancelled', 'lost', 'skipped'
    )),
    effect       TEXT    CHECK (effect IN ('none', 'read', 'write', 'execute', 'network')),
    summary      TEXT,
    subject      TEXT,
    decided_by   TEXT    CHECK (decided_by IN ('rule', 'user', 'mode')),
    result       TEXT,
    output       TEXT,
    details      TEXT,
    asked_at     INTEGER NOT NULL,
    started_at   INTEGER,
    ended_at     INTEGER,
    concluded_at INTEGER,
    PRIMARY KEY (run_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX tool_calls_by_time ON tool_calls (asked_at);
CREATE INDEX tool_calls_by_session ON tool_calls (session_id, asked_at) WHERE session_id IS NOT NULL;
CREATE INDEX tool_calls_by_message ON tool_calls (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX open_tool_calls ON tool_calls (run_id) WHERE concluded_at IS NULL;
