-- name: try
-- The seed keeps apart those who have their tables in other schemas of the database.
SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 'sessions'::regclass::oid::bigint)) AS taken;
