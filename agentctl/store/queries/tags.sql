-- name: of_session
SELECT tag FROM session_tags WHERE session_id = :session_id ORDER BY tag;

-- name: add
INSERT INTO session_tags (tag, session_id) VALUES (:tag, :session_id) ON CONFLICT DO NOTHING;

-- name: remove
DELETE FROM session_tags WHERE tag = :tag AND session_id = :session_id;
