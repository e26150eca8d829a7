//! What commands note in the audit log.

use crate::config::env;
use crate::domain::{AuditEntry, Timestamp};
use crate::store::Store;

/// Who runs the command, as the system knows them.
pub(super) fn who() -> String {
    env("USER").or_else(|| env("LOGNAME")).filter(|name| !name.is_empty()).unwrap_or_else(|| "operator".to_owned())
}

/// Notes that the person at the shell changed `subject` from before to after.
///
/// # Errors
/// When the database fails.
pub(super) async fn change(
    store: &Store,
    action: &str,
    subject: &str,
    [before, after]: [&str; 2],
    now: Timestamp,
) -> anyhow::Result<()> {
    let entry = AuditEntry {
        at: now,
        actor: who(),
        origin: "cli".to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        before: before.to_owned(),
        after: after.to_owned(),
    };
    Ok(store.audit(&[entry]).await?)
}
