-- name: end
-- Behind all transactions older than any that runs. (No row has the number 0.)
SELECT CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS xid, 0 AS seq;

-- name: unsettled
SELECT CAST(xid AS TEXT) AS xid, seq, at, session_id, kind, message_id FROM outbox
WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())
ORDER BY outbox.xid, seq;

-- name: since
SELECT CAST(xid AS TEXT) AS xid, seq, at, session_id, kind, message_id FROM outbox
WHERE (outbox.xid, seq) > (CAST(:xid AS xid8), :seq) AND outbox.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY outbox.xid, seq
LIMIT :limit;
