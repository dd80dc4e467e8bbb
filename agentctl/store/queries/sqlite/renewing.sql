-- name: probe
-- Fails where the index is missing or broken.
SELECT (SELECT COUNT(*) FROM search_index WHERE search_index MATCH 'a') + (SELECT COUNT(*) FROM search_index_docsize);

-- name: drop_data
DROP TABLE IF EXISTS search_index_data;

-- name: drop_idx
DROP TABLE IF EXISTS search_index_idx;

-- name: drop_docsize
DROP TABLE IF EXISTS search_index_docsize;

-- name: drop_config
DROP TABLE IF EXISTS search_index_config;

-- name: unlock_schema
PRAGMA writable_schema = ON;

-- name: drop_index
-- A virtual table whose own tables are broken can be dropped in no other way.
DELETE FROM sqlite_schema WHERE type = 'table' AND name = 'search_index';

-- name: lock_schema
PRAGMA writable_schema = RESET;

-- name: make_index
CREATE VIRTUAL TABLE search_index USING fts5 (tokens, content = '', tokenize = 'ascii', prefix = '1 2 3');
