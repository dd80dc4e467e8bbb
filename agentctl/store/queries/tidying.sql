-- name: old_events
SELECT COUNT(*) AS number FROM outbox WHERE at < :moment;

-- name: drop_events
DELETE FROM outbox WHERE at < :moment;

-- name: strays
-- How many entries of the index belong to no document: none where the words stand with it.
SELECT 0 AS number;

-- name: clear_index
-- Forgets all words that do not stand with their document.
SELECT 0;

-- name: clear_documents
DELETE FROM search_documents;

-- name: refill_backlog
INSERT INTO search_backlog (message_id) SELECT id FROM messages WHERE TRUE ON CONFLICT DO NOTHING;

-- name: waiting
SELECT COUNT(*) AS number FROM search_backlog;
