-- name: end
-- Not of the rows: old ones are dropped, and their numbers are not given out again.
SELECT 0 AS xid, seq FROM sqlite_sequence WHERE name = 'outbox';

-- name: unsettled
-- One transaction writes at a time, in the order of the numbers.
SELECT 0 AS xid, seq, at, session_id, kind, message_id FROM outbox WHERE 0 ORDER BY seq;

-- name: since
SELECT 0 AS xid, seq, at, session_id, kind, message_id FROM outbox WHERE seq > :seq ORDER BY seq LIMIT :limit;
