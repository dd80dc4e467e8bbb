-- name: strays
SELECT COUNT(*) AS number FROM search_index_docsize i
WHERE NOT EXISTS (SELECT 1 FROM search_documents d WHERE d.id = i.id);
