-- What prompt caches were used for, what they missed and why, and the caches that are kept on demand. Times are
-- microseconds since the Unix epoch, UTC; money is in pico-USD.

-- What caching changed about the cost of a call: one row for each charge that read from a cache or wrote to one.
-- saved_pusd is what the call would have cost more with all its input uncached, below 0 if caching made it dearer, and
-- write_pusd what the writing cost more than plain input; both NULL where a price is unknown.
CREATE TABLE cache_uses (
    created_at INTEGER NOT NULL,
    call_id    TEXT    NOT NULL,
    attempt    INTEGER NOT NULL,
    session_id TEXT    REFERENCES sessions (id) ON DELETE SET NULL,
    provider   TEXT    NOT NULL,
    model      TEXT    NOT NULL,
    saved_pusd INTEGER,
    write_pusd INTEGER,
    PRIMARY KEY (created_at, call_id, attempt)
) STRICT, WITHOUT ROWID;

CREATE INDEX cache_uses_by_session ON cache_uses (session_id, created_at) WHERE session_id IS NOT NULL;

-- Sums of them by UTC day and model, so that what was saved is told without reading each. A sum of pico-dollars passes
-- 64 bits at $9.2 M, so whole milli-dollars (musd) and the rest are summed apart.
CREATE TABLE cache_use_sums (
    slot        INTEGER NOT NULL,
    provider    TEXT    NOT NULL,
    model       TEXT    NOT NULL,
    calls       INTEGER NOT NULL,
    known_calls INTEGER NOT NULL,
    saved_musd  INTEGER NOT NULL,
    saved_rest  INTEGER NOT NULL,
    write_musd  INTEGER NOT NULL,
    write_rest  INTEGER NOT NULL,
    PRIMARY KEY (slot, provider, model)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER cache_uses_are_added AFTER INSERT ON cache_uses
BEGIN
    INSERT INTO cache_use_sums VALUES (
        NEW.created_at / 86400000000, NEW.provider, NEW.model, 1, NEW.saved_pusd IS NOT NULL,
        COALESCE(NEW.saved_pusd, 0) / 1000000000, COALESCE(NEW.saved_pusd, 0) % 1000000000,
        COALESCE(NEW.write_pusd, 0) / 1000000000, COALESCE(NEW.write_pusd, 0) % 1000000000
    ) ON CONFLICT (slot, provider, model) DO UPDATE SET
        calls = calls + excluded.calls,
        known_calls = known_calls + excluded.known_calls,
        saved_musd = saved_musd + excluded.saved_musd,
        saved_rest = saved_rest + excluded.saved_rest,
        write_musd = write_musd + excluded.write_musd,
        write_rest = write_rest + excluded.write_rest;
END;

-- Digests of tools or of system prompts, a row for each that differs: requests of many sessions have them in common.
CREATE TABLE cache_prints (
    id   TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The last request to each model in a session, as digests, and what came of it.
CREATE TABLE cache_footprints (
    session_id     TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    provider       TEXT    NOT NULL,
    model          TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    tools_id       TEXT    NOT NULL REFERENCES cache_prints (id),
    system_id      TEXT    NOT NULL REFERENCES cache_prints (id),
    body           TEXT    NOT NULL,
    uncached_input INTEGER NOT NULL,
    cache_read     INTEGER NOT NULL,
    cache_write    INTEGER NOT NULL,
    answered_by    TEXT,
    response_id    TEXT,
    PRIMARY KEY (session_id, provider, model)
) STRICT, WITHOUT ROWID;

CREATE INDEX cache_footprints_by_tools ON cache_footprints (tools_id);
CREATE INDEX cache_footprints_by_system ON cache_footprints (system_id);

-- Prints that no request has any more are of no use.
CREATE TRIGGER unused_prints_are_dropped AFTER DELETE ON cache_footprints
BEGIN
    DELETE FROM cache_prints
    WHERE id IN (OLD.tools_id, OLD.system_id)
        AND NOT EXISTS (SELECT 1 FROM cache_footprints WHERE tools_id = cache_prints.id)
        AND NOT EXISTS (SELECT 1 FROM cache_footprints WHERE system_id = cache_prints.id);
END;

CREATE TRIGGER replaced_prints_are_dropped AFTER UPDATE ON cache_footprints
WHEN OLD.tools_id <> NEW.tools_id OR OLD.system_id <> NEW.system_id
BEGIN
    DELETE FROM cache_prints
    WHERE id IN (OLD.tools_id, OLD.system_id)
        AND NOT EXISTS (SELECT 1 FROM cache_footprints WHERE tools_id = cache_prints.id)
        AND NOT EXISTS (SELECT 1 FROM cache_footprints WHERE system_id = cache_prints.id);
END;

-- What a call did not read although it had been kept, and why. missed_pusd is NULL where a price is unknown.
CREATE TABLE cache_misses (
    id          TEXT    PRIMARY KEY,
    created_at  INTEGER NOT NULL,
    session_id  TEXT    REFERENCES sessions (id) ON DELETE SET NULL,
    call_id     TEXT    NOT NULL,
    attempt     INTEGER NOT NULL,
    provider    TEXT    NOT NULL,
    model       TEXT    NOT NULL,
    cause       TEXT    NOT NULL CHECK (cause IN (
        'changed', 'model_changed', 'below_minimum', 'expired', 'look_back', 'route_changed', 'provider'
    )),
    text        TEXT    NOT NULL,
    path        TEXT,
    told        TEXT,
    gap         INTEGER NOT NULL CHECK (gap >= 0),
    tokens      INTEGER NOT NULL CHECK (tokens >= 0),
    missed_pusd INTEGER,
    UNIQUE (call_id, attempt)
) STRICT;

CREATE INDEX cache_misses_by_time ON cache_misses (created_at);
CREATE INDEX cache_misses_by_session ON cache_misses (session_id, created_at) WHERE session_id IS NOT NULL;

-- Sums of them by UTC day, model and cause. `near` came within an hour after the call before; the gaps are of these.
CREATE TABLE cache_miss_sums (
    slot         INTEGER NOT NULL,
    provider     TEXT    NOT NULL,
    model        TEXT    NOT NULL,
    cause        TEXT    NOT NULL,
    misses       INTEGER NOT NULL,
    known_misses INTEGER NOT NULL,
    tokens       INTEGER NOT NULL,
    missed_musd  INTEGER NOT NULL,
    missed_rest  INTEGER NOT NULL,
    near         INTEGER NOT NULL,
    least_gap    INTEGER,
    most_gap     INTEGER,
    PRIMARY KEY (slot, provider, model, cause)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER cache_misses_are_added AFTER INSERT ON cache_misses
BEGIN
    INSERT INTO cache_miss_sums VALUES (
        NEW.created_at / 86400000000, NEW.provider, NEW.model, NEW.cause, 1, NEW.missed_pusd IS NOT NULL, NEW.tokens,
        COALESCE(NEW.missed_pusd, 0) / 1000000000, COALESCE(NEW.missed_pusd, 0) % 1000000000,
        NEW.gap <= 3600000000,
        CASE WHEN NEW.gap <= 3600000000 THEN NEW.gap END, CASE WHEN NEW.gap <= 3600000000 THEN NEW.gap END
    ) ON CONFLICT (slot, provider, model, cause) DO UPDATE SET
        misses = misses + excluded.misses,
        known_misses = known_misses + excluded.known_misses,
        tokens = tokens + excluded.tokens,
        missed_musd = missed_musd + excluded.missed_musd,
        missed_rest = missed_rest + excluded.missed_rest,
        near = near + excluded.near,
        least_gap = MIN(COALESCE(least_gap, excluded.least_gap), COALESCE(excluded.least_gap, least_gap)),
        most_gap = MAX(COALESCE(most_gap, excluded.most_gap), COALESCE(excluded.most_gap, most_gap));
END;

-- Caches that are kept on demand and billed by the hour, as Gemini's cachedContents are. A row is there before the
-- provider is asked: `id` is the display name, by which a cache is found whose name never came. `holder` names the lock
-- that whoever made it held. A row stays when the cache is gone, for what it cost.
CREATE TABLE cache_contents (
    id         TEXT    PRIMARY KEY,
    session_id TEXT    REFERENCES sessions (id) ON DELETE SET NULL,
    holder     TEXT    NOT NULL,
    provider   TEXT    NOT NULL,
    model      TEXT    NOT NULL,
    name       TEXT,
    print      TEXT    NOT NULL,
    covered    INTEGER NOT NULL CHECK (covered >= 0),
    tokens     INTEGER NOT NULL CHECK (tokens >= 0),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;

CREATE INDEX cache_contents_by_session ON cache_contents (session_id);
CREATE INDEX cache_contents_by_time ON cache_contents (created_at);
CREATE INDEX open_cache_contents ON cache_contents (provider, expires_at) WHERE deleted_at IS NULL;
