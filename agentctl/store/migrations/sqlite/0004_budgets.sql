-- What is to become of an open call should its process die. One that was not sent costs nothing. One that was sent under
-- a budget (`capped`) is charged all that it was allowed to cost, for that is what its provider may have billed.
ALTER TABLE open_calls ADD COLUMN sent INTEGER NOT NULL DEFAULT 1 CHECK (sent IN (0, 1));
ALTER TABLE open_calls ADD COLUMN capped INTEGER NOT NULL DEFAULT 0 CHECK (capped IN (0, 1));

-- What the open calls may yet cost.
CREATE VIEW reservations AS
SELECT u.call_id, u.attempt, u.session_id, COALESCE(u.computed_pusd, 0) AS pusd
-- CROSS keeps SQLite from going through the whole ledger to look each entry up among the few open ones.
FROM open_calls o CROSS JOIN usage_ledger u
WHERE u.id = o.reservation_id;
