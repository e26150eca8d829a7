//! Leases on things only one process may hold at a time: mailboxes, gateways, the ticker.

use super::backend::{Arg, Sql, Tx, repeat, sql};
use super::{Store, StoreError};
use crate::domain::Timestamp;

const ACQUIRE: Sql = sql!(
    "INSERT INTO leases (name, owner, token, lease_until) VALUES ($1, $2, 1, $4)
     ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, token = leases.token + 1, lease_until = excluded.lease_until
     WHERE leases.lease_until <= $3 OR leases.owner = excluded.owner
     RETURNING token"
);
const RENEW: Sql = sql!("UPDATE leases SET lease_until = $4 WHERE name = $1 AND token = $2 AND lease_until > $3");
const RELEASE: Sql = sql!("UPDATE leases SET lease_until = 0 WHERE name = $1 AND token = $2");
const HELD: Sql = sql!(
    sqlite: "SELECT token FROM leases WHERE name = $1 AND token = $2 AND lease_until > $3",
    postgres: "SELECT token FROM leases WHERE name = $1 AND token = $2 AND lease_until > $3 FOR SHARE"
);

/// Proof of a lease: the token is larger each time the lease is taken, so that a holder that was asleep is told from its successor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// What is held.
    pub name: String,
    /// The fencing token.
    pub token: i64,
}

impl Fence {
    pub(super) async fn check(&self, tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
        let args = [Arg::Text(&self.name), Arg::Int(self.token), Arg::Int(now.0)];
        if tx.fetch::<(i64,)>(HELD, args).await?.is_empty() { Err(self.lost()) } else { Ok(()) }
    }

    fn lost(&self) -> StoreError {
        StoreError::LeaseLost { what: format!("lease `{}` with token {}", self.name, self.token) }
    }
}

impl Store {
    /// Takes the lease `name` until `until` when it is free, ended, or `owner`'s already; `None` while somebody else holds it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn acquire_lease(
        &self,
        name: &str,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Fence>, StoreError> {
        repeat!(self.acquire_once(name, owner, now, until))
    }

    async fn acquire_once(
        &self,
        name: &str,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Fence>, StoreError> {
        let mut tx = self.backend.write().await?;
        let args = [Arg::Text(name), Arg::Text(owner), Arg::Int(now.0), Arg::Int(until.0)];
        let token: Vec<(i64,)> = tx.fetch(ACQUIRE, args).await?;
        tx.commit().await?;
        Ok(token.first().map(|(token,)| Fence { name: name.to_owned(), token: *token }))
    }

    /// Extends a lease that has not ended.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when it has ended or somebody else has taken it: stop the work it covers.
    pub async fn renew_lease(&self, fence: &Fence, now: Timestamp, until: Timestamp) -> Result<(), StoreError> {
        let args = vec![Arg::Text(&fence.name), Arg::Int(fence.token), Arg::Int(now.0), Arg::Int(until.0)];
        if repeat!(self.write_one(RENEW, args.clone()))? == 1 { Ok(()) } else { Err(fence.lost()) }
    }

    /// Lets others have the lease at once. Nothing happens when it was lost already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_lease(&self, fence: &Fence) -> Result<(), StoreError> {
        let args = vec![Arg::Text(&fence.name), Arg::Int(fence.token)];
        repeat!(self.write_one(RELEASE, args.clone()))?;
        Ok(())
    }
}
