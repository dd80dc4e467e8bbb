-- name: marked
SELECT oid FROM pg_class WHERE oid = to_regclass('transfer');
