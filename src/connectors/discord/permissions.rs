//! What the bot may do in a channel (Discord's reference, "Permission Overwrites"). Pure.

use serde_json::Value;
use serenity::model::permissions::Permissions;

use super::wire::snowflake;

/// What the desk needs in a channel, with the name Discord shows.
pub(super) const NEEDED: &[(Permissions, &str)] = &[
    (Permissions::VIEW_CHANNEL, "View Channels"),
    (Permissions::SEND_MESSAGES, "Send Messages"),
    (Permissions::READ_MESSAGE_HISTORY, "Read Message History"),
    (Permissions::CREATE_PUBLIC_THREADS, "Create Public Threads"),
    (Permissions::SEND_MESSAGES_IN_THREADS, "Send Messages in Threads"),
];

/// The permissions of the member `me` with `roles` in `channel` of `guild`.
pub(super) fn of(guild: &Value, channel: &Value, (me, roles): (u64, &[u64])) -> Permissions {
    let guild_id = snowflake(&guild["id"]).unwrap_or_default();
    let holds = |role: &Value| snowflake(&role["id"]).is_some_and(|id| id == guild_id || roles.contains(&id));
    let base = list(&guild["roles"])
        .filter(|role| holds(role))
        .fold(Permissions::empty(), |sum, role| sum | bits(&role["permissions"]));
    if base.contains(Permissions::ADMINISTRATOR) || snowflake(&guild["owner_id"]) == Some(me) {
        return Permissions::all();
    }
    let mut result = base;
    let about = |wanted: fn(u64, u64, &[u64], u64) -> bool| {
        let overwrites = list(&channel["permission_overwrites"]);
        let chosen = overwrites.filter(|o| snowflake(&o["id"]).is_some_and(|id| wanted(id, guild_id, roles, me)));
        chosen.fold((Permissions::empty(), Permissions::empty()), |(allow, deny), o| {
            (allow | bits(&o["allow"]), deny | bits(&o["deny"]))
        })
    };
    for (allow, deny) in [
        about(|id, everyone, _, _| id == everyone),
        about(|id, everyone, roles, _| id != everyone && roles.contains(&id)),
        about(|id, _, _, me| id == me),
    ] {
        result = (result - deny) | allow;
    }
    result
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn bits(value: &Value) -> Permissions {
    let number = value.as_str().map_or_else(|| value.as_u64(), |text| text.parse().ok());
    Permissions::from_bits_truncate(number.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn overwrites_count_in_the_order_of_discord() {
        let view = Permissions::VIEW_CHANNEL.bits().to_string();
        let send = Permissions::SEND_MESSAGES.bits().to_string();
        let both = (Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES).bits().to_string();
        let guild = json!({ "id": "1", "owner_id": "9", "roles": [{ "id": "1", "permissions": both }, { "id": "2", "permissions": "0" }] });
        let overwrite = |id: &str, allow: &str, deny: &str| json!({ "id": id, "allow": allow, "deny": deny });
        let channel = |overwrites: Value| json!({ "permission_overwrites": overwrites });
        let may = |channel: &Value, me| of(&guild, channel, (me, &[2]));
        assert!(may(&channel(json!([])), 5).contains(Permissions::SEND_MESSAGES));
        let hidden = channel(json!([overwrite("1", "0", &view)]));
        assert!(!may(&hidden, 5).contains(Permissions::VIEW_CHANNEL));
        assert!(may(&hidden, 9).contains(Permissions::VIEW_CHANNEL), "the owner sees everything");
        let by_role = channel(json!([overwrite("1", "0", &view), overwrite("2", &view, "0")]));
        assert!(may(&by_role, 5).contains(Permissions::VIEW_CHANNEL));
        let by_member = channel(json!([overwrite("2", &send, "0"), overwrite("5", "0", &send)]));
        assert!(!may(&by_member, 5).contains(Permissions::SEND_MESSAGES));
    }
}
