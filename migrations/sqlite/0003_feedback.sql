-- What people said of decisions. One vote for each person and part of a decision: a later one takes its place.
CREATE TABLE feedback (
    inbox_id INTEGER NOT NULL,
    aspect TEXT NOT NULL,
    actor TEXT NOT NULL,
    source TEXT NOT NULL,
    outcome TEXT NOT NULL,
    given TEXT,
    wanted TEXT,
    -- Of the decision that is judged, kept here because decisions are erased with their messages. Millionths.
    decision TEXT NOT NULL,
    probability INTEGER,
    at INTEGER NOT NULL,
    PRIMARY KEY (inbox_id, aspect, actor)
) STRICT, WITHOUT ROWID;
CREATE INDEX feedback_at ON feedback (at);

-- The messages the model in force was taught with.
CREATE TABLE examples (
    inbox_id INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    language TEXT NOT NULL,
    intent TEXT,
    article TEXT,
    source TEXT NOT NULL,
    weight INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;

-- One row for each time the desk has learnt. The newest one that is in force counts.
CREATE TABLE models (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    made_at INTEGER NOT NULL,
    in_force INTEGER NOT NULL,
    policy TEXT NOT NULL,
    report TEXT NOT NULL
) STRICT;

-- What a decision saw beside text and catalog, and the probability of the article it named, in millionths.
ALTER TABLE decisions ADD COLUMN seen TEXT;
ALTER TABLE decisions ADD COLUMN probability INTEGER;
