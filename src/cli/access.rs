//! `user` and `token`: who may use the desk.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{Global, noted, out, settings};
use crate::clock::Clock;
use crate::domain::password;
use crate::domain::{ApiToken, Role, Timestamp, User};
use crate::store::{Standing, Store};

const DAY_MS: i64 = 86_400_000;
/// Random bytes of a generated password and of a token.
const PASSWORD_BYTES: usize = 15;
const TOKEN_BYTES: usize = 32;

#[derive(Args)]
pub(super) struct Users {
    #[command(subcommand)]
    action: UserAction,
}

#[derive(Subcommand)]
enum UserAction {
    /// Let somebody in; prints a password unless one is given
    Add {
        /// Their name, as it stands in the history
        name: String,
        /// viewer, agent, lead or admin
        #[arg(long, default_value = "agent")]
        role: Role,
        /// Read the password from a file instead of making one
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Everybody
    List,
    /// Give somebody another role
    Role {
        /// Their name
        name: String,
        /// viewer, agent, lead or admin
        role: Role,
    },
    /// Give somebody another password
    Password {
        /// Their name
        name: String,
        /// Read it from a file instead of making one
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Let somebody in no longer
    Disable {
        /// Their name
        name: String,
    },
    /// Let somebody in again
    Enable {
        /// Their name
        name: String,
    },
}

#[derive(Args)]
pub(super) struct Tokens {
    #[command(subcommand)]
    action: TokenAction,
}

#[derive(Subcommand)]
enum TokenAction {
    /// Make a token for a program; it is shown once
    Create {
        /// What it is for
        name: String,
        /// viewer, agent, lead or admin
        #[arg(long, default_value = "viewer")]
        role: Role,
        /// It ends after this many days [default: never]
        #[arg(long, value_name = "DAYS")]
        days: Option<u32>,
    },
    /// Take a token back
    Revoke {
        /// Its number, from `token list`
        id: i64,
    },
    /// Every token
    List,
}

pub(super) fn run_user(command: &Users, global: &Global) -> anyhow::Result<ExitCode> {
    settings::with_store(global, async |store, config| {
        let now = Clock::system().now();
        match &command.action {
            UserAction::Add { name, role, password_file } => {
                add(store, (name, *role), password_file.as_deref(), global, now).await?;
            }
            UserAction::List => list_users(&store.users().await?, config.timezone, global)?,
            UserAction::Role { name, role } => {
                let before = find(store, name).await?.role;
                store.set_role(name, *role, now).await?;
                noted::change(store, "user.role", &subject(name), [before.as_str(), role.as_str()], now).await?;
                changed(name, &format!("is {role}"), global)?;
            }
            UserAction::Password { name, password_file } => {
                find(store, name).await?;
                let (password, made) = password_of(password_file.as_deref())?;
                store.set_password(name, &password::hash(&password, random()?)?, now).await?;
                noted::change(store, "user.password", &subject(name), ["", "changed"], now).await?;
                show_password(name, made.then_some(password.as_str()), global)?;
            }
            UserAction::Disable { name } => stand(store, name, Standing::Disabled, global, now).await?,
            UserAction::Enable { name } => stand(store, name, Standing::Enabled, global, now).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn subject(name: &str) -> String {
    format!("user:{name}")
}

async fn find(store: &Store, name: &str) -> anyhow::Result<User> {
    let found = store.users().await?.into_iter().find(|user| user.name == name);
    found.with_context(|| format!("there is nobody called `{name}`; `madoguchi user list` shows all"))
}

async fn add(
    store: &Store,
    (name, role): (&str, Role),
    file: Option<&Path>,
    global: &Global,
    now: Timestamp,
) -> anyhow::Result<()> {
    let is_plain = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control());
    ensure!(is_plain, "`{name}`: a name has no blanks");
    let (password, made) = password_of(file)?;
    let user = User { name: name.to_owned(), role, created_at: now, disabled_at: None };
    if !store.add_user(&user, &password::hash(&password, random()?)?).await? {
        bail!("there is a `{name}` already; `user role` and `user password` change them");
    }
    noted::change(store, "user.add", &subject(name), ["", role.as_str()], now).await?;
    show_password(name, made.then_some(password.as_str()), global)
}

async fn stand(store: &Store, name: &str, standing: Standing, global: &Global, now: Timestamp) -> anyhow::Result<()> {
    find(store, name).await?;
    let [before, after] = match standing {
        Standing::Disabled => ["enabled", "disabled"],
        Standing::Enabled => ["disabled", "enabled"],
    };
    if store.set_standing(name, standing, now).await? {
        noted::change(store, "user.standing", &subject(name), [before, after], now).await?;
    }
    changed(name, &format!("is {after}"), global)
}

/// The password of the file, or a new one; and whether it is new.
fn password_of(file: Option<&Path>) -> anyhow::Result<(String, bool)> {
    let Some(file) = file else { return Ok((word::<PASSWORD_BYTES>()?, true)) };
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok((text.trim_end_matches(['\r', '\n']).to_owned(), false))
}

fn show_password(name: &str, password: Option<&str>, global: &Global) -> anyhow::Result<()> {
    if global.json {
        return out::json(&json!({ "user": name, "password": password }));
    }
    match password {
        Some(password) => out::line(format!("{name}: password {password} (shown once)")),
        None => out::line(format!("{name}: password as given")),
    }
    Ok(())
}

fn changed(name: &str, what: &str, global: &Global) -> anyhow::Result<()> {
    if global.json {
        return out::json(&json!({ "user": name, "state": what }));
    }
    out::line(format!("{name} {what}"));
    Ok(())
}

fn list_users(users: &[User], zone: chrono_tz::Tz, global: &Global) -> anyhow::Result<()> {
    if global.json {
        let row = |user: &User| {
            json!({ "name": user.name, "role": user.role, "created_at": user.created_at.rfc3339(),
                    "disabled_at": user.disabled_at.map(Timestamp::rfc3339) })
        };
        return out::json(&users.iter().map(row).collect::<Vec<_>>().into());
    }
    let mut table = out::table(["name", "role", "added", "disabled"]);
    for user in users {
        let disabled = user.disabled_at.map_or_else(String::new, |at| out::when(at, zone));
        table.add_row([user.name.clone(), user.role.to_string(), out::when(user.created_at, zone), disabled]);
    }
    out::line(table.to_string());
    Ok(())
}

pub(super) fn run_token(command: &Tokens, global: &Global) -> anyhow::Result<ExitCode> {
    settings::with_store(global, async |store, config| {
        let now = Clock::system().now();
        match &command.action {
            TokenAction::Create { name, role, days } => create(store, (name, *role, *days), global, now).await?,
            TokenAction::Revoke { id } => {
                ensure!(store.revoke_token(*id, now).await?, "there is no token {id} in use; `token list` shows all");
                noted::change(store, "token.revoke", &format!("token:{id}"), ["in use", "revoked"], now).await?;
                if global.json {
                    out::json(&json!({ "id": id, "revoked": true }))?;
                } else {
                    out::line(format!("token {id} lets nobody in any more"));
                }
            }
            TokenAction::List => list_tokens(&store.tokens().await?, config.timezone, global)?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn create(
    store: &Store,
    (name, role, days): (&str, Role, Option<u32>),
    global: &Global,
    now: Timestamp,
) -> anyhow::Result<()> {
    let token = format!("mdg_{}", word::<TOKEN_BYTES>()?);
    let kept = ApiToken {
        id: 0,
        name: name.to_owned(),
        role,
        created_by: noted::who(),
        created_at: now,
        expires_at: days.map(|days| now.plus_ms(i64::from(days) * DAY_MS)),
        revoked_at: None,
    };
    let id = store.add_token(&kept, &password::token_digest(&token)).await?;
    noted::change(store, "token.create", &format!("token:{id}"), ["", role.as_str()], now).await?;
    if global.json {
        let ends = kept.expires_at.map(Timestamp::rfc3339);
        return out::json(&json!({ "id": id, "name": name, "role": role, "token": token, "expires_at": ends }));
    }
    out::line(format!("token {id} ({role}): {token} (shown once)"));
    Ok(())
}

fn list_tokens(tokens: &[ApiToken], zone: chrono_tz::Tz, global: &Global) -> anyhow::Result<()> {
    if global.json {
        let row = |token: &ApiToken| {
            json!({ "id": token.id, "name": token.name, "role": token.role, "created_by": token.created_by,
                    "created_at": token.created_at.rfc3339(), "expires_at": token.expires_at.map(Timestamp::rfc3339),
                    "revoked_at": token.revoked_at.map(Timestamp::rfc3339) })
        };
        return out::json(&tokens.iter().map(row).collect::<Vec<_>>().into());
    }
    let mut table = out::table(["id", "for", "role", "made by", "made", "ends", "revoked"]);
    for token in tokens {
        let when = |at: Option<Timestamp>| at.map_or_else(String::new, |at| out::when(at, zone));
        table.add_row([
            token.id.to_string(),
            token.name.clone(),
            token.role.to_string(),
            token.created_by.clone(),
            out::when(token.created_at, zone),
            when(token.expires_at),
            when(token.revoked_at),
        ]);
    }
    out::line(table.to_string());
    Ok(())
}

/// Random letters and digits, `N` bytes of them in hexadecimal.
fn word<const N: usize>() -> anyhow::Result<String> {
    Ok(hex::encode(random::<N>()?))
}

fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|fault| anyhow::anyhow!("the system has no random numbers: {fault}"))?;
    Ok(bytes)
}
