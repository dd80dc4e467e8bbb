-- What a copy of a whole store reads, in pages of a table by its key; and the mark of a copy that has begun.

-- name: identity
SELECT MIN(applied_at) AS identity FROM schema_migrations;

-- name: content
-- The tables of a store that hold anything which a copy would have to keep.
SELECT 'sessions' AS place WHERE EXISTS (SELECT 1 FROM sessions)
UNION ALL SELECT 'usage_ledger' WHERE EXISTS (SELECT 1 FROM usage_ledger)
UNION ALL SELECT 'tool_calls' WHERE EXISTS (SELECT 1 FROM tool_calls)
UNION ALL SELECT 'cache_uses' WHERE EXISTS (SELECT 1 FROM cache_uses)
UNION ALL SELECT 'cache_misses' WHERE EXISTS (SELECT 1 FROM cache_misses)
UNION ALL SELECT 'cache_contents' WHERE EXISTS (SELECT 1 FROM cache_contents)
UNION ALL SELECT 'outbox' WHERE EXISTS (SELECT 1 FROM outbox)
ORDER BY place;

-- name: begin
CREATE TABLE transfer (identity BIGINT NOT NULL);

-- name: mark
INSERT INTO transfer (identity) VALUES (:identity);

-- name: marked_for
SELECT identity FROM transfer;

-- name: end
DROP TABLE transfer;

-- name: probe_begin
CREATE TABLE transfer_probe (mark TEXT NOT NULL);

-- name: probe_mark
INSERT INTO transfer_probe (mark) VALUES (:mark);

-- name: probe_read
SELECT mark FROM transfer_probe;

-- name: probe_end
DROP TABLE IF EXISTS transfer_probe;

-- name: event
SELECT COALESCE(MAX(seq), 0) AS seq FROM outbox;

-- name: forget_events
DELETE FROM outbox WHERE seq > :seq;

-- name: pulse
-- Differs after nearly any write, and is told without reading a table.
SELECT
    (SELECT MAX(seq) FROM outbox) AS event,
    (SELECT MAX(id) FROM usage_ledger) AS entry,
    (SELECT MAX(created_at) FROM usage_ledger WHERE kind = 'charge') AS charge,
    (SELECT COUNT(*) FROM open_calls) AS open_calls,
    (SELECT MAX(run_id) FROM drafts) AS draft,
    (SELECT MAX(asked_at) FROM tool_calls) AS tool_call,
    (SELECT MAX(id) FROM decisions) AS decision,
    (SELECT MAX(id) FROM outcomes) AS outcome;

-- name: counts
SELECT
    (SELECT COUNT(*) FROM sessions) AS sessions,
    (SELECT COUNT(*) FROM branches) AS branches,
    (SELECT COUNT(*) FROM messages) AS messages,
    (SELECT COUNT(*) FROM imports) AS imports,
    (SELECT COUNT(*) FROM session_tags) AS session_tags,
    (SELECT COUNT(*) FROM damaged_messages) AS damaged_messages,
    (SELECT COUNT(*) FROM drafts) AS drafts,
    (SELECT COUNT(*) FROM draft_chunks) AS draft_chunks,
    (SELECT COUNT(*) FROM usage_ledger) AS usage_ledger,
    (SELECT COUNT(*) FROM charge_reports) AS charge_reports,
    (SELECT COUNT(*) FROM open_calls) AS open_calls,
    (SELECT COUNT(*) FROM cache_prints) AS cache_prints,
    (SELECT COUNT(*) FROM cache_footprints) AS cache_footprints,
    (SELECT COUNT(*) FROM cache_uses) AS cache_uses,
    (SELECT COUNT(*) FROM cache_misses) AS cache_misses,
    (SELECT COUNT(*) FROM cache_contents) AS cache_contents,
    (SELECT COUNT(*) FROM tool_calls) AS tool_calls,
    (SELECT COUNT(*) FROM decisions) AS decisions,
    (SELECT COUNT(*) FROM decision_calls) AS decision_calls,
    (SELECT COUNT(*) FROM outcomes) AS outcomes;

-- name: sessions
SELECT * FROM sessions WHERE id > :id ORDER BY id LIMIT :limit;

-- name: branches
SELECT * FROM branches WHERE (session_id, id) > (:session_id, :id) ORDER BY session_id, id LIMIT :limit;

-- name: branches_of
SELECT * FROM branches WHERE session_id > :after AND session_id <= :last ORDER BY session_id, id;

-- name: messages
-- In this order each comes after its parent.
SELECT * FROM messages
WHERE session_id >= :session_id AND (session_id, seq, id) > (:session_id, :seq, :id)
ORDER BY session_id, seq, id LIMIT :limit;

-- name: imports
SELECT * FROM imports WHERE (session_id, message_id) > (:session_id, :message_id)
ORDER BY session_id, message_id LIMIT :limit;

-- name: session_tags
SELECT * FROM session_tags WHERE (tag, session_id) > (:tag, :session_id) ORDER BY tag, session_id LIMIT :limit;

-- name: damaged_messages
SELECT * FROM damaged_messages WHERE message_id > :message_id ORDER BY message_id LIMIT :limit;

-- name: drafts
SELECT * FROM drafts WHERE run_id > :run_id ORDER BY run_id LIMIT :limit;

-- name: draft_chunks
SELECT * FROM draft_chunks WHERE (run_id, seq) > (:run_id, :seq) ORDER BY run_id, seq LIMIT :limit;

-- name: usage_ledger
SELECT * FROM usage_ledger WHERE id > :id ORDER BY id LIMIT :limit;

-- name: charge_reports
SELECT * FROM charge_reports WHERE charge_id > :charge_id ORDER BY charge_id LIMIT :limit;

-- name: open_calls
SELECT * FROM open_calls WHERE reservation_id > :reservation_id ORDER BY reservation_id LIMIT :limit;

-- name: cache_prints
SELECT * FROM cache_prints WHERE id > :id ORDER BY id LIMIT :limit;

-- name: cache_footprints
SELECT * FROM cache_footprints WHERE (session_id, provider, model) > (:session_id, :provider, :model)
ORDER BY session_id, provider, model LIMIT :limit;

-- name: cache_uses
SELECT * FROM cache_uses WHERE (created_at, call_id, attempt) > (:created_at, :call_id, :attempt)
ORDER BY created_at, call_id, attempt LIMIT :limit;

-- name: cache_misses
SELECT * FROM cache_misses WHERE id > :id ORDER BY id LIMIT :limit;

-- name: cache_contents
SELECT * FROM cache_contents WHERE id > :id ORDER BY id LIMIT :limit;

-- name: tool_calls
SELECT * FROM tool_calls WHERE (run_id, position) > (:run_id, :position) ORDER BY run_id, position LIMIT :limit;

-- name: decisions
SELECT * FROM decisions WHERE id > :id ORDER BY id LIMIT :limit;

-- name: decision_calls
SELECT * FROM decision_calls WHERE (decision_id, call_id) > (:decision_id, :call_id)
ORDER BY decision_id, call_id LIMIT :limit;

-- name: outcomes
SELECT * FROM outcomes WHERE id > :id ORDER BY id LIMIT :limit;

-- name: usage_sums
-- Without the times, which only bound those of the charges and depend on what came in between; and without what is 0.
SELECT scope, session_id, slot, provider, model, tag, basis, calls, known_musd, known_rest, computed_musd,
    computed_rest, uncached_input, cache_read, cache_write_short, cache_write_long, output
FROM usage_sums
WHERE (scope, session_id, slot, provider, model, tag, basis)
        > (:scope, :session_id, :slot, :provider, :model, :tag, :basis)
    AND calls <> 0
ORDER BY scope, session_id, slot, provider, model, tag, basis LIMIT :limit;

-- name: cache_use_sums
SELECT * FROM cache_use_sums WHERE (slot, provider, model) > (:slot, :provider, :model)
ORDER BY slot, provider, model LIMIT :limit;

-- name: cache_miss_sums
SELECT * FROM cache_miss_sums WHERE (slot, provider, model, cause) > (:slot, :provider, :model, :cause)
ORDER BY slot, provider, model, cause LIMIT :limit;
