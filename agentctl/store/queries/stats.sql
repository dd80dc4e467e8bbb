-- name: counts
SELECT
    (SELECT COUNT(*) FROM sessions WHERE deleted_at IS NULL) AS sessions,
    (SELECT COUNT(*) FROM sessions WHERE deleted_at IS NOT NULL) AS deleted,
    (SELECT COUNT(*) FROM branches) AS branches,
    (SELECT COUNT(*) FROM messages) AS messages,
    (SELECT COUNT(*) FROM drafts) AS drafts,
    (SELECT COUNT(*) FROM damaged_messages) AS damaged,
    (SELECT COUNT(*) FROM search_backlog) AS backlog,
    (SELECT COUNT(*) FROM decisions) AS decisions,
    (SELECT COUNT(*) FROM outcomes) AS outcomes;

-- name: roles
SELECT role, COUNT(*) AS messages FROM messages GROUP BY role ORDER BY role;

-- name: tags
SELECT t.tag, COUNT(*) AS sessions FROM session_tags t JOIN sessions s ON s.id = t.session_id
WHERE s.deleted_at IS NULL GROUP BY t.tag ORDER BY COUNT(*) DESC, t.tag;

-- name: models
SELECT provider, model, COUNT(DISTINCT session_id) AS sessions, SUM(calls) AS calls
FROM usage_sums WHERE scope = 'part' AND session_id <> ''
GROUP BY provider, model ORDER BY SUM(calls) DESC, provider, model;

-- name: days
SELECT created_at / 86400000000 AS day, COUNT(*) AS messages FROM messages
GROUP BY created_at / 86400000000 ORDER BY 1;

-- name: longest
SELECT s.id, s.name, s.title, b.next_seq AS messages
FROM sessions s JOIN branches b ON b.id = s.active_branch_id
WHERE s.deleted_at IS NULL ORDER BY b.next_seq DESC, s.id LIMIT :limit;

-- name: size
-- In a dialect's own words: how many bytes the database takes.
