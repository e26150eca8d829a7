//! Mail: in by IMAP, out by SMTP, scanned by clamd.
//!
//! Nothing here stores, decides or knows a ticket. Every wait on a network has an end.

mod bearer;
pub mod clamd;
pub mod imap;
pub mod oauth;
pub mod parse;
pub mod probe;
pub mod settings;
pub mod smtp;
pub(super) mod tls;
