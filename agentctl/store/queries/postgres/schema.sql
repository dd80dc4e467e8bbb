-- name: place
-- The schema that tables are made in, and whether the record of changes, wherever names are looked for, is one of ours.
SELECT
    current_schema() AS schema,
    to_regclass('schema_migrations') IS NOT NULL AS recorded,
    EXISTS (
        SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('schema_migrations') AND attname = 'checksum'
    ) AS ours,
    EXISTS (
        SELECT 1 FROM pg_class
        WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
            AND relname IN ('sessions', 'branches', 'messages', 'drafts', 'outbox', 'receipts', 'usage_ledger')
    ) AS foreign_tables;

-- name: applied
SELECT version, checksum FROM schema_migrations ORDER BY version;

-- name: record
INSERT INTO schema_migrations (version, name, checksum, applied_at)
VALUES (:version, :name, :checksum, :applied_at);

-- name: lock
-- One process at a time, in this database, changes a schema.
SELECT pg_advisory_xact_lock(hashtextextended('agentctl schema', 0));

-- name: invalid_indexes
SELECT i.indexrelid::regclass::text AS name
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('schema_migrations'))
    AND NOT (i.indisvalid AND i.indisready)
ORDER BY name;

-- name: unproven_constraints
SELECT conname AS name, conrelid::regclass::text AS "table"
FROM pg_constraint
WHERE connamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('schema_migrations'))
    AND NOT convalidated
ORDER BY "table", name;

-- name: disabled_triggers
SELECT t.tgname AS name, t.tgrelid::regclass::text AS "table"
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('schema_migrations'))
    AND t.tgenabled NOT IN ('O', 'A')
ORDER BY "table", name;

-- name: references
-- Each reference between tables, as the query that finds a row which refers to nothing.
SELECT conrelid::regclass::text AS "table", format(
    'SELECT 1 FROM %s c WHERE c.%I IS NOT NULL AND NOT EXISTS (SELECT 1 FROM %s p WHERE p.%I = c.%I) LIMIT 1',
    conrelid::regclass, mine.attname, confrelid::regclass, theirs.attname, mine.attname
) AS stray
FROM pg_constraint
JOIN pg_attribute mine ON mine.attrelid = conrelid AND mine.attnum = conkey[1]
JOIN pg_attribute theirs ON theirs.attrelid = confrelid AND theirs.attnum = confkey[1]
WHERE contype = 'f'
    AND connamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('schema_migrations'))
ORDER BY "table", conname;
