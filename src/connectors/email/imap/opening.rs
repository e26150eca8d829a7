//! Where the first look at a folder begins, and a rescan.

use super::Receiver;
use super::connection::{Connection, Fault};
use super::state::MailState;
use crate::connectors::email::settings::Backfill;

impl Receiver {
    /// The UID up to which nothing is taken in, and whether it was found out just now.
    pub(super) async fn opening(
        &mut self,
        connection: &mut Connection,
        state: &MailState,
    ) -> Result<(u32, bool), Fault> {
        if let Some((uid_validity, start)) = self.opening
            && uid_validity == connection.uid_validity
        {
            return Ok((start, false));
        }
        let is_rescan = state.uid_validity.is_some();
        let start = match self.settings.backfill {
            Backfill::All => 0,
            Backfill::Since(day) => before_first_of(connection, day).await?,
            // On a rescan what arrived since the first look may not be skipped.
            Backfill::New if is_rescan => match state.started_at.and_then(crate::domain::Timestamp::utc) {
                Some(at) => {
                    let day = at.date_naive();
                    before_first_of(connection, day.pred_opt().unwrap_or(day)).await?
                }
                None => 0,
            },
            Backfill::New => last_of(connection).await?,
        };
        self.opening = Some((connection.uid_validity, start));
        Ok((start, true))
    }
}

/// The UID before the first mail that arrived on `day` or later; the last one when there is none.
async fn before_first_of(connection: &mut Connection, day: chrono::NaiveDate) -> Result<u32, Fault> {
    let found = connection.search(&format!("SINCE {}", day.format("%-d-%b-%Y"))).await?;
    match found.first() {
        Some(first) => Ok(first.saturating_sub(1)),
        None => last_of(connection).await,
    }
}

/// The highest UID given so far; 0 in a folder that never held a mail.
async fn last_of(connection: &mut Connection) -> Result<u32, Fault> {
    if connection.uid_next > 0 {
        return Ok(connection.uid_next - 1);
    }
    Ok(connection.search("UID *").await?.last().copied().unwrap_or(0))
}
