-- name: document
-- A document is its message's: `index` adds it.
SELECT CAST(:message_id AS TEXT) AS id;

-- name: index
INSERT INTO search_documents (message_id, session_id, created_at, tokens)
SELECT id, session_id, created_at, words_vector(:tokens) FROM messages WHERE id = :id;
