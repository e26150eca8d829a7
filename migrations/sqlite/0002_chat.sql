-- Chat: held text, what a service took, who is who, how far rooms were read.

-- Not handed out before this: text in chat waits for what the same person writes next. 0 for rows older than this column.
ALTER TABLE inbox ADD COLUMN hold_until INTEGER NOT NULL DEFAULT 0;
DROP INDEX inbox_fresh;
CREATE INDEX inbox_ready ON inbox (hold_until, id) WHERE done_at IS NULL AND attempts = 0 AND after_id IS NULL;

-- The post's own id in the chat service, once it was taken.
ALTER TABLE outbox ADD COLUMN reference TEXT;

DROP INDEX tickets_requester;
CREATE INDEX tickets_requester ON tickets (requester, id);
CREATE INDEX messages_message_id ON messages (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A person. The number is that of the inbox row they were first met in.
CREATE TABLE requesters (
    id INTEGER PRIMARY KEY,
    language TEXT,
    created_at INTEGER NOT NULL
) STRICT;

-- Every address is one person's.
CREATE TABLE identities (
    address TEXT PRIMARY KEY,
    requester_id INTEGER NOT NULL,
    proof TEXT NOT NULL,
    linked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_requester ON identities (requester_id);

CREATE TABLE link_codes (
    code_hash TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX link_codes_expiry ON link_codes (expires_at);

-- One row for each code that was typed; `nth` counts those of an address, so that two at once cannot count as one.
CREATE TABLE link_tries (
    address TEXT NOT NULL,
    nth INTEGER NOT NULL,
    tried_at INTEGER NOT NULL,
    PRIMARY KEY (address, nth)
) STRICT, WITHOUT ROWID;
