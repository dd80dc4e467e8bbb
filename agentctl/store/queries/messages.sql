-- name: append
-- In a dialect's own words: adds a message in the next place of its branch and moves that on. Returns nothing if that
-- place is taken or the message is there, and else when the session was used last; NULL if that is yet to be recorded,
-- and the words of the message as well.

-- name: get
SELECT id, parent_id, branch_id, seq, status, body, body_sha256, created_at FROM messages WHERE id = :id;

-- name: thread
WITH RECURSIVE lineage (branch_id, parent_id, fork_seq, end_seq) AS (
    SELECT id, parent_branch_id, fork_seq, CAST(:end_seq AS BIGINT) FROM branches WHERE id = :branch_id
    UNION ALL
    SELECT b.id, b.parent_branch_id, b.fork_seq, l.fork_seq
    FROM lineage l JOIN branches b ON b.id = l.parent_id
)
SELECT m.id, m.parent_id, m.branch_id, m.seq, m.status, m.body, m.body_sha256, m.created_at
FROM lineage l JOIN messages m ON m.branch_id = l.branch_id AND m.seq < l.end_seq
ORDER BY m.seq;
