-- Conditions that monitoring systems reported: one row each, as it stands. The reports themselves are in the inbox.
CREATE TABLE alert_standings (
    source TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    ticket_id INTEGER REFERENCES tickets (id),
    opened_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (source, fingerprint)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_standings_opened ON alert_standings (source, opened_at);
CREATE INDEX alert_standings_firing ON alert_standings (ticket_id) WHERE state = 'firing';

-- What came in of each source at once. Its version makes decisions about new alerts of one source follow each other.
CREATE TABLE alert_flows (
    source TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    umbrella_ticket_id INTEGER REFERENCES tickets (id),
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How the places that are told are doing, as the process that sends sees it.
CREATE TABLE notify_circuits (
    name TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    open_until INTEGER,
    fault TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
