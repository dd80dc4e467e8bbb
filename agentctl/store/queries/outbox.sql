-- name: add
INSERT INTO outbox (at, session_id, kind, message_id) VALUES (:now, :session_id, :kind, NULL);
