-- name: create
INSERT INTO sessions (id, name, active_branch_id, created_at, updated_at)
VALUES (:id, :name, :branch_id, :now, max(:now, coalesce((SELECT max(updated_at) + 1 FROM sessions), :now)))
RETURNING updated_at;

-- name: touch
-- Later than all others even where the clock went back: which session was used last must stay true.
UPDATE sessions SET updated_at = max(:now, (SELECT max(updated_at) + 1 FROM sessions)) WHERE id = :id
RETURNING updated_at;

-- name: rename
UPDATE sessions SET name = :name WHERE id = :id;

-- name: get
SELECT s.id, s.name, b.id AS branch_id, m.id AS head_id, b.next_seq, s.created_at, s.updated_at
FROM sessions s
JOIN branches b ON b.id = s.active_branch_id
LEFT JOIN messages m ON m.branch_id = b.id AND m.seq = b.next_seq - 1
WHERE s.id = :id;

-- name: latest
SELECT id FROM sessions ORDER BY updated_at DESC, id DESC LIMIT 1;

-- name: named
SELECT id FROM sessions WHERE name = :name ORDER BY id LIMIT 2;

-- name: between
SELECT id FROM sessions WHERE id BETWEEN :first AND :last ORDER BY id LIMIT 2;

-- name: listing
SELECT s.id, s.name, s.created_at, s.updated_at, b.next_seq AS messages
FROM sessions s JOIN branches b ON b.id = s.active_branch_id
ORDER BY s.updated_at DESC, s.id DESC
LIMIT :limit;
