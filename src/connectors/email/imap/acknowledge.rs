//! What happens to a mail on the server once it is stored here. By UID only; a plain EXPUNGE is never sent.

use std::time::Duration;

use super::connection::{Connection, Fault};
use super::fetch::sequence_set;
use super::{ReceiveError, Receiver, folder};
use crate::connectors::email::settings::After;

/// UIDs in one command, so that lines stay short.
const CHUNK: usize = 500;

impl Receiver {
    /// Marks or moves the mails `uids`, ascending, of UIDVALIDITY `uid_validity`, as the settings say. Call it after they are stored.
    ///
    /// Safe to repeat, and safe to leave out: nothing is read twice or lost by it. Does nothing when the folder was
    /// replaced meanwhile.
    ///
    /// # Errors
    /// [`ReceiveError`] when the server could not be reached or refused.
    pub async fn acknowledge(&mut self, uid_validity: u32, uids: &[u32]) -> Result<(), ReceiveError> {
        if self.settings.after == After::Keep || uids.is_empty() {
            return Ok(());
        }
        let done = async {
            let mut connection = self.connected().await?;
            if connection.uid_validity == uid_validity {
                for chunk in uids.chunks(CHUNK) {
                    self.mark(&mut connection, &sequence_set(chunk)).await?;
                }
            }
            self.connection = Some(connection);
            Ok(())
        };
        let done = done.await;
        done.map_err(|fault| self.hold_back(&fault))
    }

    async fn mark(&self, connection: &mut Connection, set: &str) -> Result<(), Fault> {
        let limit = Duration::from_secs(self.settings.timeout_s.max(1));
        match &self.settings.after {
            After::Keep => Ok(()),
            After::Seen => {
                let command = format!("UID STORE {set} +FLAGS.SILENT (\\Seen)");
                connection.command("UID STORE", &command, limit, &mut |_| {}).await
            }
            After::Move(target) => {
                let target = folder::quoted(target);
                match move_to(connection, set, &target, limit).await {
                    Err(Fault::Refused { reason, .. }) if reason.to_ascii_uppercase().contains("TRYCREATE") => {
                        connection.command("CREATE", &format!("CREATE {target}"), limit, &mut |_| {}).await?;
                        move_to(connection, set, &target, limit).await
                    }
                    moved => moved,
                }
            }
        }
    }
}

/// RFC 6851 where the server knows it; else copy, mark and expunge by UID (RFC 4315 §2.1). Without either the mail
/// stays where it is, copied.
async fn move_to(connection: &mut Connection, set: &str, target: &str, limit: Duration) -> Result<(), Fault> {
    if connection.can("MOVE") {
        return connection.command("UID MOVE", &format!("UID MOVE {set} {target}"), limit, &mut |_| {}).await;
    }
    if !connection.can("UIDPLUS") {
        return Err(Fault::Operator(
            "the server can neither MOVE nor UID EXPUNGE: use after = \"seen\" or \"keep\"".to_owned(),
        ));
    }
    connection.command("UID COPY", &format!("UID COPY {set} {target}"), limit, &mut |_| {}).await?;
    let delete = format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)");
    connection.command("UID STORE", &delete, limit, &mut |_| {}).await?;
    connection.command("UID EXPUNGE", &format!("UID EXPUNGE {set}"), limit, &mut |_| {}).await
}
