//! Mail: in by IMAP, out by SMTP, scanned by clamd.
