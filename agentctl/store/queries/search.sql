-- name: waits
SELECT message_id FROM search_backlog LIMIT 1;

-- name: backlog
-- Some that wait, for who indexes them in the same transaction: nobody else gets these.
SELECT m.id, m.body,
    CASE WHEN EXISTS (SELECT 1 FROM search_documents d WHERE d.message_id = m.id) THEN 1 ELSE 0 END AS is_indexed
FROM search_backlog w JOIN messages m ON m.id = w.message_id ORDER BY w.message_id LIMIT :limit;

-- name: caught_up
DELETE FROM search_backlog WHERE message_id = :message_id;

-- name: postpone
INSERT INTO search_backlog (message_id) VALUES (:message_id) ON CONFLICT DO NOTHING;

-- name: find
-- In a dialect's own words: of the newest messages that match the ids, the best first.

-- name: message
SELECT m.id, m.parent_id, m.branch_id, m.seq, m.role, m.status, m.body, m.body_sha256, m.created_at,
    m.session_id, s.name, s.title
FROM messages m JOIN sessions s ON s.id = m.session_id
WHERE m.id = :id;
