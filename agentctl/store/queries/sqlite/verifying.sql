-- name: names
SELECT hex(coalesce(name, '') || ' ' || coalesce(title, '')) AS name FROM sessions WHERE id = :session_id;
