-- name: probe
-- Fails where the index is missing or broken. Where words stand with their documents the index is the database's own.
SELECT 0;

-- name: drop_data
SELECT 0;

-- name: drop_idx
SELECT 0;

-- name: drop_docsize
SELECT 0;

-- name: drop_config
SELECT 0;

-- name: unlock_schema
SELECT 0;

-- name: drop_index
SELECT 0;

-- name: lock_schema
SELECT 0;

-- name: make_index
SELECT 0;

-- name: clear_documents
DELETE FROM search_documents;

-- name: refill_backlog
INSERT INTO search_backlog (message_id) SELECT id FROM messages WHERE TRUE ON CONFLICT DO NOTHING;
