-- Whose turn it is: the last turn of each agent in a queue. Who has the lowest was served longest ago.
CREATE TABLE agent_turns (
    queue TEXT NOT NULL,
    agent TEXT NOT NULL,
    turn INTEGER NOT NULL,
    PRIMARY KEY (queue, agent)
) STRICT, WITHOUT ROWID;

-- How many unfinished tickets each agent has.
CREATE INDEX tickets_in_hand ON tickets (assignee) WHERE assignee IS NOT NULL AND status IN ('new', 'open');

-- The list of problems. 'counted' is on it once it was seen often enough.
ALTER TABLE problems ADD COLUMN state TEXT NOT NULL DEFAULT 'open';
ALTER TABLE problems ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE problems ADD COLUMN owner TEXT;
ALTER TABLE problems ADD COLUMN cause TEXT;
ALTER TABLE problems ADD COLUMN workaround TEXT;
ALTER TABLE problems ADD COLUMN nudge_at INTEGER;
ALTER TABLE problems ADD COLUMN closed_at INTEGER;
ALTER TABLE problems ADD COLUMN closed_because TEXT;
ALTER TABLE problems ADD COLUMN reviewed_at INTEGER;

-- The tickets behind a problem.
CREATE TABLE problem_tickets (
    problem_key TEXT NOT NULL,
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    at INTEGER NOT NULL,
    PRIMARY KEY (problem_key, ticket_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX problem_tickets_ticket ON problem_tickets (ticket_id);
INSERT INTO problem_tickets (problem_key, ticket_id, at) SELECT key, first_ticket_id, opened_at FROM problems;

-- How content requesters are, 1 to 5. The truth is in the ticket; these rows are what it says, for reports.
CREATE TABLE satisfaction (
    ticket_id INTEGER PRIMARY KEY REFERENCES tickets (id),
    requester TEXT NOT NULL,
    score INTEGER NOT NULL,
    comment TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX satisfaction_at ON satisfaction (at);

-- The register of complaints. The truth is in the ticket, as above.
CREATE TABLE complaints (
    ticket_id INTEGER PRIMARY KEY REFERENCES tickets (id),
    at INTEGER NOT NULL,
    service TEXT NOT NULL,
    content TEXT NOT NULL,
    action TEXT NOT NULL,
    action_by TEXT,
    action_at INTEGER
) STRICT;
CREATE INDEX complaints_at ON complaints (at);
