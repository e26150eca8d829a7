//! Signing keys of reply tokens, and OAuth tokens as the caller sealed them.

use super::backend::{Arg, Sql, repeat, sql};
use super::{Store, StoreError};
use crate::domain::{Keyring, Timestamp};

const KEYS: Sql = sql!("SELECT id, key FROM signing_keys ORDER BY id");
const ADD_KEY: Sql = sql!("INSERT INTO signing_keys (id, key, created_at) VALUES ($1, $2, $3)");
const FIRST_KEY: Sql = sql!(
    "INSERT INTO signing_keys (id, key, created_at) SELECT 1, $1, $2
     WHERE NOT EXISTS (SELECT 1 FROM signing_keys) ON CONFLICT (id) DO NOTHING"
);
const PUT_TOKEN: Sql = sql!(
    "INSERT INTO oauth_tokens (mailbox, sealed, updated_at) VALUES ($1, $2, $3)
     ON CONFLICT (mailbox) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at"
);
const GET_TOKEN: Sql = sql!("SELECT sealed FROM oauth_tokens WHERE mailbox = $1");

impl Store {
    /// All keys, oldest first; the last one signs.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keyring(&self) -> Result<Keyring, StoreError> {
        let mut tx = self.backend.read().await?;
        let keys: Vec<(i64, Vec<u8>)> = tx.fetch(KEYS, []).await?;
        tx.commit().await?;
        let narrow = |id: i64| u32::try_from(id).map_err(|_| StoreError::corrupt(format!("signing key {id}")));
        let keys = keys.into_iter().map(|(id, key)| Ok((narrow(id)?, key))).collect::<Result<_, StoreError>>()?;
        Ok(Keyring::new(keys))
    }

    /// Adds a key; the one with the largest id signs from now on.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id is taken.
    pub async fn add_key(&self, id: u32, key: &[u8], now: Timestamp) -> Result<(), StoreError> {
        let args = vec![Arg::Int(i64::from(id)), Arg::Bytes(key.to_vec()), Arg::Int(now.0)];
        repeat!(self.write_one(ADD_KEY, args.clone()))?;
        Ok(())
    }

    /// Makes `key` the first key when there is none. Returns the keys there are now: with several processes starting at once, all
    /// get the same.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first_key(&self, key: &[u8], now: Timestamp) -> Result<Keyring, StoreError> {
        let args = vec![Arg::Bytes(key.to_vec()), Arg::Int(now.0)];
        repeat!(self.write_one(FIRST_KEY, args.clone()))?;
        self.keyring().await
    }

    /// Keeps a mailbox's token, sealed by the caller.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_oauth_token(&self, mailbox: &str, sealed: &[u8], now: Timestamp) -> Result<(), StoreError> {
        let args = vec![Arg::Text(mailbox), Arg::Bytes(sealed.to_vec()), Arg::Int(now.0)];
        repeat!(self.write_one(PUT_TOKEN, args.clone()))?;
        Ok(())
    }

    /// A mailbox's token as it was put.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn oauth_token(&self, mailbox: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(Vec<u8>,)> = tx.fetch(GET_TOKEN, [Arg::Text(mailbox)]).await?;
        tx.commit().await?;
        Ok(found.into_iter().next().map(|(sealed,)| sealed))
    }
}
