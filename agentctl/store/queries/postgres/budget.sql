-- name: lock
-- A statement of its own: what the next one sees is settled when it begins, and that must be after this.
SELECT pg_advisory_xact_lock(hashtextextended('budget', 'usage_ledger'::regclass::oid::bigint));
