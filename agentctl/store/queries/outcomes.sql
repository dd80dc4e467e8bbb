-- name: add
INSERT INTO outcomes (id, session_id, message_id, grader, version, value, note, at)
SELECT :id, m.session_id, m.id, :grader, :version, :value, :note, :at
FROM messages m WHERE m.id = :message_id AND m.session_id = :session_id
ON CONFLICT (id) DO NOTHING;

-- name: get
SELECT * FROM outcomes WHERE id = :id;

-- name: latest
-- Of what a grader said of a message, the newest.
SELECT o.* FROM outcomes o
WHERE o.session_id = :session_id AND NOT EXISTS (
    SELECT 1 FROM outcomes n
    WHERE n.message_id = o.message_id AND n.grader = o.grader AND (n.at, n.id) > (o.at, o.id)
)
ORDER BY o.session_id, o.message_id, o.grader;

-- name: of_decisions
-- The same for the messages that the calls of decisions brought.
SELECT DISTINCT c.decision_id, o.*
FROM decision_calls c
JOIN usage_ledger u ON u.call_id = c.call_id AND u.kind = 'charge'
JOIN outcomes o ON o.message_id = u.message_id
WHERE c.decision_id >= :first AND c.decision_id <= :last AND NOT EXISTS (
    SELECT 1 FROM outcomes n
    WHERE n.message_id = o.message_id AND n.grader = o.grader AND (n.at, n.id) > (o.at, o.id)
)
ORDER BY c.decision_id, o.message_id, o.grader;
