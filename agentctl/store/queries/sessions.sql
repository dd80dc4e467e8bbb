-- name: rename
UPDATE sessions SET name = :name WHERE id = :id;

-- name: get
SELECT s.id, s.name, b.id AS branch_id, m.id AS head_id, b.next_seq, s.created_at, s.updated_at
FROM sessions s
JOIN branches b ON b.id = s.active_branch_id
LEFT JOIN messages m ON m.branch_id = b.id AND m.seq = b.next_seq - 1
WHERE s.id = :id;

-- name: latest
SELECT id FROM sessions WHERE deleted_at IS NULL ORDER BY updated_at DESC, id DESC LIMIT 1;

-- name: named
SELECT id FROM sessions WHERE name = :name AND deleted_at IS NULL ORDER BY id LIMIT 2;

-- name: between
SELECT id FROM sessions WHERE id BETWEEN :first AND :last AND deleted_at IS NULL ORDER BY id LIMIT 2;

-- name: listing
SELECT s.id, s.name, s.title, s.created_at, s.updated_at, b.next_seq AS messages
FROM sessions s JOIN branches b ON b.id = s.active_branch_id
WHERE s.deleted_at IS NULL
ORDER BY s.updated_at DESC, s.id DESC
LIMIT :limit;
