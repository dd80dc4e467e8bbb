-- name: unindex
INSERT INTO search_index (search_index, rowid, tokens) VALUES ('delete', :id, :tokens);
