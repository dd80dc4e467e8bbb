-- name: size
SELECT p.page_count * s.page_size AS bytes FROM pragma_page_count() p, pragma_page_size() s;
