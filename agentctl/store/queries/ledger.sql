-- name: add
INSERT INTO usage_ledger (
    id, session_id, message_id, call_id, attempt, kind, status, provider, model,
    uncached_input, cache_read, cache_write_short, cache_write_long, output, raw_usage,
    computed_pusd, reported_pusd, price_version, tag, created_at, service_tier, response_id, answered_by
) VALUES (
    :id, :session_id, :message_id, :call_id, :attempt, :kind, :status, :provider, :model,
    :uncached_input, :cache_read, :cache_write_short, :cache_write_long, :output, :raw_usage,
    :computed_pusd, :reported_pusd, :price_version, :tag, :now, :service_tier, :response_id, :answered_by
);

-- name: open
INSERT INTO open_calls (reservation_id, sent, capped) VALUES (:id, 0, :capped);

-- name: send
UPDATE open_calls SET sent = 1 WHERE reservation_id = (
    SELECT id FROM usage_ledger WHERE call_id = :call_id AND attempt = :attempt AND kind = 'reserve'
);

-- name: hear
UPDATE open_calls SET
    response_id = COALESCE(:response_id, response_id),
    answered_by = COALESCE(:answered_by, answered_by),
    usage = COALESCE(:usage, usage),
    covered = CASE WHEN :usage IS NULL THEN covered ELSE :covered END
WHERE reservation_id = (
    SELECT id FROM usage_ledger WHERE call_id = :call_id AND attempt = :attempt AND kind = 'reserve'
);

-- name: close
DELETE FROM open_calls WHERE reservation_id = (
    SELECT id FROM usage_ledger WHERE call_id = :call_id AND attempt = :attempt AND kind = 'reserve'
);

-- name: open_calls
SELECT u.call_id, u.session_id, u.provider, u.model, u.attempt, u.tag,
    u.uncached_input, u.cache_read, u.cache_write_short, u.cache_write_long, u.output, u.computed_pusd, u.created_at,
    u.price_version, o.response_id, o.answered_by, o.usage, o.covered, o.sent, o.capped
-- CROSS keeps SQLite from going through the whole ledger to look each entry up among the few open ones.
FROM open_calls o CROSS JOIN usage_ledger u
WHERE u.id = o.reservation_id
ORDER BY u.created_at, u.id;

-- name: is_open
SELECT o.reservation_id
FROM usage_ledger u JOIN open_calls o ON o.reservation_id = u.id
WHERE u.call_id = :call_id AND u.attempt = :attempt AND u.kind = 'reserve';

-- name: charged
SELECT id FROM usage_ledger WHERE call_id = :call_id AND attempt = :attempt AND kind = 'charge';

-- name: session_cost
SELECT
    COALESCE(SUM(known_musd), 0) AS known_musd,
    COALESCE(SUM(known_rest), 0) AS known_rest,
    COALESCE(SUM(CASE basis WHEN 'unknown' THEN calls END), 0) AS unknown_calls
FROM usage_sums
WHERE scope = 'session' AND session_id = :session_id;
