-- name: drafts
-- A draft is settled with the call that it is of. Without one nobody ever looks at it.
SELECT d.run_id, d.session_id FROM drafts d
WHERE NOT EXISTS (
    SELECT 1 FROM usage_ledger u JOIN open_calls o ON o.reservation_id = u.id
    WHERE u.call_id = d.run_id AND u.kind = 'reserve'
)
ORDER BY d.run_id;

-- name: times
-- Of a session and its messages: the times that are none, or are yet to come.
SELECT NULL AS message_id, s.updated_at AS at FROM sessions s
WHERE s.id = :session_id AND (s.created_at < 0 OR s.created_at > :latest OR s.updated_at < 0 OR s.updated_at > :latest
    OR s.deleted_at < 0 OR s.deleted_at > :latest)
UNION ALL
SELECT m.id, m.created_at FROM messages m
WHERE m.session_id = :session_id AND (m.created_at < 0 OR m.created_at > :latest)
ORDER BY 1, 2;

-- name: imports
SELECT message_id, record FROM imports WHERE session_id = :session_id ORDER BY message_id;

-- name: lost
-- Sessions that are not there though a part of them is.
SELECT session_id, COUNT(*) AS parts FROM (
    SELECT m.session_id FROM messages m
    UNION ALL SELECT b.session_id FROM branches b
) parts
WHERE NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = parts.session_id)
GROUP BY session_id ORDER BY session_id;

-- name: names
-- In a dialect's own words: the name and title of a session, in hexadecimal digits, where text need not be UTF-8.
SELECT '' AS name FROM sessions WHERE id = :session_id AND id <> :session_id;

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
