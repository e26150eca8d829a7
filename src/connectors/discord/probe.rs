//! Tries everything the connector needs and says how to mend what is missing. Changes nothing.

use serde_json::Value;
use serenity::http::Route;
use serenity::model::id::{ChannelId, GuildId, UserId};

use super::api::{Api, ApiError};
use super::permissions::{self, NEEDED};
use super::phrases;
use super::rooms::Room;
use super::wire::snowflake;
use crate::config::DiscordSettings;
use crate::connectors::Finding;

/// The permissions of the invite link, as one number: those of [`NEEDED`].
pub const INVITE_PERMISSIONS: u64 = 309_237_713_920;
/// Application flags: message content is on, or on for a bot in few servers (Discord's reference, "Application Flags").
const CONTENT_FLAGS: u64 = (1 << 18) | (1 << 19);
/// Sessions left today below which something keeps reconnecting.
const FEW_SESSIONS: u64 = 50;

/// Looks at token, intents, gateway, every room and the triage room. Each finding says how to mend it.
pub async fn probe(settings: &DiscordSettings) -> Vec<Finding> {
    let api = match Api::new(settings) {
        Ok(api) => api,
        Err(fault) => return vec![bad("token", fault)],
    };
    let me = match api.get(Route::UserMe, &[]).await {
        Ok(me) => me,
        Err(fault) if fault.status == Some(401) => return vec![bad("token", phrases::TOKEN_REFUSED.to_owned())],
        Err(fault) => {
            let said = format!("{fault}. Check the network and the firewall to {}", settings.api_url);
            return vec![bad("token", said)];
        }
    };
    let my_id = snowflake(&me["id"]).unwrap_or_default();
    let mut found = vec![good("token", format!("the bot is {}", me["username"].as_str().unwrap_or("without a name")))];
    let application = api.get(Route::Oauth2ApplicationCurrent, &[]).await;
    found.push(content_intent(&application));
    found.push(gateway(api.get(Route::GatewayBot, &[]).await));
    let application = application.ok().and_then(|application| snowflake(&application["id"])).unwrap_or(my_id);
    found.extend(rooms(&api, settings, (my_id, application)).await);
    found
}

fn good(what: &str, said: String) -> Finding {
    Finding { what: what.to_owned(), outcome: Ok(said) }
}

fn bad(what: &str, said: String) -> Finding {
    Finding { what: what.to_owned(), outcome: Err(said) }
}

fn content_intent(application: &Result<Value, ApiError>) -> Finding {
    const WHAT: &str = "intent message content";
    match application {
        Ok(application) => match application["flags"].as_u64() {
            Some(flags) if flags & CONTENT_FLAGS != 0 => good(WHAT, "switched on".to_owned()),
            Some(_) => bad(WHAT, phrases::INTENT_MISSING.to_owned()),
            None => good(WHAT, "Discord does not say; without it `serve` reports close code 4014".to_owned()),
        },
        Err(fault) => bad(WHAT, format!("cannot read the application: {fault}")),
    }
}

fn gateway(answer: Result<Value, ApiError>) -> Finding {
    const WHAT: &str = "gateway";
    let answer = match answer {
        Ok(answer) => answer,
        Err(fault) => return bad(WHAT, format!("{fault}. Try again; see https://discordstatus.com")),
    };
    let limit = &answer["session_start_limit"];
    let left = limit["remaining"].as_u64().unwrap_or_default();
    let hours = limit["reset_after"].as_u64().unwrap_or_default() / 3_600_000;
    if answer["shards"].as_u64().is_some_and(|shards| shards > 1) {
        let said = "Discord wants several shards: the bot is in too many servers for one connection. Use a bot of its own for the desk";
        return bad(WHAT, said.to_owned());
    }
    let total = limit["total"].as_u64().unwrap_or_default();
    if left < FEW_SESSIONS {
        let said = format!(
            "only {left} of {total} sessions are left for the next {hours} h. Something reconnects all the time: look for a \
             second program with this token, and at the log"
        );
        return bad(WHAT, said);
    }
    good(WHAT, format!("{left} of {total} sessions left today"))
}

async fn rooms(api: &Api, settings: &DiscordSettings, (me, application): (u64, u64)) -> Vec<Finding> {
    let mut found = Vec::new();
    if settings.rooms.is_empty() {
        found.push(servers(api, application).await);
    }
    let read = settings.rooms.iter().map(|id| (format!("room {id}"), id));
    let triage = settings.triage.iter().map(|id| (format!("triage room {id}"), id));
    for (what, id) in read.chain(triage) {
        let outcome = room(api, id, (me, application)).await;
        found.push(Finding { what, outcome });
    }
    found
}

async fn servers(api: &Api, application: u64) -> Finding {
    match api.get(Route::UserMeGuilds, &[]).await {
        Ok(answer) => {
            let names: Vec<&str> =
                answer.as_array().into_iter().flatten().filter_map(|guild| guild["name"].as_str()).collect();
            if names.is_empty() {
                bad("servers", format!("the bot is in no server. Invite it: {}", invite(application)))
            } else {
                good("servers", format!("reads every channel it sees in {}", names.join(", ")))
            }
        }
        Err(fault) => bad("servers", fault.to_string()),
    }
}

fn invite(application: u64) -> String {
    format!(
        "https://discord.com/oauth2/authorize?client_id={application}&scope=bot+applications.commands&permissions={INVITE_PERMISSIONS}"
    )
}

async fn room(api: &Api, id: &str, (me, application): (u64, u64)) -> Result<String, String> {
    let Some(number) = id.parse::<u64>().ok().filter(|number| *number > 0) else {
        return Err(
            "not a channel id. Switch on Developer Mode in Discord, right-click the channel, Copy Channel ID".into()
        );
    };
    let seen = api.get(Route::Channel { channel_id: ChannelId::new(number) }, &[]).await;
    let channel = seen.map_err(|fault| match fault.status {
        Some(403) => {
            "the bot does not see it. Open the channel's settings, Permissions, add the bot's role, allow View Channel"
                .into()
        }
        Some(404) => {
            format!("there is no such channel, or the bot is not in its server. Invite it: {}", invite(application))
        }
        _ => fault.to_string(),
    })?;
    let Some((_, kind)) = Room::read(&channel, None) else { return Err("Discord's answer is not a channel".into()) };
    if !kind.is_readable() {
        return Err(format!("{} is not a text, announcement or forum channel; name another", kind.name));
    }
    let Some(guild_id) = kind.guild else { return Err("it belongs to no server".into()) };
    let guild = GuildId::new(guild_id.max(1));
    let server =
        api.get(Route::Guild { guild_id: guild }, &[]).await.map_err(|fault| format!("its server: {fault}"))?;
    let member = Route::GuildMember { guild_id: guild, user_id: UserId::new(me.max(1)) };
    let member = api.get(member, &[]).await.map_err(|fault| format!("the bot in its server: {fault}"))?;
    let roles: Vec<u64> = member["roles"].as_array().into_iter().flatten().filter_map(snowflake).collect();
    let may = permissions::of(&server, &channel, (me, &roles));
    let missing: Vec<&str> =
        NEEDED.iter().filter(|(needed, _)| !may.contains(*needed)).map(|(_, name)| *name).collect();
    if missing.is_empty() {
        return Ok(format!("#{}: may read, answer and open threads", kind.name));
    }
    let name = &kind.name;
    Err(format!(
        "#{name}: not allowed to {}. Allow it in the channel's settings, Permissions, for the bot's role",
        missing.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_invite_asks_for_what_is_needed_and_nothing_more() {
        let sum = NEEDED.iter().fold(0, |sum, (permission, _)| sum | permission.bits());
        assert_eq!(sum, INVITE_PERMISSIONS);
    }
}
