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
INSERT INTO open_calls (reservation_id) VALUES (:id);

-- name: answering
UPDATE open_calls SET response_id = :response_id, answered_by = :answered_by
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
    o.response_id, o.answered_by
-- CROSS keeps SQLite from going through the whole ledger to look each entry up among the few open ones.
FROM open_calls o CROSS JOIN usage_ledger u
WHERE u.id = o.reservation_id
ORDER BY u.created_at, u.id;

-- name: is_open
SELECT o.reservation_id
FROM usage_ledger u JOIN open_calls o ON o.reservation_id = u.id
WHERE u.call_id = :call_id AND u.attempt = :attempt AND u.kind = 'reserve';

-- name: session_cost
-- A sum of pico-dollars passes 64 bits at $9.2 M, so whole milli-dollars and the rest are summed apart.
SELECT
    COALESCE(SUM(pusd / 1000000000), 0) AS known_musd,
    COALESCE(SUM(pusd % 1000000000), 0) AS known_rest,
    COUNT(*) - COUNT(pusd) AS unknown_calls
FROM (
    SELECT COALESCE(r.reported_pusd, u.reported_pusd, u.computed_pusd) AS pusd
    FROM usage_ledger u LEFT JOIN charge_reports r ON r.charge_id = u.id
    WHERE u.kind = 'charge' AND u.session_id = :session_id
);

-- name: sums
SELECT session_id, provider, model,
    COUNT(*) AS calls,
    COUNT(*) - COUNT(computed_pusd) AS unknown_calls,
    COALESCE(SUM(computed_pusd / 1000000000), 0) AS known_musd,
    COALESCE(SUM(computed_pusd % 1000000000), 0) AS known_rest,
    SUM(uncached_input) AS uncached_input,
    SUM(cache_read) AS cache_read,
    SUM(cache_write_short) AS cache_write_short,
    SUM(cache_write_long) AS cache_write_long,
    SUM(output) AS output
FROM usage_ledger
WHERE kind = 'charge' AND created_at >= :since AND created_at < :until
    AND (CAST(:session_id AS TEXT) IS NULL OR session_id = :session_id)
GROUP BY session_id, provider, model;

-- name: next_charge
SELECT MIN(created_at) AS created_at FROM usage_ledger
WHERE kind = 'charge' AND created_at >= :since
    AND (CAST(:session_id AS TEXT) IS NULL OR session_id = :session_id);
