-- name: create
INSERT INTO sessions (id, name, active_branch_id, created_at, updated_at)
VALUES (:id, :name, :branch_id, :now, max(:now, coalesce((
        SELECT max(updated_at) + 1 FROM sessions WHERE deleted_at IS NULL AND updated_at < :now + 86400000000
    ), :now)))
RETURNING updated_at;

-- name: touch
-- Later than all others even where the clock went back: which session was used last must stay true. But one that is more
-- than a day ahead was stored by a clock that was wrong, which no other session is to follow.
UPDATE sessions SET
    updated_at = max(:now, coalesce((
        SELECT max(updated_at) + 1 FROM sessions WHERE deleted_at IS NULL AND updated_at < :now + 86400000000
    ), :now)),
    title = coalesce(title, CAST(:title AS TEXT))
WHERE id = :id
RETURNING updated_at;
