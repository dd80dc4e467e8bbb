-- name: add
INSERT INTO token_counts (id, model, counted, billed, created_at)
VALUES (:id, :model, :counted, :billed, :now);

-- name: forget
-- All of a model but the latest.
DELETE FROM token_counts
WHERE model = :model AND id NOT IN (
    SELECT id FROM token_counts WHERE model = :model ORDER BY created_at DESC, id DESC LIMIT :kept
);

-- name: latest
SELECT counted, billed FROM token_counts
WHERE model = :model
ORDER BY created_at DESC, id DESC
LIMIT :kept;
