-- name: add
INSERT INTO messages (
    id, session_id, branch_id, seq, parent_id, role, status, body, body_sha256, run_id, created_at
) VALUES (
    :id, :session_id, :branch_id, :seq, :parent_id, :role, :status, :body, :body_sha256, :run_id, :now
);

-- name: thread
WITH RECURSIVE lineage (branch_id, parent_id, fork_seq, end_seq) AS (
    SELECT id, parent_branch_id, fork_seq, CAST(:end_seq AS INTEGER) FROM branches WHERE id = :branch_id
    UNION ALL
    SELECT b.id, b.parent_branch_id, b.fork_seq, l.fork_seq
    FROM lineage l JOIN branches b ON b.id = l.parent_id
)
SELECT m.id, m.parent_id, m.branch_id, m.seq, m.status, m.body, m.body_sha256, m.created_at
FROM lineage l JOIN messages m ON m.branch_id = l.branch_id AND m.seq < l.end_seq
ORDER BY m.seq;
