//! Who people are, as the workspace vouches for it. Remembered for a while; a person who cannot be asked about is nobody for now.
//!
//! `docs.slack.dev/reference/methods/users.info`, scopes `users:read` and `users:read.email`.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::Api;
use super::json::{some_text, text};
use crate::connectors::Profile;
use crate::domain::{Address, Language};

/// Profiles kept at the same time.
const KEPT: usize = 10_000;
/// How long one is believed.
const BELIEVED: Duration = Duration::from_hours(1);
/// How long a failed call is not repeated.
const FAILED: Duration = Duration::from_secs(30);
/// How long a call may hold a message up.
const LIMIT: Duration = Duration::from_secs(2);

/// Profiles by user id.
#[derive(Debug)]
pub struct Profiles {
    api: Api,
    known: Mutex<HashMap<String, (Instant, Option<Profile>)>>,
}

impl Profiles {
    /// Knows nobody yet.
    #[must_use]
    pub fn new(api: Api) -> Self {
        Self { api, known: Mutex::default() }
    }

    /// The profile of `user` (`U…`, or an address `slack:U…`). `None` when Slack does not say who that is, or not in time.
    pub async fn of(&self, user: &str) -> Option<Profile> {
        let user = user.strip_prefix("slack:").unwrap_or(user);
        if let Some((until, profile)) = self.known().get(user)
            && *until > Instant::now()
        {
            return profile.clone();
        }
        let arguments = [("user", user), ("include_locale", "true")];
        let profile = match timeout(LIMIT, self.api.read("users.info", &arguments)).await {
            Ok(Ok(answer)) => Some(profile(&answer["user"])),
            Ok(Err(fault)) => {
                tracing::warn!("cannot ask who wrote: {fault}");
                None
            }
            Err(_) => {
                tracing::warn!("cannot ask who wrote: no answer within {} s", LIMIT.as_secs());
                None
            }
        };
        let until = Instant::now() + if profile.is_some() { BELIEVED } else { FAILED };
        let mut known = self.known();
        if known.len() >= KEPT {
            let now = Instant::now();
            known.retain(|_, (until, _)| *until > now);
            if known.len() >= KEPT {
                known.clear();
            }
        }
        known.insert(user.to_owned(), (until, profile.clone()));
        profile
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, (Instant, Option<Profile>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A user object. The mail address counts only when this workspace itself has confirmed it: that of a guest from another
/// workspace is only what others say.
fn profile(user: &Value) -> Profile {
    let id = text(user, "/id");
    let name = ["/profile/display_name", "/profile/real_name", "/real_name", "/name"]
        .iter()
        .find_map(|at| some_text(user, at))
        .unwrap_or_default();
    let is = |field: &str| user.get(field).and_then(Value::as_bool) == Some(true);
    let confirmed = is("is_email_confirmed") && !is("is_stranger") && !is("deleted");
    Profile {
        who: Address { name: name.to_owned(), address: format!("slack:{id}") },
        mail: some_text(user, "/profile/email").filter(|_| confirmed).map(str::to_lowercase),
        language: match text(user, "/locale").split(['-', '_']).next() {
            Some("ja") => Some(Language::Ja),
            Some("en") => Some(Language::En),
            Some(_) | None => None,
        },
        bot: is("is_bot") || id == "USLACKBOT",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_confirmed_address_of_this_workspace_counts() {
        let user = |confirmed: bool, stranger: bool| {
            profile(
                &json!({"id":"U1","name":"ann","locale":"ja-JP","is_email_confirmed":confirmed,"is_stranger":stranger,
                "profile":{"display_name":"Ann","email":"Ann@Desk.Example"}}),
            )
        };
        assert_eq!(user(true, false).mail.as_deref(), Some("ann@desk.example"));
        assert_eq!((user(false, false).mail, user(true, true).mail), (None, None));
        let known = user(true, false);
        assert_eq!(
            (known.who.name.as_str(), known.who.address.as_str(), known.language),
            ("Ann", "slack:U1", Some(Language::Ja))
        );
        assert!(profile(&json!({"id":"U2","is_bot":true})).bot);
    }
}
