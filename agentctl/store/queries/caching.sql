-- name: use
INSERT INTO cache_uses (created_at, call_id, attempt, session_id, provider, model, saved_pusd, write_pusd)
VALUES (:now, :call_id, :attempt, :session_id, :provider, :model, :saved_pusd, :write_pusd);

-- name: keep_print
INSERT INTO cache_prints (id, body) VALUES (:id, :body) ON CONFLICT (id) DO NOTHING;

-- name: keep_footprint
INSERT INTO cache_footprints (
    session_id, provider, model, created_at, tools_id, system_id, body,
    uncached_input, cache_read, cache_write, answered_by, response_id
) VALUES (
    :session_id, :provider, :model, :at, :tools_id, :system_id, :body,
    :uncached_input, :cache_read, :cache_write, :answered_by, :response_id
) ON CONFLICT (session_id, provider, model) DO UPDATE SET
    created_at = excluded.created_at,
    tools_id = excluded.tools_id,
    system_id = excluded.system_id,
    body = excluded.body,
    uncached_input = excluded.uncached_input,
    cache_read = excluded.cache_read,
    cache_write = excluded.cache_write,
    answered_by = excluded.answered_by,
    response_id = excluded.response_id;

-- name: before
-- The last request to the model in the session, else the last one to any.
SELECT f.provider, f.model, f.created_at, t.body AS tools, s.body AS system, f.body,
    f.uncached_input, f.cache_read, f.cache_write, f.answered_by, f.response_id
FROM cache_footprints f JOIN cache_prints t ON t.id = f.tools_id JOIN cache_prints s ON s.id = f.system_id
WHERE f.session_id = :session_id
ORDER BY f.provider = :provider AND f.model = :model DESC, f.created_at DESC
LIMIT 1;

-- name: last_response
SELECT response_id FROM cache_footprints
WHERE session_id = :session_id AND provider = :provider AND response_id IS NOT NULL
ORDER BY created_at DESC
LIMIT 1;

-- name: miss
INSERT INTO cache_misses (
    id, created_at, session_id, call_id, attempt, provider, model, cause, text, path, told, gap, tokens, missed_pusd
) VALUES (
    :id, :now, :session_id, :call_id, :attempt, :provider, :model, :cause, :text, :path, :told, :gap, :tokens,
    :missed_pusd
);

-- name: savings
SELECT provider, model, SUM(calls) AS calls, SUM(known_calls) AS known_calls,
    SUM(saved_musd) AS saved_musd, SUM(saved_rest) AS saved_rest,
    SUM(write_musd) AS write_musd, SUM(write_rest) AS write_rest
FROM cache_use_sums
WHERE slot >= :first AND slot < :end
GROUP BY provider, model;

-- name: savings_edge
-- The calls themselves, from a moment to the next day or from the last day on.
SELECT provider, model, COUNT(*) AS calls, COUNT(saved_pusd) AS known_calls,
    COALESCE(SUM(saved_pusd / 1000000000), 0) AS saved_musd, COALESCE(SUM(saved_pusd % 1000000000), 0) AS saved_rest,
    COALESCE(SUM(write_pusd / 1000000000), 0) AS write_musd, COALESCE(SUM(write_pusd % 1000000000), 0) AS write_rest
FROM cache_uses
WHERE created_at >= :since AND created_at < :until
GROUP BY provider, model;

-- name: session_savings
SELECT provider, model, COUNT(*) AS calls, COUNT(saved_pusd) AS known_calls,
    COALESCE(SUM(saved_pusd / 1000000000), 0) AS saved_musd, COALESCE(SUM(saved_pusd % 1000000000), 0) AS saved_rest,
    COALESCE(SUM(write_pusd / 1000000000), 0) AS write_musd, COALESCE(SUM(write_pusd % 1000000000), 0) AS write_rest
FROM cache_uses
WHERE session_id = :session_id AND created_at >= :since AND created_at < :until
GROUP BY provider, model;

-- name: causes
SELECT provider, model, cause, SUM(misses) AS misses, SUM(known_misses) AS known_misses, SUM(tokens) AS tokens,
    SUM(missed_musd) AS missed_musd, SUM(missed_rest) AS missed_rest,
    SUM(near) AS near, MIN(least_gap) AS least_gap, MAX(most_gap) AS most_gap
FROM cache_miss_sums
WHERE slot >= :first AND slot < :end
GROUP BY provider, model, cause;

-- name: causes_edge
SELECT provider, model, cause, COUNT(*) AS misses, COUNT(missed_pusd) AS known_misses, SUM(tokens) AS tokens,
    COALESCE(SUM(missed_pusd / 1000000000), 0) AS missed_musd,
    COALESCE(SUM(missed_pusd % 1000000000), 0) AS missed_rest,
    COUNT(CASE WHEN gap <= 3600000000 THEN 1 END) AS near,
    MIN(CASE WHEN gap <= 3600000000 THEN gap END) AS least_gap,
    MAX(CASE WHEN gap <= 3600000000 THEN gap END) AS most_gap
FROM cache_misses
WHERE created_at >= :since AND created_at < :until
GROUP BY provider, model, cause;

-- name: session_causes
SELECT provider, model, cause, COUNT(*) AS misses, COUNT(missed_pusd) AS known_misses, SUM(tokens) AS tokens,
    COALESCE(SUM(missed_pusd / 1000000000), 0) AS missed_musd,
    COALESCE(SUM(missed_pusd % 1000000000), 0) AS missed_rest,
    COUNT(CASE WHEN gap <= 3600000000 THEN 1 END) AS near,
    MIN(CASE WHEN gap <= 3600000000 THEN gap END) AS least_gap,
    MAX(CASE WHEN gap <= 3600000000 THEN gap END) AS most_gap
FROM cache_misses
WHERE session_id = :session_id AND created_at >= :since AND created_at < :until
GROUP BY provider, model, cause;

-- name: misses
SELECT created_at, session_id, provider, model, cause, text, path, told, gap, tokens, missed_pusd
FROM cache_misses
WHERE created_at >= :since AND created_at < :until
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: session_misses
SELECT created_at, session_id, provider, model, cause, text, path, told, gap, tokens, missed_pusd
FROM cache_misses
WHERE session_id = :session_id AND created_at >= :since AND created_at < :until
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: intend
INSERT INTO cache_contents (
    id, session_id, holder, provider, model, name, print, covered, tokens, created_at, expires_at
) VALUES (:id, :session_id, :holder, :provider, :model, NULL, :print, :covered, :tokens, :now, :expires_at);

-- name: made
UPDATE cache_contents SET name = :name, tokens = :tokens, expires_at = :expires_at
WHERE id = :id AND deleted_at IS NULL;

-- name: deleted
UPDATE cache_contents SET deleted_at = :now WHERE id = :id AND deleted_at IS NULL;

-- name: open_contents
SELECT id, session_id, holder, provider, model, name, print, covered, tokens, created_at, expires_at
FROM cache_contents
WHERE deleted_at IS NULL AND provider = :provider AND expires_at > :now
ORDER BY created_at DESC, id DESC;

-- name: kept_contents
-- Those that were there for a part of a time, whether they are still there or not.
SELECT provider, model, tokens, created_at, ended_at FROM (
    SELECT id, session_id, provider, model, tokens, created_at,
        CASE WHEN deleted_at < expires_at THEN deleted_at ELSE expires_at END AS ended_at
    FROM cache_contents
    WHERE name IS NOT NULL AND created_at < :until
) contents
WHERE ended_at > :since AND (CAST(:session_id AS TEXT) IS NULL OR session_id = :session_id)
ORDER BY created_at, id;
