-- Promises of tickets. The truth is in the ticket; these rows are what its clocks say, so that those due are found by an index
-- and counted by a report. One row a kind and level; kind 'watch' says when the escalation rules look again.
CREATE TABLE sla_timers (
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    kind TEXT NOT NULL,
    level TEXT NOT NULL,
    policy TEXT NOT NULL,
    state TEXT NOT NULL,
    cycle INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    met_at INTEGER,
    breached_at INTEGER,
    kept INTEGER NOT NULL,
    missed INTEGER NOT NULL,
    next_at INTEGER,
    PRIMARY KEY (ticket_id, kind, level)
) STRICT, WITHOUT ROWID;
CREATE INDEX sla_timers_next ON sla_timers (next_at, ticket_id) WHERE next_at IS NOT NULL;

-- What has fired, for ever: a rule fires once for each thing it waits for.
CREATE TABLE escalation_firings (
    key TEXT PRIMARY KEY,
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    rule TEXT NOT NULL,
    because TEXT NOT NULL,
    fired_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX escalation_firings_ticket ON escalation_firings (ticket_id);

-- Matters behind several tickets.
CREATE TABLE problems (
    key TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    first_ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    last_ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    times INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The version of the rules all open tickets were last brought up to.
CREATE TABLE rules_in_force (
    name TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
