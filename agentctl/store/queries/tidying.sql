-- name: old_events
SELECT COUNT(*) AS number FROM outbox WHERE at < :moment;

-- name: drop_events
DELETE FROM outbox WHERE at < :moment;

-- name: strays
-- How many entries of the index belong to no document: none where the words stand with it.
SELECT 0 AS number;

-- name: waiting
SELECT (SELECT COUNT(*) FROM search_backlog) + (
    SELECT COUNT(*) FROM messages m
    WHERE NOT EXISTS (SELECT 1 FROM search_documents d WHERE d.message_id = m.id)
        AND NOT EXISTS (SELECT 1 FROM search_backlog w WHERE w.message_id = m.id)
) AS number;

-- name: postpone_lost
-- Lets the messages wait that are not indexed and do not wait either.
INSERT INTO search_backlog (message_id)
SELECT m.id FROM messages m
WHERE NOT EXISTS (SELECT 1 FROM search_documents d WHERE d.message_id = m.id)
ON CONFLICT DO NOTHING;
