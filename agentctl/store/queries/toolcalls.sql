-- name: ask
INSERT INTO tool_calls (run_id, position, session_id, message_id, call_id, tool, arguments, state, asked_at)
VALUES (:run_id, :position, :session_id, :message_id, :call_id, :tool, :arguments, 'asked', :now);

-- name: start
UPDATE tool_calls SET state = 'started', effect = :effect, summary = :summary, subject = :subject, decided_by = :decided_by, started_at = :now
WHERE run_id = :run_id AND position = :position;

-- name: refuse
UPDATE tool_calls SET state = 'refused', effect = :effect, summary = :summary, subject = :subject, decided_by = :decided_by
WHERE run_id = :run_id AND position = :position;

-- name: end
UPDATE tool_calls SET state = CASE WHEN state = 'refused' THEN state ELSE :state END,
    result = :result, output = :output, details = :details, ended_at = :now
WHERE run_id = :run_id AND position = :position;

-- name: conclude
UPDATE tool_calls SET concluded_at = :now, ended_at = coalesce(ended_at, :now)
WHERE run_id = :run_id AND concluded_at IS NULL;

-- name: open
SELECT DISTINCT t.run_id, t.session_id, t.message_id, m.branch_id, m.seq
FROM tool_calls t LEFT JOIN messages m ON m.id = t.message_id
WHERE t.concluded_at IS NULL
ORDER BY t.run_id;

-- name: of_run
SELECT position, call_id, state, result FROM tool_calls
WHERE run_id = :run_id AND concluded_at IS NULL ORDER BY position;

-- name: output
SELECT coalesce(output, result) AS output FROM tool_calls
WHERE session_id = :session_id AND run_id = :run_id AND position = :position AND ended_at IS NOT NULL;

-- name: latest
SELECT t.run_id, t.position, t.session_id, t.call_id, t.tool, t.arguments, t.state, t.effect, t.summary, t.subject,
    t.decided_by,
    t.result, t.details, t.asked_at, t.started_at, t.ended_at
FROM tool_calls t
WHERE CAST(:session_id AS TEXT) IS NULL OR t.session_id = :session_id
ORDER BY t.asked_at DESC, t.run_id DESC, t.position DESC
LIMIT :limit;
