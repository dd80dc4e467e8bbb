-- name: rename
UPDATE sessions SET name = :name WHERE id = :id;

-- name: get
SELECT s.id, s.name, b.id AS branch_id, m.id AS head_id, b.next_seq, s.created_at, s.updated_at
FROM sessions s
JOIN branches b ON b.id = s.active_branch_id
-- A branch that nothing was said on yet stands after a message of its parent.
LEFT JOIN messages m ON m.seq = b.next_seq - 1
    AND m.branch_id = CASE WHEN b.next_seq > b.fork_seq THEN b.id ELSE b.parent_branch_id END
WHERE s.id = :id;

-- name: latest
SELECT id FROM sessions WHERE deleted_at IS NULL ORDER BY updated_at DESC, id DESC LIMIT 1;

-- name: named
SELECT id FROM sessions WHERE name = :name AND deleted_at IS NULL ORDER BY id LIMIT 2;

-- name: between
SELECT id FROM sessions WHERE id BETWEEN :first AND :last AND deleted_at IS NULL ORDER BY id LIMIT 2;

-- name: listing
-- A row for each tag of a session, and one for a session without any.
SELECT p.id, p.name, p.title, p.created_at, p.updated_at, p.deleted_at, p.messages, t.tag
FROM (
    SELECT s.id, s.name, s.title, s.created_at, s.updated_at, s.deleted_at, b.next_seq AS messages
    FROM sessions s JOIN branches b ON b.id = s.active_branch_id
    WHERE s.deleted_at IS NULL AND s.updated_at >= :since AND (s.updated_at, s.id) < (:before_at, :before_id)
        AND (CAST(:tag AS TEXT) IS NULL
            OR EXISTS (SELECT 1 FROM session_tags g WHERE g.tag = :tag AND g.session_id = s.id))
        AND (CAST(:name AS TEXT) IS NULL
            OR LOWER(COALESCE(s.name, '')) LIKE LOWER(CAST(:name AS TEXT)) ESCAPE '!'
            OR LOWER(COALESCE(s.title, '')) LIKE LOWER(CAST(:name AS TEXT)) ESCAPE '!')
        -- The end of the body of an answer names its model, before the reason why it stopped if that is known.
        AND (CAST(:model AS TEXT) IS NULL OR EXISTS (
            SELECT 1 FROM messages m WHERE m.session_id = s.id AND m.role = 'assistant' AND (
                LOWER(m.body) LIKE LOWER('%],"model":"' || CAST(:model AS TEXT) || '","stop_reason":"%') ESCAPE '!'
                OR (m.body NOT LIKE '%","stop_reason":"%'
                    AND LOWER(m.body) LIKE LOWER('%],"model":"' || CAST(:model AS TEXT) || '"}') ESCAPE '!')
            )
        ))
    ORDER BY s.updated_at DESC, s.id DESC
    LIMIT :limit
) p LEFT JOIN session_tags t ON t.session_id = p.id
ORDER BY p.updated_at DESC, p.id DESC, t.tag;

-- name: fork
UPDATE sessions SET forked_from_session = :origin, forked_from_message = :message_id WHERE id = :id;

-- name: origin
SELECT title, deleted_at, forked_from_session, forked_from_message FROM sessions WHERE id = :id;

-- name: activate
UPDATE sessions SET active_branch_id = :branch_id WHERE id = :id;

-- name: ids
SELECT id, active_branch_id FROM sessions ORDER BY id;
