-- name: sessions
SELECT id FROM sessions WHERE id > :after AND deleted_at IS NULL ORDER BY id LIMIT :limit;

-- name: session
SELECT s.id, s.name, s.title, s.created_at, s.updated_at, s.forked_from_session, s.forked_from_message,
    s.active_branch_id, (SELECT COUNT(*) FROM messages m WHERE m.session_id = s.id) AS messages,
    (SELECT COUNT(*) FROM branches b WHERE b.session_id = s.id) AS branches, i.source, i.record
FROM sessions s LEFT JOIN imports i ON i.session_id = s.id AND i.message_id = ''
WHERE s.id = :id;

-- name: tags
SELECT tag FROM session_tags WHERE session_id = :session_id ORDER BY tag;

-- name: branches
SELECT id, parent_branch_id, fork_seq, next_seq, name, created_at FROM branches
WHERE session_id = :session_id ORDER BY fork_seq, created_at, id;

-- name: count
SELECT COUNT(*) AS messages FROM messages WHERE branch_id = :branch_id AND seq >= :seq;

-- name: messages
SELECT m.id, m.branch_id, m.seq, m.parent_id, m.role, m.status, m.run_id, m.created_at, m.body_sha256, m.body,
    i.source, i.record
FROM messages m LEFT JOIN imports i ON i.session_id = m.session_id AND i.message_id = m.id
WHERE m.branch_id = :branch_id AND m.seq >= :seq
ORDER BY m.seq
LIMIT :limit;

-- name: add_session
INSERT INTO sessions (
    id, name, title, created_at, updated_at, forked_from_session, forked_from_message, active_branch_id
) VALUES (
    :id, :name, :title, :created_at, :updated_at, :forked_from_session, :forked_from_message, :active_branch_id
) ON CONFLICT DO NOTHING;

-- name: used
UPDATE sessions SET updated_at = :updated_at WHERE id = :id AND updated_at < :updated_at;

-- name: add_tag
INSERT INTO session_tags (tag, session_id) VALUES (:tag, :session_id) ON CONFLICT DO NOTHING;

-- name: add_branch
INSERT INTO branches (id, session_id, parent_branch_id, fork_seq, next_seq, name, created_at)
VALUES (:id, :session_id, :parent_branch_id, :fork_seq, :next_seq, :name, :created_at)
ON CONFLICT DO NOTHING;

-- name: branch
SELECT session_id, parent_branch_id, fork_seq FROM branches WHERE id = :id;

-- name: add_message
INSERT INTO messages (id, session_id, branch_id, seq, parent_id, role, status, body, body_sha256, run_id, created_at)
VALUES (:id, :session_id, :branch_id, :seq, :parent_id, :role, :status, :body, :body_sha256, :run_id, :created_at)
ON CONFLICT DO NOTHING;

-- name: message
SELECT session_id, branch_id, seq, parent_id, role, status, body, body_sha256 FROM messages WHERE id = :id;

-- name: add_record
INSERT INTO imports (session_id, message_id, source, record) VALUES (:session_id, :message_id, :source, :record)
ON CONFLICT (session_id, message_id) DO UPDATE SET source = excluded.source, record = excluded.record;

-- name: record
SELECT source FROM imports WHERE session_id = :session_id AND message_id = :message_id;
