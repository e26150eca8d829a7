-- Times are milliseconds since 1970-01-01T00:00:00Z. Both databases have the same tables and columns (a test compares them).

-- One row for each received message, for ever: the ledger.
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    conversation TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    full_size_bytes INTEGER,
    raw_sha256 TEXT,
    arrived_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    stale INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    after_id INTEGER,
    lease_owner TEXT,
    lease_until INTEGER NOT NULL DEFAULT 0,
    done_at INTEGER,
    fate TEXT NOT NULL DEFAULT 'pending',
    reason TEXT NOT NULL DEFAULT '',
    ticket_id INTEGER,
    article TEXT,
    catalog_version TEXT NOT NULL DEFAULT '',
    UNIQUE (channel, external_id),
    CHECK ((done_at IS NULL) = (fate = 'pending'))
) STRICT;
CREATE INDEX inbox_open ON inbox (conversation, id) WHERE done_at IS NULL;
CREATE INDEX inbox_fresh ON inbox (id) WHERE done_at IS NULL AND attempts = 0 AND after_id IS NULL;
CREATE INDEX inbox_suspect ON inbox (lease_until, id) WHERE done_at IS NULL AND attempts > 0;
CREATE INDEX inbox_after ON inbox (after_id) WHERE after_id IS NOT NULL;
CREATE INDEX inbox_buried ON inbox (id) WHERE fate = 'buried';
CREATE INDEX inbox_large ON inbox (raw_sha256) WHERE raw_sha256 IS NOT NULL;

-- Apart from the inbox, so that leasing a row does not rewrite the message.
CREATE TABLE inbox_raw (
    inbox_id INTEGER PRIMARY KEY REFERENCES inbox (id),
    bytes BLOB NOT NULL
) STRICT;

-- Used on PostgreSQL only; SQLite keeps large messages as files.
CREATE TABLE raw_chunks (
    sha256 TEXT NOT NULL,
    n INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (sha256, n)
) STRICT;

CREATE TABLE tickets (
    id INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    queue TEXT NOT NULL,
    priority TEXT NOT NULL,
    intent TEXT,
    requester TEXT NOT NULL,
    channel TEXT NOT NULL,
    source TEXT NOT NULL,
    assignee TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    next_due_at INTEGER,
    merged_into INTEGER,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX tickets_status ON tickets (status, updated_at);
CREATE INDEX tickets_requester ON tickets (requester);
CREATE INDEX tickets_next_due ON tickets (next_due_at) WHERE next_due_at IS NOT NULL;

CREATE TABLE ticket_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX ticket_events_ticket ON ticket_events (ticket_id, id);

CREATE TABLE messages (
    inbox_id INTEGER PRIMARY KEY REFERENCES inbox (id),
    ticket_id INTEGER REFERENCES tickets (id),
    fingerprint TEXT NOT NULL UNIQUE,
    message_id TEXT,
    sender TEXT NOT NULL,
    sender_name TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    reply_text TEXT NOT NULL,
    language TEXT NOT NULL,
    arrived_at INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_ticket ON messages (ticket_id, inbox_id) WHERE ticket_id IS NOT NULL;

CREATE TABLE attachments (
    inbox_id INTEGER NOT NULL REFERENCES messages (inbox_id),
    n INTEGER NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    inline INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    scan TEXT NOT NULL,
    warnings TEXT NOT NULL,
    PRIMARY KEY (inbox_id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_unscanned ON attachments (inbox_id) WHERE scan = 'unscanned';

-- Fingerprints of erased messages: a copy that turns up again is dropped.
CREATE TABLE tombstones (
    fingerprint TEXT PRIMARY KEY,
    erased_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE thread_keys (
    key TEXT PRIMARY KEY,
    ticket_id INTEGER NOT NULL REFERENCES tickets (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE decisions (
    inbox_id INTEGER PRIMARY KEY REFERENCES inbox (id),
    decision TEXT NOT NULL,
    catalog_version TEXT NOT NULL,
    decided TEXT NOT NULL,
    classification TEXT,
    decided_at INTEGER NOT NULL
) STRICT;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dedupe_key TEXT NOT NULL UNIQUE,
    ticket_id INTEGER REFERENCES tickets (id),
    channel TEXT NOT NULL,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    automatic INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    lease_owner TEXT,
    state TEXT NOT NULL DEFAULT 'waiting',
    done_at INTEGER,
    error TEXT NOT NULL DEFAULT '',
    bounced_at INTEGER,
    CHECK ((done_at IS NULL) = (state = 'waiting'))
) STRICT;
CREATE INDEX outbox_due ON outbox (channel, source, next_at, id) WHERE done_at IS NULL;
CREATE INDEX outbox_failed ON outbox (id) WHERE state = 'failed';
CREATE INDEX outbox_automatic ON outbox (recipient, created_at) WHERE automatic = 1;
CREATE INDEX outbox_message_id ON outbox (message_id);
CREATE INDEX outbox_ticket ON outbox (ticket_id, id) WHERE ticket_id IS NOT NULL;

CREATE TABLE delivery_attempts (
    outbox_id INTEGER NOT NULL REFERENCES outbox (id),
    attempt INTEGER NOT NULL,
    owner TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT,
    error TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (outbox_id, attempt, started_at)
) STRICT, WITHOUT ROWID;

-- How far a folder was read: every UID up to high_water is done; mail_uids holds the done ones above.
CREATE TABLE mail_folders (
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    high_water INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    PRIMARY KEY (mailbox, folder, uidvalidity)
) STRICT, WITHOUT ROWID;
CREATE TABLE mail_uids (
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    PRIMARY KEY (mailbox, folder, uidvalidity, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    token INTEGER NOT NULL,
    lease_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_keys (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE oauth_tokens (
    mailbox TEXT PRIMARY KEY,
    sealed BLOB NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the files held when they were imported. A revision is never changed.
CREATE TABLE article_revisions (
    article TEXT NOT NULL,
    language TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL,
    imported_at INTEGER NOT NULL,
    PRIMARY KEY (article, language, revision)
) STRICT, WITHOUT ROWID;
