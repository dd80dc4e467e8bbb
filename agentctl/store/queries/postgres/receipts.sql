-- name: leave
-- No row if it is there: its transaction was committed. If that is just being, this waits for how it ends. `settled` are
-- those that nobody asks for any more, with commas between them.
WITH dropped AS (
    DELETE FROM receipts WHERE id = ANY (string_to_array(:settled, ','))
)
INSERT INTO receipts (id, at) VALUES (:id, :now) ON CONFLICT DO NOTHING RETURNING id;

-- name: drop
-- The settled ones, and those that dead processes left.
DELETE FROM receipts WHERE id IN (
    SELECT id FROM receipts WHERE id = ANY (string_to_array(:settled, ',')) OR at < :before FOR UPDATE SKIP LOCKED
);
