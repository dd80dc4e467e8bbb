-- name: standing
-- What was spent and is reserved: of a session, and of all calls since the slots in which the day and the month began.
SELECT
    (SELECT COALESCE(SUM(known_musd), 0) * 1000000000 + COALESCE(SUM(known_rest), 0) FROM usage_sums
        WHERE scope = 'session' AND session_id = :session_id) AS session_spent,
    (SELECT COALESCE(SUM(known_musd), 0) * 1000000000 + COALESCE(SUM(known_rest), 0) FROM usage_sums
        WHERE scope = 'time' AND session_id = '' AND slot >= :day) AS day_spent,
    (SELECT COALESCE(SUM(known_musd), 0) * 1000000000 + COALESCE(SUM(known_rest), 0) FROM usage_sums
        WHERE scope = 'time' AND session_id = '' AND slot >= :month) AS month_spent,
    (SELECT COALESCE(SUM(pusd), 0) FROM reservations WHERE session_id = :session_id) AS session_reserved,
    (SELECT COALESCE(SUM(pusd), 0) FROM reservations) AS reserved;

-- name: reserve
-- Adds a reservation if no limit is passed with it. In one statement, for nobody's may come between looking and taking.
INSERT INTO usage_ledger (
    id, session_id, call_id, attempt, kind, status, provider, model,
    uncached_input, cache_read, cache_write_short, cache_write_long, output, computed_pusd, tag, created_at
)
SELECT
    :id, :owner_id, :call_id, :attempt, 'reserve', 'estimated', :provider, :model,
    :uncached_input, :cache_read, :cache_write_short, :cache_write_long, :output, :cost, :tag, :now
WHERE (
    CAST(:session_limit AS BIGINT) IS NULL
    OR (SELECT COALESCE(SUM(known_musd), 0) * 1000000000 + COALESCE(SUM(known_rest), 0) FROM usage_sums
            WHERE scope = 'session' AND session_id = :session_id)
        + (SELECT COALESCE(SUM(pusd), 0) FROM reservations WHERE session_id = :session_id)
        + :cost <= :session_limit
) AND (
    CAST(:day_limit AS BIGINT) IS NULL
    OR (SELECT COALESCE(SUM(known_musd), 0) * 1000000000 + COALESCE(SUM(known_rest), 0) FROM usage_sums
            WHERE scope = 'time' AND session_id = '' AND slot >= :day)
        + (SELECT COALESCE(SUM(pusd), 0) FROM reservations)
        + :cost <= :day_limit
) AND (
    CAST(:month_limit AS BIGINT) IS NULL
    OR (SELECT COALESCE(SUM(known_musd), 0) * 1000000000 + COALESCE(SUM(known_rest), 0) FROM usage_sums
            WHERE scope = 'time' AND session_id = '' AND slot >= :month)
        + (SELECT COALESCE(SUM(pusd), 0) FROM reservations)
        + :cost <= :month_limit
);
