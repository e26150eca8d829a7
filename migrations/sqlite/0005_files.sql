-- Files kept by themselves, by their SHA-256: what a chat message brings, which its raw form does not hold. The bytes are kept
-- as those of large raw messages are.
CREATE TABLE files (
    sha256 TEXT PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    stored_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_sha256 ON attachments (sha256);

-- Files that could not be scanned are scanned again, not before next_scan_at.
ALTER TABLE attachments ADD COLUMN scan_attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attachments ADD COLUMN next_scan_at INTEGER NOT NULL DEFAULT 0;
DROP INDEX attachments_unscanned;
CREATE INDEX attachments_unscanned ON attachments (next_scan_at, inbox_id) WHERE scan = 'unscanned';

-- Delivered mail whose copy is still to be put into the mailbox's folder for sent mail.
CREATE TABLE sent_copies (
    outbox_id INTEGER PRIMARY KEY REFERENCES outbox (id),
    source TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sent_copies_due ON sent_copies (source, next_at);
