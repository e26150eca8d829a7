-- Promises of tickets. The truth is in the ticket; these rows are what its clocks say, so that those due are found by an index
-- and counted by a report. One row a kind and level; kind 'watch' says when the escalation rules look again.
CREATE TABLE sla_timers (
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    kind TEXT NOT NULL,
    level TEXT NOT NULL,
    policy TEXT NOT NULL,
    state TEXT NOT NULL,
    cycle BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    met_at BIGINT,
    breached_at BIGINT,
    kept BIGINT NOT NULL,
    missed BIGINT NOT NULL,
    next_at BIGINT,
    PRIMARY KEY (ticket_id, kind, level)
);
CREATE INDEX sla_timers_next ON sla_timers (next_at, ticket_id) WHERE next_at IS NOT NULL;

-- What has fired, for ever: a rule fires once for each thing it waits for.
CREATE TABLE escalation_firings (
    key TEXT PRIMARY KEY,
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    rule TEXT NOT NULL,
    because TEXT NOT NULL,
    fired_at BIGINT NOT NULL
);
CREATE INDEX escalation_firings_ticket ON escalation_firings (ticket_id);

-- Matters behind several tickets.
CREATE TABLE problems (
    key TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    first_ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    last_ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    times BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);

-- The version of the rules all open tickets were last brought up to.
CREATE TABLE rules_in_force (
    name TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    since BIGINT NOT NULL
);
