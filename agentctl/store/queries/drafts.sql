-- name: open
INSERT INTO drafts (run_id, session_id, branch_id, head_id, next_seq, created_at)
VALUES (:run_id, :session_id, :branch_id, :head_id, :next_seq, :now);

-- name: add
INSERT INTO draft_chunks (run_id, seq, chunk) VALUES (:run_id, :seq, :chunk);

-- name: all
SELECT d.run_id, d.session_id AS id, s.name, d.branch_id, d.head_id, d.next_seq, s.created_at, s.updated_at
FROM drafts d JOIN sessions s ON s.id = d.session_id
ORDER BY d.created_at, d.run_id;

-- name: get
SELECT d.run_id, d.session_id AS id, s.name, d.branch_id, d.head_id, d.next_seq, s.created_at, s.updated_at
FROM drafts d JOIN sessions s ON s.id = d.session_id
WHERE d.run_id = :run_id;

-- name: chunks
SELECT chunk FROM draft_chunks WHERE run_id = :run_id ORDER BY seq;

-- name: close
DELETE FROM drafts WHERE run_id = :run_id;
