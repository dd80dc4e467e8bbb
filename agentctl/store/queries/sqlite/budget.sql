-- name: lock
-- There is one writer at a time.
SELECT NULL AS locked;
