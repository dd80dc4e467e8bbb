-- What was decided for a turn, and how good its answer was; what the tables mean is told in SQLite's change 8.

CREATE TABLE decisions (
    id          TEXT COLLATE "C" PRIMARY KEY,
    session_id  TEXT COLLATE "C" NOT NULL REFERENCES sessions (id) DEFERRABLE INITIALLY DEFERRED,
    at          BIGINT NOT NULL,
    policy      TEXT COLLATE "C",
    spec        TEXT COLLATE "C" NOT NULL,
    features    TEXT COLLATE "C" NOT NULL,
    candidates  TEXT COLLATE "C" NOT NULL,
    mask        TEXT COLLATE "C" NOT NULL,
    action      BIGINT NOT NULL CHECK (action >= 0),
    propensity  DOUBLE PRECISION NOT NULL CHECK (propensity > 0 AND propensity <= 1),
    cost_weight DOUBLE PRECISION NOT NULL CHECK (cost_weight >= 0),
    explored    BIGINT NOT NULL CHECK (explored IN (0, 1)),
    shadow      BIGINT CHECK (shadow >= 0),
    sha256      TEXT COLLATE "C" NOT NULL
);

CREATE INDEX decisions_by_session ON decisions (session_id, id);

CREATE TABLE decision_calls (
    decision_id TEXT COLLATE "C" NOT NULL REFERENCES decisions (id),
    call_id     TEXT COLLATE "C" NOT NULL UNIQUE,
    PRIMARY KEY (decision_id, call_id)
);

CREATE TABLE outcomes (
    id         TEXT COLLATE "C" PRIMARY KEY,
    session_id TEXT COLLATE "C" NOT NULL REFERENCES sessions (id),
    message_id TEXT COLLATE "C" NOT NULL REFERENCES messages (id),
    grader     TEXT COLLATE "C" NOT NULL,
    version    TEXT COLLATE "C" NOT NULL,
    value      DOUBLE PRECISION NOT NULL CHECK (value >= 0 AND value <= 1),
    note       TEXT,
    at         BIGINT NOT NULL
);

CREATE INDEX outcomes_by_session ON outcomes (session_id, message_id, grader);
CREATE INDEX outcomes_by_message ON outcomes (message_id, grader, at, id);

CREATE TRIGGER decisions_are_not_updated BEFORE UPDATE ON decisions
    FOR EACH ROW EXECUTE FUNCTION refuse_change('decisions are append-only');

CREATE TRIGGER decision_calls_are_not_updated BEFORE UPDATE ON decision_calls
    FOR EACH ROW EXECUTE FUNCTION refuse_change('decisions are append-only');

CREATE TRIGGER outcomes_are_not_updated BEFORE UPDATE ON outcomes
    FOR EACH ROW EXECUTE FUNCTION refuse_change('outcomes are append-only');

-- What belongs to a session that is being purged may be deleted; the argument is what is said otherwise.
CREATE FUNCTION refuse_deletion() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM purges WHERE session_id = OLD.session_id) THEN
        RAISE EXCEPTION USING MESSAGE = TG_ARGV[0];
    END IF;
    RETURN OLD;
END $$;

CREATE TRIGGER decisions_are_not_deleted BEFORE DELETE ON decisions
    FOR EACH ROW EXECUTE FUNCTION refuse_deletion('decisions are append-only');

CREATE TRIGGER outcomes_are_not_deleted BEFORE DELETE ON outcomes
    FOR EACH ROW EXECUTE FUNCTION refuse_deletion('outcomes are append-only');

CREATE FUNCTION refuse_deletion_of_decision_call() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM decisions d JOIN purges p ON p.session_id = d.session_id WHERE d.id = OLD.decision_id
    ) THEN
        RAISE EXCEPTION 'decisions are append-only';
    END IF;
    RETURN OLD;
END $$;

CREATE TRIGGER decision_calls_are_not_deleted BEFORE DELETE ON decision_calls
    FOR EACH ROW EXECUTE FUNCTION refuse_deletion_of_decision_call();
