-- name: record
INSERT INTO decisions (
    id, session_id, at, policy, spec, features, candidates, mask, action, propensity, cost_weight, explored, shadow,
    sha256
) VALUES (
    :id, :session_id, :at, :policy, :spec, :features, :candidates, :mask, :action, :propensity, :cost_weight,
    :explored, :shadow, :sha256
);

-- name: attach
INSERT INTO decision_calls (decision_id, call_id) VALUES (:decision_id, :call_id)
ON CONFLICT (decision_id, call_id) DO NOTHING;

-- name: page
-- Without those of sessions in the trash.
SELECT d.* FROM decisions d
WHERE d.id > :after AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = d.session_id AND s.deleted_at IS NOT NULL)
ORDER BY d.id LIMIT :limit;

-- name: of_session
SELECT * FROM decisions WHERE session_id = :session_id ORDER BY id;

-- name: charges
-- What the calls of decisions were charged, an attempt each, and the message that came of it.
SELECT c.decision_id, u.call_id, u.provider, u.model, u.uncached_input, u.cache_read, u.cache_write_short,
    u.cache_write_long, u.output, u.created_at, m.id AS message_id, m.status
FROM decision_calls c
JOIN usage_ledger u ON u.call_id = c.call_id AND u.kind = 'charge'
LEFT JOIN messages m ON m.id = u.message_id
WHERE c.decision_id >= :first AND c.decision_id <= :last
ORDER BY c.decision_id, u.created_at, u.call_id, u.attempt;

-- name: tools
SELECT c.decision_id, t.run_id, t.state, t.concluded_at
FROM decision_calls c JOIN tool_calls t ON t.run_id = c.call_id
WHERE c.decision_id >= :first AND c.decision_id <= :last
ORDER BY c.decision_id, t.run_id, t.position;

-- name: open
-- CROSS keeps SQLite from going through the whole ledger to look each entry up among the few open ones.
SELECT DISTINCT c.decision_id
FROM open_calls o CROSS JOIN usage_ledger u CROSS JOIN decision_calls c
WHERE u.id = o.reservation_id AND c.call_id = u.call_id AND c.decision_id >= :first AND c.decision_id <= :last
ORDER BY c.decision_id;
