-- What a copy of a whole store writes: rows as they are, those that have changed, and those that are gone.

-- name: sessions_insert
INSERT INTO sessions (
    id, name, active_branch_id, created_at, updated_at, title, deleted_at, forked_from_session, forked_from_message
) VALUES (
    :id, :name, :active_branch_id, :created_at, :updated_at, :title, :deleted_at, :forked_from_session,
    :forked_from_message
);

-- name: sessions_change
UPDATE sessions SET
    name = :name, active_branch_id = :active_branch_id, created_at = :created_at, updated_at = :updated_at,
    title = :title, deleted_at = :deleted_at, forked_from_session = :forked_from_session,
    forked_from_message = :forked_from_message
WHERE id = :id;

-- name: branches_insert
INSERT INTO branches (id, session_id, parent_branch_id, fork_seq, next_seq, name, created_at)
VALUES (:id, :session_id, :parent_branch_id, :fork_seq, :next_seq, :name, :created_at);

-- name: branches_change
UPDATE branches SET
    session_id = :session_id, parent_branch_id = :parent_branch_id, fork_seq = :fork_seq, next_seq = :next_seq,
    name = :name, created_at = :created_at
WHERE id = :id;

-- name: messages_insert
INSERT INTO messages (id, session_id, branch_id, seq, parent_id, role, status, body, body_sha256, run_id, created_at)
VALUES (:id, :session_id, :branch_id, :seq, :parent_id, :role, :status, :body, :body_sha256, :run_id, :created_at);

-- name: imports_insert
INSERT INTO imports (session_id, message_id, source, record) VALUES (:session_id, :message_id, :source, :record);

-- name: imports_change
UPDATE imports SET source = :source, record = :record
WHERE session_id = :session_id AND message_id = :message_id;

-- name: imports_delete
DELETE FROM imports WHERE session_id = :session_id AND message_id = :message_id;

-- name: session_tags_insert
INSERT INTO session_tags (tag, session_id)
VALUES (:tag, :session_id);

-- name: session_tags_delete
DELETE FROM session_tags WHERE tag = :tag AND session_id = :session_id;

-- name: damaged_messages_insert
INSERT INTO damaged_messages (message_id, why, found_at)
VALUES (:message_id, :why, :found_at);

-- name: damaged_messages_change
UPDATE damaged_messages SET why = :why, found_at = :found_at
WHERE message_id = :message_id;

-- name: damaged_messages_delete
DELETE FROM damaged_messages WHERE message_id = :message_id;

-- name: drafts_insert
INSERT INTO drafts (run_id, session_id, branch_id, head_id, next_seq, created_at)
VALUES (:run_id, :session_id, :branch_id, :head_id, :next_seq, :created_at);

-- name: drafts_delete
DELETE FROM drafts WHERE run_id = :run_id;

-- name: draft_chunks_insert
INSERT INTO draft_chunks (run_id, seq, chunk)
VALUES (:run_id, :seq, :chunk);

-- name: usage_ledger_insert
INSERT INTO usage_ledger (
    id, session_id, message_id, call_id, attempt, kind, status, provider, model, uncached_input, cache_read,
    cache_write_short, cache_write_long, output, raw_usage, computed_pusd, reported_pusd, price_version, tag,
    created_at, service_tier, response_id, answered_by
) VALUES (
    :id, :session_id, :message_id, :call_id, :attempt, :kind, :status, :provider, :model, :uncached_input,
    :cache_read, :cache_write_short, :cache_write_long, :output, :raw_usage, :computed_pusd, :reported_pusd,
    :price_version, :tag, :created_at, :service_tier, :response_id, :answered_by
);

-- name: usage_ledger_change
UPDATE usage_ledger SET session_id = :session_id, message_id = :message_id
WHERE id = :id;

-- name: charge_reports_insert
INSERT INTO charge_reports (charge_id, reported_pusd, raw_usage, created_at)
VALUES (:charge_id, :reported_pusd, :raw_usage, :created_at);

-- name: open_calls_insert
INSERT INTO open_calls (reservation_id, response_id, answered_by, usage, covered, sent, capped)
VALUES (:reservation_id, :response_id, :answered_by, :usage, :covered, :sent, :capped);

-- name: open_calls_change
UPDATE open_calls SET
    response_id = :response_id, answered_by = :answered_by, usage = :usage, covered = :covered, sent = :sent,
    capped = :capped
WHERE reservation_id = :reservation_id;

-- name: open_calls_delete
DELETE FROM open_calls WHERE reservation_id = :reservation_id;

-- name: cache_prints_insert
INSERT INTO cache_prints (id, body)
VALUES (:id, :body);

-- name: cache_footprints_insert
INSERT INTO cache_footprints (
    session_id, provider, model, created_at, tools_id, system_id, body, uncached_input, cache_read, cache_write,
    answered_by, response_id
) VALUES (
    :session_id, :provider, :model, :created_at, :tools_id, :system_id, :body, :uncached_input, :cache_read,
    :cache_write, :answered_by, :response_id
);

-- name: cache_footprints_change
UPDATE cache_footprints SET
    created_at = :created_at, tools_id = :tools_id, system_id = :system_id, body = :body,
    uncached_input = :uncached_input, cache_read = :cache_read, cache_write = :cache_write,
    answered_by = :answered_by, response_id = :response_id
WHERE session_id = :session_id AND provider = :provider AND model = :model;

-- name: cache_footprints_delete
DELETE FROM cache_footprints WHERE session_id = :session_id AND provider = :provider AND model = :model;

-- name: cache_uses_insert
INSERT INTO cache_uses (created_at, call_id, attempt, session_id, provider, model, saved_pusd, write_pusd)
VALUES (:created_at, :call_id, :attempt, :session_id, :provider, :model, :saved_pusd, :write_pusd);

-- name: cache_uses_change
UPDATE cache_uses SET session_id = :session_id
WHERE created_at = :created_at AND call_id = :call_id AND attempt = :attempt;

-- name: cache_misses_insert
INSERT INTO cache_misses (
    id, created_at, session_id, call_id, attempt, provider, model, cause, text, path, told, gap, tokens, missed_pusd
) VALUES (
    :id, :created_at, :session_id, :call_id, :attempt, :provider, :model, :cause, :text, :path, :told, :gap, :tokens,
    :missed_pusd
);

-- name: cache_misses_change
UPDATE cache_misses SET session_id = :session_id
WHERE id = :id;

-- name: cache_contents_insert
INSERT INTO cache_contents (
    id, session_id, holder, provider, model, name, print, covered, tokens, created_at, expires_at, deleted_at
) VALUES (
    :id, :session_id, :holder, :provider, :model, :name, :print, :covered, :tokens, :created_at, :expires_at,
    :deleted_at
);

-- name: cache_contents_change
UPDATE cache_contents SET
    session_id = :session_id, holder = :holder, provider = :provider, model = :model, name = :name, print = :print,
    covered = :covered, tokens = :tokens, created_at = :created_at, expires_at = :expires_at,
    deleted_at = :deleted_at
WHERE id = :id;

-- name: tool_calls_insert
INSERT INTO tool_calls (
    run_id, position, session_id, message_id, call_id, tool, arguments, state, effect, summary, subject, decided_by,
    result, output, details, asked_at, started_at, ended_at, concluded_at
) VALUES (
    :run_id, :position, :session_id, :message_id, :call_id, :tool, :arguments, :state, :effect, :summary, :subject,
    :decided_by, :result, :output, :details, :asked_at, :started_at, :ended_at, :concluded_at
);

-- name: tool_calls_change
UPDATE tool_calls SET
    session_id = :session_id, message_id = :message_id, call_id = :call_id, tool = :tool, arguments = :arguments,
    state = :state, effect = :effect, summary = :summary, subject = :subject, decided_by = :decided_by,
    result = :result, output = :output, details = :details, asked_at = :asked_at, started_at = :started_at,
    ended_at = :ended_at, concluded_at = :concluded_at
WHERE run_id = :run_id AND position = :position;

-- name: decisions_insert
INSERT INTO decisions (
    id, session_id, at, policy, spec, features, candidates, mask, action, propensity, cost_weight, explored, shadow,
    sha256
) VALUES (
    :id, :session_id, :at, :policy, :spec, :features, :candidates, :mask, :action, :propensity, :cost_weight,
    :explored, :shadow, :sha256
);

-- name: decision_calls_insert
INSERT INTO decision_calls (decision_id, call_id) VALUES (:decision_id, :call_id);

-- name: outcomes_insert
INSERT INTO outcomes (id, session_id, message_id, grader, version, value, note, at)
VALUES (:id, :session_id, :message_id, :grader, :version, :value, :note, :at);

-- name: backlog
INSERT INTO search_backlog (message_id) VALUES (:id) ON CONFLICT DO NOTHING;

-- name: purge_begin
INSERT INTO purges (session_id) VALUES (:id);

-- name: purge_drafts
DELETE FROM drafts WHERE session_id = :id;

-- name: purge_outcomes
DELETE FROM outcomes WHERE session_id = :id;

-- name: purge_decision_calls
DELETE FROM decision_calls WHERE decision_id IN (SELECT id FROM decisions WHERE session_id = :id);

-- name: purge_decisions
DELETE FROM decisions WHERE session_id = :id;

-- name: purge_messages
DELETE FROM messages WHERE session_id = :id;

-- name: purge_branches
DELETE FROM branches WHERE session_id = :id;

-- name: purge_session
DELETE FROM sessions WHERE id = :id;

-- name: purge_end
DELETE FROM purges WHERE session_id = :id;
