-- name: create
INSERT INTO branches (id, session_id, parent_branch_id, fork_seq, next_seq, head_message_id)
VALUES (:id, :session_id, :parent_id, :fork_seq, :fork_seq, NULL);

-- name: advance
UPDATE branches SET next_seq = next_seq + 1, head_message_id = :message_id
WHERE id = :id AND next_seq = :expected;
