-- name: begin
INSERT INTO purges (session_id) VALUES (:session_id);

-- name: drafts
DELETE FROM drafts WHERE session_id = :session_id;

-- name: tool_calls
-- What was done stays, and what it was done with goes.
UPDATE tool_calls
SET arguments = NULL, result = NULL, output = NULL, summary = NULL, subject = NULL, details = NULL, message_id = NULL
WHERE session_id = :session_id;

-- name: outcomes
DELETE FROM outcomes WHERE session_id = :session_id;

-- name: decision_calls
DELETE FROM decision_calls WHERE decision_id IN (SELECT id FROM decisions WHERE session_id = :session_id);

-- name: decisions
DELETE FROM decisions WHERE session_id = :session_id;

-- name: messages
DELETE FROM messages WHERE session_id = :session_id;

-- name: branches
DELETE FROM branches WHERE session_id = :session_id;

-- name: session
DELETE FROM sessions WHERE id = :session_id;

-- name: end
DELETE FROM purges WHERE session_id = :session_id;
