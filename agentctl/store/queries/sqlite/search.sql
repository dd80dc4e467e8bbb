-- name: document
INSERT INTO search_documents (message_id) VALUES (:message_id) RETURNING id;

-- name: index
INSERT INTO search_index (rowid, tokens) VALUES (:id, :tokens);
