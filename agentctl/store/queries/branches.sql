-- name: create
INSERT INTO branches (id, session_id, parent_branch_id, fork_seq, next_seq, created_at)
VALUES (:id, :session_id, :parent_id, :fork_seq, :fork_seq, :now);
