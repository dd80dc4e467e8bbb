-- name: applied
SELECT version, checksum FROM schema_migrations ORDER BY version;

-- name: record
INSERT INTO schema_migrations (version, name, checksum, applied_at)
VALUES (:version, :name, :checksum, :applied_at);

-- name: anything
SELECT name FROM sqlite_master LIMIT 1;
