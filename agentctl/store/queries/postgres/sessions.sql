-- name: create
INSERT INTO sessions (id, name, active_branch_id, created_at, updated_at)
VALUES (:id, :name, :branch_id, :now, GREATEST(:now, (SELECT max(updated_at) + 1 FROM sessions WHERE deleted_at IS NULL)))
RETURNING updated_at;

-- name: touch
-- Later than all others even where the clock went back: which session was used last must stay true.
UPDATE sessions SET
    updated_at = GREATEST(:now, (SELECT max(updated_at) + 1 FROM sessions WHERE deleted_at IS NULL)),
    title = COALESCE(title, CAST(:title AS TEXT))
WHERE id = :id
RETURNING updated_at;
