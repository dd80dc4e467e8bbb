-- name: add
INSERT INTO outbox (at, session_id, kind, message_id) VALUES (:now, :session_id, :kind, NULL);

-- name: latest
SELECT 0 AS xid, seq, at, session_id, kind, message_id FROM outbox
WHERE kind = 'message'
    AND (CAST(:session_id AS TEXT) IS NULL OR session_id = :session_id)
    AND (CAST(:since AS BIGINT) IS NULL OR at >= :since)
ORDER BY seq DESC
LIMIT :limit;

-- name: message
SELECT m.id, m.parent_id, m.branch_id, m.seq, m.role, m.status, m.body, m.body_sha256, m.created_at, s.name
FROM messages m JOIN sessions s ON s.id = m.session_id
WHERE m.id = :id AND s.deleted_at IS NULL;
