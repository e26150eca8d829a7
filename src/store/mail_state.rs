//! How far each mail folder was read. UIDs are only unique under one UIDVALIDITY (RFC 9051 §2.3.1.1), and may be done out of order.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::backend::{Arg, Sql, Tx, bulk, json, repeat, sql};
use super::{Fence, Store, StoreError};
use crate::domain::Timestamp;

const RAISE: Sql = sql!(
    "INSERT INTO mail_folders (mailbox, folder, uidvalidity, high_water, started_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (mailbox, folder, uidvalidity) DO UPDATE SET high_water =
       CASE WHEN excluded.high_water > mail_folders.high_water THEN excluded.high_water ELSE mail_folders.high_water END"
);
const DONE: Sql = bulk!(
    "INSERT INTO mail_uids (mailbox, folder, uidvalidity, uid)
     SELECT $2, $3, $4, CAST(value->>'uid' AS BIGINT) FROM " ROWS "
     WHERE CAST(value->>'uid' AS BIGINT) > $5 ON CONFLICT DO NOTHING"
);
const FORGET_BELOW: Sql =
    sql!("DELETE FROM mail_uids WHERE mailbox = $1 AND folder = $2 AND uidvalidity = $3 AND uid <= $4");
const FOLDERS: Sql = sql!(
    "SELECT uidvalidity, high_water, started_at FROM mail_folders WHERE mailbox = $1 AND folder = $2 ORDER BY uidvalidity"
);
const UIDS: Sql = sql!("SELECT uidvalidity, uid FROM mail_uids WHERE mailbox = $1 AND folder = $2");

#[derive(Serialize)]
struct Uid {
    uid: u32,
}

/// How far a folder was read under one UIDVALIDITY.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailState {
    /// The folder's UIDVALIDITY.
    pub uidvalidity: u32,
    /// Every UID up to this one is stored, or was not there when the folder was searched. 0 at the beginning.
    pub high_water: u32,
    /// UIDs above it that are stored.
    pub done: BTreeSet<u32>,
    /// When the folder was first looked at.
    pub started_at: Timestamp,
}

/// Progress in a folder, written together with the messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailCursor {
    /// `support`.
    pub mailbox: String,
    /// `INBOX`.
    pub folder: String,
    /// The folder's UIDVALIDITY.
    pub uidvalidity: u32,
    /// UIDs stored now.
    pub done: Vec<u32>,
    /// See [`MailState::high_water`]; it never falls, 0 leaves it as it is.
    pub high_water: u32,
    /// When the folder was first looked at; kept from the first write under this UIDVALIDITY.
    pub started_at: Timestamp,
    /// The lease on the mailbox: when it is out of date nothing is written.
    pub fence: Option<Fence>,
}

impl MailCursor {
    pub(super) async fn write(&self, tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
        if let Some(fence) = &self.fence {
            fence.check(tx, now).await?;
        }
        let (mailbox, folder) = (Arg::Text(&self.mailbox), Arg::Text(&self.folder));
        let validity = Arg::Int(i64::from(self.uidvalidity));
        let high_water = Arg::Int(i64::from(self.high_water));
        let started = Arg::Int(self.started_at.0);
        tx.execute(RAISE, [mailbox.clone(), folder.clone(), validity.clone(), high_water.clone(), started]).await?;
        let uids: Vec<Uid> =
            self.done.iter().filter(|uid| **uid > self.high_water).map(|uid| Uid { uid: *uid }).collect();
        if !uids.is_empty() {
            let args = [json(&uids)?, mailbox.clone(), folder.clone(), validity.clone(), high_water.clone()];
            tx.execute(DONE, args).await?;
        }
        if self.high_water > 0 {
            tx.execute(FORGET_BELOW, [mailbox, folder, validity, high_water]).await?;
        }
        Ok(())
    }
}

impl Store {
    /// How far `folder` was read, one entry for each UIDVALIDITY seen, ascending.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mail_state(&self, mailbox: &str, folder: &str) -> Result<Vec<MailState>, StoreError> {
        let args = [Arg::Text(mailbox), Arg::Text(folder)];
        let mut tx = self.backend.read().await?;
        let folders: Vec<(i64, i64, i64)> = tx.fetch(FOLDERS, args.clone()).await?;
        let uids: Vec<(i64, i64)> = tx.fetch(UIDS, args).await?;
        tx.commit().await?;
        let mut states = BTreeMap::new();
        for (uidvalidity, high_water, started_at) in folders {
            let (uidvalidity, high_water) = (narrow(uidvalidity)?, narrow(high_water)?);
            states.insert(
                uidvalidity,
                MailState { uidvalidity, high_water, done: BTreeSet::new(), started_at: Timestamp(started_at) },
            );
        }
        for (uidvalidity, uid) in uids {
            if let Some(state) = states.get_mut(&narrow(uidvalidity)?) {
                let uid = narrow(uid)?;
                if uid > state.high_water {
                    state.done.insert(uid);
                }
            }
        }
        Ok(states.into_values().collect())
    }

    /// Notes progress without new messages.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the cursor's fence is out of date.
    pub async fn mail_done(&self, cursor: &MailCursor, now: Timestamp) -> Result<(), StoreError> {
        repeat!(self.mail_done_once(cursor, now))
    }

    async fn mail_done_once(&self, cursor: &MailCursor, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.backend.write().await?;
        cursor.write(&mut tx, now).await?;
        tx.commit().await
    }
}

fn narrow(number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|_| StoreError::corrupt(format!("{number} is not a UID")))
}
