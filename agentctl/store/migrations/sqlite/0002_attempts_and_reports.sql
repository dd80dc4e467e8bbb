-- What else is known of an attempt: how it was served, what the provider calls the answer, and the model that gave it
-- where that is not the one that was asked.
ALTER TABLE usage_ledger ADD COLUMN service_tier TEXT;
ALTER TABLE usage_ledger ADD COLUMN response_id TEXT;
ALTER TABLE usage_ledger ADD COLUMN answered_by TEXT;

-- All columns but the two that follow a deleted session or message.
DROP TRIGGER usage_is_not_updated;
CREATE TRIGGER usage_is_not_updated BEFORE UPDATE OF
    id, call_id, attempt, kind, status, provider, model, uncached_input, cache_read, cache_write_short,
    cache_write_long, output, raw_usage, computed_pusd, reported_pusd, price_version, tag, created_at,
    service_tier, response_id, answered_by
ON usage_ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

-- What the provider has said of a call that is under way, for whoever has to settle it should its process die. `usage`
-- is JSON, and counts the first `covered` pieces of the draft.
ALTER TABLE open_calls ADD COLUMN response_id TEXT;
ALTER TABLE open_calls ADD COLUMN answered_by TEXT;
ALTER TABLE open_calls ADD COLUMN usage TEXT;
ALTER TABLE open_calls ADD COLUMN covered INTEGER NOT NULL DEFAULT 0;

-- What a provider said later about a charge that it had reported no cost of. So what a call cost is, of these, the
-- first that is known: the cost in its charge_reports, its reported cost, its computed cost.
CREATE TABLE charge_reports (
    charge_id     TEXT    PRIMARY KEY REFERENCES usage_ledger (id),
    reported_pusd INTEGER NOT NULL CHECK (reported_pusd >= 0),
    raw_usage     TEXT,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TRIGGER reports_are_of_unreported_charges BEFORE INSERT ON charge_reports
WHEN NOT EXISTS (
    SELECT 1 FROM usage_ledger WHERE id = NEW.charge_id AND kind = 'charge' AND reported_pusd IS NULL
)
BEGIN
    SELECT RAISE(ABORT, 'only a charge without a reported cost takes a report');
END;

CREATE TRIGGER reports_are_not_updated BEFORE UPDATE ON charge_reports
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER reports_are_not_deleted BEFORE DELETE ON charge_reports
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE INDEX reported_charges ON usage_ledger (created_at) WHERE kind = 'charge' AND reported_pusd IS NOT NULL;
