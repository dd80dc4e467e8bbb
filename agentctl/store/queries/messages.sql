-- name: append
-- In a dialect's own words: adds a message in the next place of its branch and moves that on. Returns nothing if that
-- place is taken or the message is there, and else when the session was used last; NULL if that is yet to be recorded.
-- Its words wait to be indexed then.

-- name: get
SELECT id, parent_id, branch_id, seq, role, status, body, body_sha256, created_at FROM messages WHERE id = :id;

-- name: thread
-- `roots` is how many of the branches have no parent: none where they descend from themselves, which UNION ends.
WITH RECURSIVE lineage (branch_id, parent_id, fork_seq, end_seq) AS (
    SELECT id, parent_branch_id, fork_seq, CAST(:end_seq AS BIGINT) FROM branches WHERE id = :branch_id
    UNION
    SELECT b.id, b.parent_branch_id, b.fork_seq, l.fork_seq
    FROM lineage l JOIN branches b ON b.id = l.parent_id
)
SELECT m.id, m.parent_id, m.branch_id, m.seq, m.role, m.status, m.body, m.body_sha256, m.created_at, m.session_id,
    (SELECT COUNT(*) FROM lineage WHERE parent_id IS NULL) AS roots
FROM lineage l JOIN messages m ON m.branch_id = l.branch_id AND m.seq < l.end_seq
ORDER BY m.seq;

-- name: of_session
SELECT id, parent_id, branch_id, seq, role, status, body, body_sha256, created_at
FROM messages WHERE session_id = :session_id ORDER BY seq, id;

-- name: beginning
SELECT id, branch_id, seq FROM messages
WHERE id BETWEEN :first AND :last AND session_id = :session_id ORDER BY id LIMIT 2;

-- name: ids
SELECT id FROM messages WHERE session_id = :session_id ORDER BY id;
