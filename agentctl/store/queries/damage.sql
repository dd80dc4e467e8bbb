-- name: add
INSERT INTO damaged_messages (message_id, why, found_at) VALUES (:message_id, :why, :now) ON CONFLICT DO NOTHING;

-- name: get
SELECT why FROM damaged_messages WHERE message_id = :message_id;
