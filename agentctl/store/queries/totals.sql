-- name: sums
-- The calls of one scope, and of one session where the scope tells them apart. (All sums have the same columns.)
SELECT session_id, provider, model, tag, basis, SUM(calls) AS calls,
    SUM(known_musd) AS known_musd, SUM(known_rest) AS known_rest,
    SUM(computed_musd) AS computed_musd, SUM(computed_rest) AS computed_rest,
    SUM(uncached_input) AS uncached_input, SUM(cache_read) AS cache_read,
    SUM(cache_write_short) AS cache_write_short, SUM(cache_write_long) AS cache_write_long, SUM(output) AS output
FROM usage_sums
WHERE scope = :scope AND session_id = :session_id AND slot >= :first AND slot < :end
GROUP BY session_id, provider, model, tag, basis;

-- name: next_slot
SELECT slot FROM usage_sums
WHERE scope = :scope AND session_id = :session_id AND slot >= :first AND calls > 0
ORDER BY slot LIMIT 1;

-- name: edge
-- The ledger itself, from a moment to the next slot or from the last one on.
SELECT session_id, provider, model, tag, basis, SUM(calls) AS calls,
    SUM(known_musd) AS known_musd, SUM(known_rest) AS known_rest,
    SUM(computed_musd) AS computed_musd, SUM(computed_rest) AS computed_rest,
    SUM(uncached_input) AS uncached_input, SUM(cache_read) AS cache_read,
    SUM(cache_write_short) AS cache_write_short, SUM(cache_write_long) AS cache_write_long, SUM(output) AS output
FROM charges
WHERE created_at >= :since AND created_at < :until
    AND (CAST(:session_id AS TEXT) IS NULL OR session_id = :session_id)
GROUP BY session_id, provider, model, tag, basis;

-- name: whole_sessions
-- Those whose calls were all charged in a time. It need not be known how many they were at which moment.
SELECT session_id, provider, model, tag, basis, calls, known_musd, known_rest, computed_musd, computed_rest,
    uncached_input, cache_read, cache_write_short, cache_write_long, output
FROM usage_sums
WHERE scope = 'session' AND first_at >= :since AND last_at < :until;

-- name: parts_of_sessions
-- Of the sessions that began before a time or went on after it, what they used in slots within it.
SELECT s.session_id, s.provider, s.model, s.tag, s.basis, SUM(p.calls) AS calls,
    SUM(p.known_musd) AS known_musd, SUM(p.known_rest) AS known_rest,
    SUM(p.computed_musd) AS computed_musd, SUM(p.computed_rest) AS computed_rest,
    SUM(p.uncached_input) AS uncached_input, SUM(p.cache_read) AS cache_read,
    SUM(p.cache_write_short) AS cache_write_short, SUM(p.cache_write_long) AS cache_write_long, SUM(p.output) AS output
FROM usage_sums s CROSS JOIN usage_sums p
WHERE s.scope = 'session' AND s.first_at < :until AND s.last_at >= :since
    AND (s.first_at < :since OR s.last_at >= :until)
    AND p.scope = :scope AND p.session_id = s.session_id AND p.basis = s.basis
    AND p.slot >= :first AND p.slot < :end
GROUP BY s.session_id, s.provider, s.model, s.tag, s.basis;

-- name: of_model
SELECT session_id, provider, model, tag, basis, SUM(calls) AS calls,
    SUM(known_musd) AS known_musd, SUM(known_rest) AS known_rest,
    SUM(computed_musd) AS computed_musd, SUM(computed_rest) AS computed_rest,
    SUM(uncached_input) AS uncached_input, SUM(cache_read) AS cache_read,
    SUM(cache_write_short) AS cache_write_short, SUM(cache_write_long) AS cache_write_long, SUM(output) AS output
FROM usage_sums
WHERE scope = 'model' AND session_id = '' AND provider = :provider AND model = :model
GROUP BY session_id, provider, model, tag, basis;

-- name: differing
-- The scopes whose sums are not those of all charges.
SELECT kept.scope
FROM (
    SELECT scope, SUM(calls) AS calls, SUM(known_musd) AS musd, SUM(known_rest) AS rest,
        SUM(uncached_input) AS input, SUM(output) AS output
    FROM usage_sums GROUP BY scope
) kept CROSS JOIN (
    SELECT COUNT(*) AS calls, COALESCE(SUM(known_musd), 0) AS musd, COALESCE(SUM(known_rest), 0) AS rest,
        COALESCE(SUM(uncached_input), 0) AS input, COALESCE(SUM(output), 0) AS output
    FROM charges
) charged
WHERE kept.calls <> charged.calls OR kept.musd <> charged.musd OR kept.rest <> charged.rest
    OR kept.input <> charged.input OR kept.output <> charged.output
ORDER BY kept.scope;
