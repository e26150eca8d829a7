//! Who may use the desk, and what is noted of what they change.

use serde::{Deserialize, Serialize};

use super::Timestamp;
use super::words::words;

words! {
    /// What somebody may do. Each role may do what the one before it may.
    Role {
        /// Sees tickets and reports.
        Viewer = "viewer",
        /// Works on tickets.
        Agent = "agent",
        /// Tunes rules, articles and thresholds.
        Lead = "lead",
        /// Manages users, tokens and personal data.
        Admin = "admin",
    }
}

/// A person who works on the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Unique; stands in the history.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// When they were added.
    pub created_at: Timestamp,
    /// They may not sign in since then.
    pub disabled_at: Option<Timestamp>,
}

/// A program's way in. The token itself is shown once and kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    /// Names it to `token revoke`.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// It does not let in from then on; none for never.
    pub expires_at: Option<Timestamp>,
    /// It was taken back.
    pub revoked_at: Option<Timestamp>,
}

/// One change by a person or a rule. Holds nothing that a requester wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who: a name, `rule`, `requester`.
    pub actor: String,
    /// From where: `cli`, `console`, `inbox:1042` (by a message), `rule` (by the passing of time), `desk`.
    pub origin: String,
    /// What: `status`, `queue`, `privacy.erase` …
    pub action: String,
    /// Of what: `T-1042`, `user:sato`.
    pub subject: String,
    /// How it was; empty when there is nothing to say.
    pub before: String,
    /// How it is.
    pub after: String,
}
