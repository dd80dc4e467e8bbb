-- name: listing
-- A row for each tag of a session, and one for a session without any.
SELECT p.id, p.name, p.title, p.created_at, p.updated_at, p.deleted_at, p.messages, t.tag
FROM (
    SELECT s.id, s.name, s.title, s.created_at, s.updated_at, s.deleted_at, b.next_seq AS messages
    FROM sessions s JOIN branches b ON b.id = s.active_branch_id
    WHERE s.deleted_at IS NOT NULL AND (s.deleted_at, s.id) < (:before_at, :before_id)
    ORDER BY s.deleted_at DESC, s.id DESC
    LIMIT :limit
) p LEFT JOIN session_tags t ON t.session_id = p.id
ORDER BY p.deleted_at DESC, p.id DESC, t.tag;

-- name: named
SELECT id FROM sessions WHERE name = :name AND deleted_at IS NOT NULL ORDER BY id LIMIT 2;

-- name: between
SELECT id FROM sessions WHERE id BETWEEN :first AND :last AND deleted_at IS NOT NULL ORDER BY id LIMIT 2;

-- name: has
SELECT id FROM sessions WHERE id = :id AND deleted_at IS NOT NULL;

-- name: before
SELECT id FROM sessions WHERE deleted_at IS NOT NULL AND deleted_at < :moment ORDER BY deleted_at, id;

-- name: delete
UPDATE sessions SET deleted_at = :now WHERE id = :id AND deleted_at IS NULL;

-- name: restore
UPDATE sessions SET deleted_at = NULL WHERE id = :id AND deleted_at IS NOT NULL;
