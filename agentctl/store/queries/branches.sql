-- name: create
INSERT INTO branches (id, session_id, parent_branch_id, fork_seq, next_seq)
VALUES (:id, :session_id, :parent_id, :fork_seq, :fork_seq);

-- name: advance
UPDATE branches SET next_seq = next_seq + 1 WHERE id = :id AND next_seq = :expected;
