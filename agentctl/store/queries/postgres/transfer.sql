-- name: marked
SELECT oid FROM pg_class WHERE oid = to_regclass('transfer');

-- name: probed
-- Only in the schema where one would be made: another store may be in the next one of the search path.
SELECT oid FROM pg_class
WHERE relname = 'transfer_probe'
    AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema());
