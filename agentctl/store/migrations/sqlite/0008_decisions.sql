-- What was decided for a turn, such as which model answers it, and how good its answer was. Times are microseconds since
-- the Unix epoch, UTC.

-- A decision among `candidates`, of which `mask` says which were allowed: both are JSON lists, and `action` counts in them
-- from 0. `propensity` is how likely that action was, `policy` what chose it (NULL where nothing was learnt yet), and
-- `shadow` what a policy on trial would have chosen. `features` is what was known of the prompt, in the form that `spec`
-- names. `sha256` is over all the rest. What a turn cost is not here: its calls lead to what the ledger has of them.
-- The reference is looked at last, so that a decision may be written just before the session that it begins.
CREATE TABLE decisions (
    id          TEXT    PRIMARY KEY,
    session_id  TEXT    NOT NULL REFERENCES sessions (id) DEFERRABLE INITIALLY DEFERRED,
    at          INTEGER NOT NULL,
    policy      TEXT,
    spec        TEXT    NOT NULL,
    features    TEXT    NOT NULL,
    candidates  TEXT    NOT NULL,
    mask        TEXT    NOT NULL,
    action      INTEGER NOT NULL CHECK (action >= 0),
    propensity  REAL    NOT NULL CHECK (propensity > 0 AND propensity <= 1),
    cost_weight REAL    NOT NULL CHECK (cost_weight >= 0),
    explored    INTEGER NOT NULL CHECK (explored IN (0, 1)),
    shadow      INTEGER CHECK (shadow >= 0),
    sha256      TEXT    NOT NULL
) STRICT;

CREATE INDEX decisions_by_session ON decisions (session_id, id);

-- The calls of the turn that a decision was made for. A call is of one decision.
CREATE TABLE decision_calls (
    decision_id TEXT NOT NULL REFERENCES decisions (id),
    call_id     TEXT NOT NULL UNIQUE,
    PRIMARY KEY (decision_id, call_id)
) STRICT, WITHOUT ROWID;

-- How good a message is, from 0 to 1, as a grader says; of what one grader said of a message the newest counts.
-- `version` is that of the grader.
CREATE TABLE outcomes (
    id         TEXT    PRIMARY KEY,
    session_id TEXT    NOT NULL REFERENCES sessions (id),
    message_id TEXT    NOT NULL REFERENCES messages (id),
    grader     TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    value      REAL    NOT NULL CHECK (value >= 0 AND value <= 1),
    note       TEXT,
    at         INTEGER NOT NULL
) STRICT;

CREATE INDEX outcomes_by_session ON outcomes (session_id, message_id, grader);
CREATE INDEX outcomes_by_message ON outcomes (message_id, grader, at, id);

CREATE TRIGGER decisions_are_not_updated BEFORE UPDATE ON decisions
BEGIN
    SELECT RAISE(ABORT, 'decisions are append-only');
END;

CREATE TRIGGER decisions_are_not_deleted BEFORE DELETE ON decisions
WHEN NOT EXISTS (SELECT 1 FROM purges WHERE session_id = OLD.session_id)
BEGIN
    SELECT RAISE(ABORT, 'decisions are append-only');
END;

CREATE TRIGGER decision_calls_are_not_updated BEFORE UPDATE ON decision_calls
BEGIN
    SELECT RAISE(ABORT, 'decisions are append-only');
END;

CREATE TRIGGER decision_calls_are_not_deleted BEFORE DELETE ON decision_calls
WHEN NOT EXISTS (
    SELECT 1 FROM decisions d JOIN purges p ON p.session_id = d.session_id WHERE d.id = OLD.decision_id
)
BEGIN
    SELECT RAISE(ABORT, 'decisions are append-only');
END;

CREATE TRIGGER outcomes_are_not_updated BEFORE UPDATE ON outcomes
BEGIN
    SELECT RAISE(ABORT, 'outcomes are append-only');
END;

CREATE TRIGGER outcomes_are_not_deleted BEFORE DELETE ON outcomes
WHEN NOT EXISTS (SELECT 1 FROM purges WHERE session_id = OLD.session_id)
BEGIN
    SELECT RAISE(ABORT, 'outcomes are append-only');
END;
