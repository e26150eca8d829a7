//! Tries the connection to Slack once and says in plain words what is wrong and how to mend it. Posts nothing.

use serde_json::Value;

use super::json::text;
use super::{Api, ApiFault};
use crate::config::{SlackMode, SlackSettings};
use crate::connectors::Finding;

/// The scopes of the bot token, and what fails without them. The manifest in docs/slack.md names the same.
pub(super) const SCOPES: &[(&str, &str)] = &[
    ("app_mentions:read", "mentions are not seen"),
    ("channels:history", "messages in public rooms are not read"),
    ("groups:history", "messages in private rooms are not read"),
    ("im:history", "direct messages are not read"),
    ("mpim:history", "messages in group conversations are not read"),
    ("channels:read", "public rooms that were missed cannot be listed"),
    ("groups:read", "private rooms that were missed cannot be listed"),
    ("im:read", "direct conversations that were missed cannot be listed"),
    ("mpim:read", "group conversations that were missed cannot be listed"),
    ("im:write", "answers to /ask and forms find no direct conversation"),
    ("chat:write", "nothing can be posted"),
    ("commands", "/ask, /ticket, /link and the shortcut do not work"),
    ("files:read", "files are not fetched"),
    ("reactions:read", "the ticket reaction is not seen"),
    ("users:read", "names and languages are not known"),
    ("users:read.email", "people are not recognised by their mail address"),
];

/// Tries tokens, scopes, the way in, and each room that is named. One finding for each thing that was looked at.
pub async fn probe(settings: &SlackSettings) -> Vec<Finding> {
    let api = match Api::new(settings) {
        Ok(api) => api,
        Err(reason) => return vec![failed("token", reason)],
    };
    let mut findings = Vec::new();
    match token(&api).await {
        Ok((seen, scopes)) => {
            findings.push(Finding { what: "token".to_owned(), outcome: Ok(seen) });
            findings.extend(check_scopes(&scopes));
        }
        Err(reason) => {
            findings.push(failed("token", reason));
            return findings;
        }
    }
    findings.push(way_in(settings, &api).await);
    for room in &settings.rooms {
        findings.push(check_room(&api, "room", room).await);
    }
    if let Some(room) = &settings.triage {
        findings.push(check_room(&api, "triage room", room).await);
    }
    findings
}

fn failed(what: &str, reason: String) -> Finding {
    Finding { what: what.to_owned(), outcome: Err(reason) }
}

fn advice(fault: &ApiFault) -> String {
    fault.operator().unwrap_or_else(|| format!("{fault}. Check api_url and the network, then try again"))
}

/// Who the token is, and its scopes: those stand in a header, which the crate does not show.
async fn token(api: &Api) -> Result<(String, Vec<String>), String> {
    let method = "auth.test".to_owned();
    let unreachable = |reason: String| advice(&ApiFault::Unreachable { method: "auth.test".to_owned(), reason });
    let url = format!("{}/auth.test", api.url.as_str().trim_end_matches('/'));
    let request = api.plain.post(url).bearer_auth(api.bot_token()).timeout(api.pace.call);
    let answer = request.send().await.map_err(|fault| unreachable(fault.without_url().to_string()))?;
    let header = answer.headers().get("x-oauth-scopes").and_then(|scopes| scopes.to_str().ok()).unwrap_or_default();
    let scopes = header.split(',').map(|scope| scope.trim().to_owned()).filter(|scope| !scope.is_empty()).collect();
    let status = answer.status();
    let body: Value = answer.json().await.map_err(|_| unreachable(format!("HTTP status {}", status.as_u16())))?;
    if body.get("ok").and_then(Value::as_bool) == Some(true) {
        let seen = format!("{} in {} ({})", text(&body, "/user"), text(&body, "/team"), text(&body, "/user_id"));
        return Ok((seen, scopes));
    }
    Err(advice(&ApiFault::Refused { method, code: text(&body, "/error").to_owned() }))
}

fn check_scopes(granted: &[String]) -> Vec<Finding> {
    let is_granted = |scope: &str| granted.iter().any(|known| known == scope);
    let missing: Vec<Finding> = SCOPES
        .iter()
        .filter(|(scope, _)| !is_granted(scope))
        .map(|(scope, without)| {
            let reason = format!(
                "missing: {without}. Add {scope} under \"OAuth & Permissions\", install the app again, and copy the new token"
            );
            failed(&format!("scope {scope}"), reason)
        })
        .collect();
    if missing.is_empty() {
        return vec![Finding { what: "scopes".to_owned(), outcome: Ok(format!("all {} there", SCOPES.len())) }];
    }
    missing
}

async fn way_in(settings: &SlackSettings, api: &Api) -> Finding {
    let outcome = match settings.mode {
        SlackMode::Socket => match api.may_open_socket().await {
            Ok(()) => Ok("a socket may be opened".to_owned()),
            Err(fault) => Err(format!(
                "{}. The app token (xapp-…) needs the scope connections:write, and Socket Mode must be on",
                advice(&fault)
            )),
        },
        SlackMode::Http => Ok("signed requests; Slack checks the address when it is entered".to_owned()),
    };
    Finding { what: "way in".to_owned(), outcome }
}

async fn check_room(api: &Api, what: &str, room: &str) -> Finding {
    let outcome = match api.read("conversations.info", &[("channel", room)]).await {
        Ok(answer) => {
            let is = |field: &str| answer["channel"].get(field).and_then(Value::as_bool) == Some(true);
            let name = text(&answer, "/channel/name");
            if is("is_archived") {
                Err(format!("#{name} is archived; unarchive it, or take it out of the settings"))
            } else if is("is_member") || is("is_im") || is("is_mpim") {
                Ok(format!("#{name}"))
            } else {
                Err(format!("the app is not in #{name}; write /invite @app there"))
            }
        }
        Err(ApiFault::Refused { code, .. }) if code == "channel_not_found" => Err(
            "there is no such room, or it is private and the app is not in it; write its id (C…), and /invite @app there"
                .to_owned(),
        ),
        Err(fault) => Err(advice(&fault)),
    };
    Finding { what: format!("{what} {room}"), outcome }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_scope_is_named_with_what_fails_without_it() {
        let granted: Vec<String> =
            SCOPES.iter().map(|(scope, _)| (*scope).to_owned()).filter(|scope| scope != "files:read").collect();
        let findings = check_scopes(&granted);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].what.contains("files:read") && findings[0].outcome.is_err());
    }
}
