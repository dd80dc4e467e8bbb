-- name: create
INSERT INTO branches (id, session_id, parent_branch_id, fork_seq, next_seq, created_at)
VALUES (:id, :session_id, :parent_id, :fork_seq, :fork_seq, :now);

-- name: of_session
SELECT b.id, b.name, b.parent_branch_id AS parent_id, b.fork_seq, b.next_seq, b.created_at, f.id AS forked_after,
    m.id AS head_id, m.created_at AS used_at, CASE WHEN s.active_branch_id = b.id THEN 1 ELSE 0 END AS active
FROM branches b JOIN sessions s ON s.id = b.session_id
LEFT JOIN messages f ON f.branch_id = b.parent_branch_id AND f.seq = b.fork_seq - 1
LEFT JOIN messages m ON m.branch_id = b.id AND m.seq = b.next_seq - 1
WHERE b.session_id = :session_id
ORDER BY b.created_at, b.id;

-- name: rename
UPDATE branches SET name = :name WHERE id = :id;
