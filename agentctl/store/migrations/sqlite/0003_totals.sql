-- Sums over the charges, kept by triggers: what was spent is told without reading the ledger, however long it is.

-- A charge as it counts: at what was reported, now or later, else at what was computed. `basis` says which of the two
-- are known. A session or tag of '' is none. A sum of pico-dollars passes 64 bits at $9.2 M, so whole milli-dollars
-- (musd) and the rest are summed apart.
CREATE VIEW charges AS
SELECT u.id, COALESCE(u.session_id, '') AS session_id, u.created_at, u.provider, u.model, COALESCE(u.tag, '') AS tag,
    CASE
        WHEN COALESCE(u.reported_pusd, r.reported_pusd) IS NULL
            THEN CASE WHEN u.computed_pusd IS NULL THEN 'unknown' ELSE 'computed' END
        ELSE CASE WHEN u.computed_pusd IS NULL THEN 'reported' ELSE 'both' END
    END AS basis,
    1 AS calls,
    COALESCE(u.reported_pusd, r.reported_pusd, u.computed_pusd, 0) / 1000000000 AS known_musd,
    COALESCE(u.reported_pusd, r.reported_pusd, u.computed_pusd, 0) % 1000000000 AS known_rest,
    COALESCE(u.computed_pusd, 0) / 1000000000 AS computed_musd,
    COALESCE(u.computed_pusd, 0) % 1000000000 AS computed_rest,
    u.uncached_input, u.cache_read, u.cache_write_short, u.cache_write_long, u.output
FROM usage_ledger u LEFT JOIN charge_reports r ON r.charge_id = u.id
WHERE u.kind = 'charge';

-- Each charge is part of six sums:
--   scope      of                                slot, counted since 1970
--   'time'     a time                            a quarter of an hour: with one begins each day of any zone
--   'model'    a day's calls of a model          a UTC day
--   'tag'      a day's calls with a tag          a UTC day
--   'session'  a whole session                   0
--   'month'    a month of a session              32 days
--   'part'     calls of a session that agree     a quarter of an hour
-- What a scope does not tell apart is ''. All its calls were charged from first_at to last_at, in µs since 1970.
CREATE TABLE usage_sums (
    scope             TEXT    NOT NULL CHECK (scope IN ('time', 'model', 'tag', 'session', 'month', 'part')),
    session_id        TEXT    NOT NULL,
    slot              INTEGER NOT NULL,
    provider          TEXT    NOT NULL,
    model             TEXT    NOT NULL,
    tag               TEXT    NOT NULL,
    basis             TEXT    NOT NULL CHECK (basis IN ('computed', 'reported', 'both', 'unknown')),
    calls             INTEGER NOT NULL,
    known_musd        INTEGER NOT NULL,
    known_rest        INTEGER NOT NULL,
    computed_musd     INTEGER NOT NULL,
    computed_rest     INTEGER NOT NULL,
    uncached_input    INTEGER NOT NULL,
    cache_read        INTEGER NOT NULL,
    cache_write_short INTEGER NOT NULL,
    cache_write_long  INTEGER NOT NULL,
    output            INTEGER NOT NULL,
    first_at          INTEGER NOT NULL,
    last_at           INTEGER NOT NULL,
    PRIMARY KEY (scope, session_id, slot, provider, model, tag, basis)
) STRICT, WITHOUT ROWID;

-- Holds nothing of its own: what is inserted is added to the sums.
CREATE VIEW changes_of_sums AS
SELECT session_id, created_at, provider, model, tag, basis, calls, known_musd, known_rest, computed_musd, computed_rest,
    uncached_input, cache_read, cache_write_short, cache_write_long, output
FROM charges;

CREATE TRIGGER changes_are_added INSTEAD OF INSERT ON changes_of_sums
BEGIN
    INSERT INTO usage_sums
    SELECT part.*, NEW.basis, NEW.calls, NEW.known_musd, NEW.known_rest, NEW.computed_musd, NEW.computed_rest,
        NEW.uncached_input, NEW.cache_read, NEW.cache_write_short, NEW.cache_write_long, NEW.output,
        NEW.created_at, NEW.created_at
    FROM (
        SELECT 'time', '', NEW.created_at / 900000000, '', '', ''
        UNION ALL SELECT 'model', '', NEW.created_at / 86400000000, NEW.provider, NEW.model, ''
        UNION ALL SELECT 'tag', '', NEW.created_at / 86400000000, '', '', NEW.tag
        UNION ALL SELECT 'session', NEW.session_id, 0, '', '', ''
        UNION ALL SELECT 'month', NEW.session_id, NEW.created_at / 2764800000000, '', '', ''
        UNION ALL
        SELECT 'part', NEW.session_id, NEW.created_at / 900000000, NEW.provider, NEW.model, NEW.tag
    ) part
    WHERE TRUE -- without it SQLite takes ON for that of a join
    ON CONFLICT (scope, session_id, slot, provider, model, tag, basis) DO UPDATE SET
        calls = calls + excluded.calls,
        known_musd = known_musd + excluded.known_musd,
        known_rest = known_rest + excluded.known_rest,
        computed_musd = computed_musd + excluded.computed_musd,
        computed_rest = computed_rest + excluded.computed_rest,
        uncached_input = uncached_input + excluded.uncached_input,
        cache_read = cache_read + excluded.cache_read,
        cache_write_short = cache_write_short + excluded.cache_write_short,
        cache_write_long = cache_write_long + excluded.cache_write_long,
        output = output + excluded.output,
        first_at = MIN(first_at, excluded.first_at),
        last_at = MAX(last_at, excluded.last_at);
    -- Of a session that is gone nothing stays.
    DELETE FROM usage_sums
    WHERE NEW.calls < 0 AND scope IN ('session', 'month', 'part') AND session_id = NEW.session_id AND calls = 0;
END;

CREATE TRIGGER charges_are_added AFTER INSERT ON usage_ledger
WHEN NEW.kind = 'charge'
BEGIN
    INSERT INTO changes_of_sums
    SELECT session_id, created_at, provider, model, tag, basis, calls, known_musd, known_rest, computed_musd,
        computed_rest, uncached_input, cache_read, cache_write_short, cache_write_long, output
    FROM charges WHERE id = NEW.id;
END;

-- A report, and a session that is deleted, take a charge out of some sums and add it to others.
CREATE TRIGGER reported_charges_are_taken_out BEFORE INSERT ON charge_reports
BEGIN
    INSERT INTO changes_of_sums
    SELECT session_id, created_at, provider, model, tag, basis, -calls, -known_musd, -known_rest, -computed_musd,
        -computed_rest, -uncached_input, -cache_read, -cache_write_short, -cache_write_long, -output
    FROM charges WHERE id = NEW.charge_id;
END;

CREATE TRIGGER reported_charges_are_added AFTER INSERT ON charge_reports
BEGIN
    INSERT INTO changes_of_sums
    SELECT session_id, created_at, provider, model, tag, basis, calls, known_musd, known_rest, computed_musd,
        computed_rest, uncached_input, cache_read, cache_write_short, cache_write_long, output
    FROM charges WHERE id = NEW.charge_id;
END;

CREATE TRIGGER moved_charges_are_taken_out BEFORE UPDATE OF session_id ON usage_ledger
WHEN OLD.kind = 'charge' AND OLD.session_id IS NOT NEW.session_id
BEGIN
    INSERT INTO changes_of_sums
    SELECT session_id, created_at, provider, model, tag, basis, -calls, -known_musd, -known_rest, -computed_musd,
        -computed_rest, -uncached_input, -cache_read, -cache_write_short, -cache_write_long, -output
    FROM charges WHERE id = OLD.id;
END;

CREATE TRIGGER moved_charges_are_added AFTER UPDATE OF session_id ON usage_ledger
WHEN OLD.kind = 'charge' AND OLD.session_id IS NOT NEW.session_id
BEGIN
    INSERT INTO changes_of_sums
    SELECT session_id, created_at, provider, model, tag, basis, calls, known_musd, known_rest, computed_musd,
        computed_rest, uncached_input, cache_read, cache_write_short, cache_write_long, output
    FROM charges WHERE id = OLD.id;
END;

-- The charges made so far.
INSERT INTO changes_of_sums
SELECT session_id, created_at, provider, model, tag, basis, calls, known_musd, known_rest, computed_musd,
    computed_rest, uncached_input, cache_read, cache_write_short, cache_write_long, output
FROM charges ORDER BY created_at;
