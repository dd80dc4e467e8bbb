-- What was billed for what was counted before it was sent: of each model the latest calls, and no more of them than are
-- looked at. Both are tokens of input.
CREATE TABLE token_counts (
    id         TEXT    PRIMARY KEY,
    model      TEXT    NOT NULL,
    counted    INTEGER NOT NULL CHECK (counted > 0),
    billed     INTEGER NOT NULL CHECK (billed > 0),
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX token_counts_of_models ON token_counts (model, created_at, id);
