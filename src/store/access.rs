//! People who work on the desk, and tokens of programs. Passwords and tokens are kept as hashes made elsewhere.

use super::backend::{Arg, Sql, repeat, sql};
use super::{Store, StoreError};
use crate::domain::words::UnknownWord;
use crate::domain::{ApiToken, Role, Timestamp, User};

const ADD_USER: Sql = sql!(
    "INSERT INTO users (name, role, password_hash, created_at, changed_at) VALUES ($1, $2, $3, $4, $4)
     ON CONFLICT (name) DO NOTHING"
);
const USERS: Sql = sql!("SELECT name, role, created_at, disabled_at FROM users ORDER BY name");
const PASSWORD: Sql = sql!("SELECT password_hash FROM users WHERE name = $1 AND disabled_at IS NULL");
const SET_ROLE: Sql = sql!("UPDATE users SET role = $2, changed_at = $3 WHERE name = $1");
const SET_PASSWORD: Sql = sql!("UPDATE users SET password_hash = $2, changed_at = $3 WHERE name = $1");
const DISABLE: Sql = sql!("UPDATE users SET disabled_at = $2, changed_at = $2 WHERE name = $1 AND disabled_at IS NULL");
const ENABLE: Sql =
    sql!("UPDATE users SET disabled_at = NULL, changed_at = $2 WHERE name = $1 AND disabled_at IS NOT NULL");
const ADD_TOKEN: Sql = sql!(
    "INSERT INTO api_tokens (name, role, token_sha256, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
     RETURNING id"
);
// A literal NULL has no type of its own on PostgreSQL, so that time without an end has a statement of its own.
const ADD_LASTING_TOKEN: Sql = sql!(
    "INSERT INTO api_tokens (name, role, token_sha256, created_by, created_at) VALUES ($1, $2, $3, $4, $5) RETURNING id"
);
const TOKENS: Sql =
    sql!("SELECT id, name, role, created_by, created_at, expires_at, revoked_at FROM api_tokens ORDER BY id");
const TOKEN: Sql = sql!(
    "SELECT id, name, role, created_by, created_at, expires_at, revoked_at FROM api_tokens
     WHERE token_sha256 = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)"
);
const REVOKE: Sql = sql!("UPDATE api_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL");

/// Whether somebody may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// They may.
    Enabled,
    /// They may not.
    Disabled,
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    id: i64,
    name: String,
    role: String,
    created_by: String,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl Store {
    /// Adds `user` with the hash of their password; `false` when the name is taken.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_user(&self, user: &User, password_hash: &str) -> Result<bool, StoreError> {
        let args = vec![
            Arg::Text(&user.name),
            Arg::Text(user.role.as_str()),
            Arg::Text(password_hash),
            Arg::Int(user.created_at.0),
        ];
        Ok(repeat!(self.write_one(ADD_USER, args.clone()))? == 1)
    }

    /// Everybody, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<(String, String, i64, Option<i64>)> = tx.fetch(USERS, []).await?;
        tx.commit().await?;
        let read = |(name, role, created_at, disabled_at): (String, String, i64, Option<i64>)| {
            let role = parse(&role, &name)?;
            Ok(User { name, role, created_at: Timestamp(created_at), disabled_at: disabled_at.map(Timestamp) })
        };
        rows.into_iter().map(read).collect()
    }

    /// The hash of the password of somebody who may sign in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn password_hash(&self, name: &str) -> Result<Option<String>, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<(String,)> = tx.fetch(PASSWORD, [Arg::Text(name)]).await?;
        tx.commit().await?;
        Ok(rows.into_iter().next().map(|(hash,)| hash))
    }

    /// Gives somebody another role; `false` when there is nobody of that name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_role(&self, name: &str, role: Role, now: Timestamp) -> Result<bool, StoreError> {
        let args = vec![Arg::Text(name), Arg::Text(role.as_str()), Arg::Int(now.0)];
        Ok(repeat!(self.write_one(SET_ROLE, args.clone()))? == 1)
    }

    /// Gives somebody another password; `false` when there is nobody of that name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_password(&self, name: &str, password_hash: &str, now: Timestamp) -> Result<bool, StoreError> {
        let args = vec![Arg::Text(name), Arg::Text(password_hash), Arg::Int(now.0)];
        Ok(repeat!(self.write_one(SET_PASSWORD, args.clone()))? == 1)
    }

    /// Lets somebody in again, or no longer; `false` when nothing changed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_standing(&self, name: &str, standing: Standing, now: Timestamp) -> Result<bool, StoreError> {
        let sql = match standing {
            Standing::Enabled => ENABLE,
            Standing::Disabled => DISABLE,
        };
        Ok(repeat!(self.write_one(sql, vec![Arg::Text(name), Arg::Int(now.0)]))? == 1)
    }

    /// Keeps a token by its SHA-256 (lower-case hex); `id` and `revoked_at` of `token` are not looked at. Returns its number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_token(&self, token: &ApiToken, sha256: &str) -> Result<i64, StoreError> {
        let mut args = vec![
            Arg::Text(&token.name),
            Arg::Text(token.role.as_str()),
            Arg::Text(sha256),
            Arg::Text(&token.created_by),
            Arg::Int(token.created_at.0),
        ];
        args.extend(token.expires_at.map(|at| Arg::Int(at.0)));
        let sql = if token.expires_at.is_some() { ADD_TOKEN } else { ADD_LASTING_TOKEN };
        let mut tx = self.backend.write().await?;
        let added: Vec<(i64,)> = tx.fetch(sql, args).await?;
        tx.commit().await?;
        Ok(added.first().map_or(0, |(id,)| *id))
    }

    /// Every token, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<TokenRow> = tx.fetch(TOKENS, []).await?;
        tx.commit().await?;
        rows.into_iter().map(TokenRow::read).collect()
    }

    /// The token with this SHA-256 when it lets in at `now`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn token(&self, sha256: &str, now: Timestamp) -> Result<Option<ApiToken>, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<TokenRow> = tx.fetch(TOKEN, [Arg::Text(sha256), Arg::Int(now.0)]).await?;
        tx.commit().await?;
        rows.into_iter().next().map(TokenRow::read).transpose()
    }

    /// Takes a token back for good; `false` when there is none or it was taken back before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_token(&self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        Ok(repeat!(self.write_one(REVOKE, vec![Arg::Int(id), Arg::Int(now.0)]))? == 1)
    }
}

impl TokenRow {
    fn read(self) -> Result<ApiToken, StoreError> {
        Ok(ApiToken {
            id: self.id,
            role: parse(&self.role, &self.name)?,
            name: self.name,
            created_by: self.created_by,
            created_at: Timestamp(self.created_at),
            expires_at: self.expires_at.map(Timestamp),
            revoked_at: self.revoked_at.map(Timestamp),
        })
    }
}

fn parse(role: &str, name: &str) -> Result<Role, StoreError> {
    role.parse().map_err(|error: UnknownWord| StoreError::corrupt(format!("role of `{name}`: {error}")))
}
