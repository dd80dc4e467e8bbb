-- name: documents
-- `tokens` is a JSON object: the words of each message by its id.
INSERT INTO search_documents (message_id) SELECT key FROM json_each(:tokens);

-- name: index
INSERT INTO search_index (rowid, tokens)
SELECT d.id, t.value FROM json_each(:tokens) t JOIN search_documents d ON d.message_id = t.key;

-- name: all_caught_up
DELETE FROM search_backlog WHERE message_id IN (SELECT value FROM json_each(:ids));

-- name: forget
INSERT INTO search_index (search_index, rowid, tokens)
SELECT 'delete', id, :tokens FROM search_documents WHERE message_id = :message_id;

-- name: find
-- The index is gone through from its newest end; CROSS keeps SQLite from beginning elsewhere. Of a session only the part
-- of the index is gone through in which its messages are.
SELECT message_id FROM (
    SELECT f.rowid AS number, d.message_id, bm25(search_index) AS rank
    FROM search_index f
    CROSS JOIN search_documents d ON d.id = f.rowid
    CROSS JOIN messages m ON m.id = d.message_id
    CROSS JOIN sessions s ON s.id = m.session_id
    WHERE search_index MATCH :fts5
        AND f.rowid >= CASE WHEN :session_id IS NULL THEN 0 ELSE coalesce((
            SELECT min(o.id) FROM messages n JOIN search_documents o ON o.message_id = n.id
            WHERE n.session_id = :session_id
        ), 0) END
        AND f.rowid <= CASE WHEN :session_id IS NULL THEN 9223372036854775807 ELSE coalesce((
            SELECT max(o.id) FROM messages n JOIN search_documents o ON o.message_id = n.id
            WHERE n.session_id = :session_id
        ), 0) END
        AND s.deleted_at IS NULL
        AND (:session_id IS NULL OR m.session_id = :session_id)
        AND (:role IS NULL OR m.role = :role)
        AND (:since IS NULL OR m.created_at >= :since)
        AND (:until IS NULL OR m.created_at < :until)
        AND (:tag IS NULL OR EXISTS (
            SELECT 1 FROM session_tags t WHERE t.tag = :tag AND t.session_id = m.session_id
        ))
    ORDER BY f.rowid DESC LIMIT :among
) candidates
ORDER BY rank, number DESC;
