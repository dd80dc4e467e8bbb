-- name: marked
SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'transfer';

-- name: probed
SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'transfer_probe';
