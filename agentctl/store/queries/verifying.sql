-- name: drafts
-- A draft is settled with the call that it is of. Without one nobody ever looks at it.
SELECT d.run_id, d.session_id FROM drafts d
WHERE NOT EXISTS (
    SELECT 1 FROM usage_ledger u JOIN open_calls o ON o.reservation_id = u.id
    WHERE u.call_id = d.run_id AND u.kind = 'reserve'
)
ORDER BY d.run_id;

-- name: charged
SELECT session_id, SUM(calls) AS calls, SUM(known_musd) AS known_musd, SUM(known_rest) AS known_rest
FROM charges GROUP BY session_id ORDER BY session_id;

-- name: summed
SELECT session_id, SUM(calls) AS calls, SUM(known_musd) AS known_musd, SUM(known_rest) AS known_rest
FROM usage_sums WHERE scope = 'session' GROUP BY session_id ORDER BY session_id;

-- name: unsearchable
-- A message is among the documents, or waits to be.
SELECT m.session_id, m.id FROM messages m
WHERE NOT EXISTS (SELECT 1 FROM search_documents d WHERE d.message_id = m.id)
    AND NOT EXISTS (SELECT 1 FROM search_backlog w WHERE w.message_id = m.id)
ORDER BY m.session_id, m.id;
