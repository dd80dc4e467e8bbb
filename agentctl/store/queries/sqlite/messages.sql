-- name: append
-- Nothing if the branch has another place next, or the message is there. (A trigger moves the branch on.)
INSERT INTO messages (
    id, session_id, branch_id, seq, parent_id, role, status, body, body_sha256, run_id, created_at
)
SELECT :id, :session_id, :branch_id, :seq, :parent_id, :role, :status, :body, :body_sha256, :run_id, :now
FROM branches WHERE id = :branch_id AND next_seq = :seq
ON CONFLICT DO NOTHING
RETURNING NULL AS updated_at;
