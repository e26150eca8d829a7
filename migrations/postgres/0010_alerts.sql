-- Conditions that monitoring systems reported: one row each, as it stands. The reports themselves are in the inbox.
CREATE TABLE alert_standings (
    source TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    ticket_id BIGINT REFERENCES tickets (id),
    opened_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (source, fingerprint)
);
CREATE INDEX alert_standings_opened ON alert_standings (source, opened_at);
CREATE INDEX alert_standings_firing ON alert_standings (ticket_id) WHERE state = 'firing';

-- What came in of each source at once. Its version makes decisions about new alerts of one source follow each other.
CREATE TABLE alert_flows (
    source TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    umbrella_ticket_id BIGINT REFERENCES tickets (id),
    body TEXT NOT NULL
);

-- How the places that are told are doing, as the process that sends sees it.
CREATE TABLE notify_circuits (
    name TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    open_until BIGINT,
    fault TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);
