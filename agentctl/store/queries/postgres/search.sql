-- name: documents
-- A document holds the words itself: `index` makes both.
SELECT 0;

-- name: index
-- `tokens` is a JSON object: the words of each message by its id.
INSERT INTO search_documents (message_id, session_id, created_at, tokens)
SELECT m.id, m.session_id, m.created_at, words_vector(t.value)
FROM json_each_text(CAST(:tokens AS json)) t JOIN messages m ON m.id = t.key
ON CONFLICT DO NOTHING;

-- name: all_caught_up
DELETE FROM search_backlog WHERE message_id IN (SELECT json_array_elements_text(CAST(:ids AS json)));

-- name: forget
DELETE FROM search_documents WHERE message_id = :message_id;

-- name: find
-- Of the newest only the ids are sorted: their words, which take room, are read for those that are left.
SELECT candidates.message_id FROM (
    SELECT d.message_id, d.created_at
    FROM search_documents d
    JOIN messages m ON m.id = d.message_id
    JOIN sessions s ON s.id = m.session_id
    WHERE d.tokens @@ CAST(:tsquery AS tsquery) AND s.deleted_at IS NULL
        AND (CAST(:session_id AS TEXT) IS NULL OR d.session_id = :session_id)
        AND (CAST(:role AS TEXT) IS NULL OR m.role = :role)
        AND (CAST(:since AS BIGINT) IS NULL OR d.created_at >= :since)
        AND (CAST(:until AS BIGINT) IS NULL OR d.created_at < :until)
        AND (CAST(:tag AS TEXT) IS NULL OR EXISTS (
            SELECT 1 FROM session_tags t WHERE t.tag = :tag AND t.session_id = d.session_id
        ))
    ORDER BY d.created_at DESC, d.message_id DESC LIMIT :among
) candidates JOIN search_documents f ON f.message_id = candidates.message_id
ORDER BY ts_rank_cd(f.tokens, CAST(:tsquery AS tsquery)) DESC, candidates.created_at DESC, candidates.message_id DESC;

-- name: backlog
-- Nobody waits for who indexes some: the others take the next ones.
SELECT m.id, m.body,
    CASE WHEN EXISTS (SELECT 1 FROM search_documents d WHERE d.message_id = m.id) THEN 1 ELSE 0 END AS is_indexed
FROM search_backlog w JOIN messages m ON m.id = w.message_id
ORDER BY w.message_id LIMIT :limit
FOR UPDATE OF w SKIP LOCKED;
