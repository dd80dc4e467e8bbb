-- name: drift
-- What was computed and what was reported, of the charges that have both. A sum of pico-dollars passes 64 bits at
-- $9.2 M, so whole milli-dollars and the rest are summed apart.
WITH compared AS (
    SELECT provider, model, created_at, session_id, computed_pusd, reported_pusd
    FROM usage_ledger
    WHERE kind = 'charge' AND reported_pusd IS NOT NULL AND created_at >= :since
    UNION ALL
    SELECT u.provider, u.model, u.created_at, u.session_id, u.computed_pusd, r.reported_pusd
    FROM charge_reports r CROSS JOIN usage_ledger u
    WHERE u.id = r.charge_id AND u.created_at >= :since
)
SELECT provider, model, COUNT(*) AS calls,
    SUM(computed_pusd / 1000000000) AS computed_musd, SUM(computed_pusd % 1000000000) AS computed_rest,
    SUM(reported_pusd / 1000000000) AS reported_musd, SUM(reported_pusd % 1000000000) AS reported_rest
FROM compared
WHERE computed_pusd IS NOT NULL AND (CAST(:session_id AS TEXT) IS NULL OR session_id = :session_id)
GROUP BY provider, model
ORDER BY provider, model;

-- name: worst
WITH compared AS (
    SELECT id, provider, model, answered_by, response_id, status, created_at, session_id, computed_pusd, reported_pusd
    FROM usage_ledger
    WHERE kind = 'charge' AND reported_pusd IS NOT NULL AND created_at >= :since
    UNION ALL
    SELECT u.id, u.provider, u.model, u.answered_by, u.response_id, u.status, u.created_at, u.session_id,
        u.computed_pusd, r.reported_pusd
    FROM charge_reports r CROSS JOIN usage_ledger u
    WHERE u.id = r.charge_id AND u.created_at >= :since
)
SELECT provider, model, answered_by, response_id, status, created_at, session_id, computed_pusd, reported_pusd
FROM compared
WHERE computed_pusd <> reported_pusd AND (CAST(:session_id AS TEXT) IS NULL OR session_id = :session_id)
ORDER BY ABS(computed_pusd - reported_pusd) DESC, created_at DESC, id
LIMIT :limit;

-- name: unreported
SELECT u.id, u.response_id
FROM usage_ledger u
WHERE u.kind = 'charge' AND u.provider = :provider AND u.reported_pusd IS NULL AND u.response_id IS NOT NULL
    AND u.created_at >= :since
    AND (CAST(:session_id AS TEXT) IS NULL OR u.session_id = :session_id)
    AND NOT EXISTS (SELECT 1 FROM charge_reports r WHERE r.charge_id = u.id)
ORDER BY u.created_at DESC, u.id
LIMIT :limit;

-- name: add
-- Nothing is tried to be inserted twice: triggers would see the second one before it is refused.
INSERT INTO charge_reports (charge_id, reported_pusd, raw_usage, created_at)
SELECT :charge_id, :reported_pusd, :raw_usage, :now
WHERE NOT EXISTS (SELECT 1 FROM charge_reports WHERE charge_id = :charge_id);
