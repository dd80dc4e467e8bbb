-- name: append
-- All of it in one statement. The lock on the branch is what makes a second writer see that the place is taken; whether
-- the id is taken is told by the insertion itself, and only a message that was added moves the branch (by a trigger).
WITH place AS (
    SELECT id FROM branches WHERE id = :branch_id AND next_seq = :seq FOR NO KEY UPDATE
), added AS (
    INSERT INTO messages (
        id, session_id, branch_id, seq, parent_id, role, status, body, body_sha256, run_id, created_at
    )
    SELECT :id, :session_id, place.id, :seq, :parent_id, :role, :status, :body, :body_sha256, :run_id, :now
    FROM place
    ON CONFLICT DO NOTHING
    RETURNING id
), waiting AS (
    INSERT INTO search_backlog (message_id) SELECT id FROM added
)
UPDATE sessions SET
    updated_at = GREATEST(:now, (
        SELECT max(updated_at) + 1 FROM sessions WHERE deleted_at IS NULL AND updated_at < :now + 86400000000
    )),
    title = COALESCE(title, CAST(:title AS TEXT))
WHERE id = :session_id AND EXISTS (SELECT 1 FROM added)
RETURNING updated_at;
