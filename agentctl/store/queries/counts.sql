-- name: billed
-- The latest answers of a model that are kept and whose tokens its provider told, of the latest charges at all.
SELECT m.branch_id, m.seq, u.uncached_input + u.cache_read + u.cache_write_short + u.cache_write_long AS billed
FROM (
    SELECT id, message_id, provider, model, status, answered_by, created_at,
        uncached_input, cache_read, cache_write_short, cache_write_long
    FROM usage_ledger WHERE kind = 'charge' ORDER BY created_at DESC LIMIT :among
) u JOIN messages m ON m.id = u.message_id
WHERE u.provider = :provider AND u.model = :model AND u.status = 'final' AND u.answered_by IS NULL
ORDER BY u.created_at DESC, u.id DESC
LIMIT :most;
