//! Discord's markup as people read it: names instead of numbers. Pure.

use serde_json::Value;

use super::asked::shown_name;
use super::wire::snowflake;

/// No markup is longer.
const MARKUP: usize = 120;
const MOST_CHARACTERS: usize = 20_000;

/// `content` of the message `d` with mentions, emoji and times written out; mentions of `me` are cut.
pub(super) fn text(content: &str, d: &Value, me: u64) -> String {
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        let inside = &rest[start + 1..];
        let end =
            inside.char_indices().take(MARKUP).find(|(_, c)| matches!(c, '>' | '<' | '\n')).filter(|(_, c)| *c == '>');
        if let Some((end, written)) = end.and_then(|(end, _)| Some((end, written_out(&inside[..end], d, me)?))) {
            out.push_str(&written);
            rest = &inside[end + 1..];
        } else {
            out.push('<');
            rest = inside;
        }
    }
    out.push_str(rest);
    clean(&out).trim().to_owned()
}

/// Text without control characters, of bearable length.
pub(super) fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take(MOST_CHARACTERS).collect()
}

/// What stands between `<` and `>`, when it is markup.
fn written_out(inside: &str, d: &Value, me: u64) -> Option<String> {
    if let Some(role) = inside.strip_prefix("@&") {
        return digits(role).map(|_| "@role".to_owned());
    }
    if let Some(user) = inside.strip_prefix('@') {
        let id = digits(user.trim_start_matches('!'))?;
        return Some(if id == me { String::new() } else { format!("@{}", name_of(id, d)) });
    }
    if let Some(channel) = inside.strip_prefix('#') {
        let id = digits(channel)?;
        let named = d["mention_channels"].as_array().into_iter().flatten();
        let mut named = named.filter(|channel| snowflake(&channel["id"]) == Some(id));
        let name = named.next().and_then(|channel| channel["name"].as_str()).map(str::to_owned);
        return Some(format!("#{}", name.unwrap_or_else(|| id.to_string())));
    }
    if let Some(time) = inside.strip_prefix("t:") {
        let seconds: i64 = time.split(':').next()?.parse().ok()?;
        return Some(chrono::DateTime::from_timestamp(seconds, 0)?.format("%Y-%m-%d %H:%M UTC").to_string());
    }
    if let Some(command) = inside.strip_prefix('/') {
        let (name, id) = command.rsplit_once(':')?;
        return digits(id).map(|_| format!("/{name}"));
    }
    let emoji = inside.strip_prefix("a:").or_else(|| inside.strip_prefix(':'))?;
    let (name, id) = emoji.split_once(':')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (is_name && digits(id).is_some()).then(|| format!(":{name}:"))
}

fn digits(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn name_of(id: u64, d: &Value) -> String {
    let mentions = d["mentions"].as_array().into_iter().flatten();
    let mut user = mentions.filter(|user| snowflake(&user["id"]) == Some(id));
    user.next().map_or_else(
        || id.to_string(),
        |user| {
            let nick = user["member"]["nick"].as_str().filter(|nick| !nick.is_empty());
            nick.map_or_else(|| shown_name(user, &id.to_string()), str::to_owned)
        },
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn markup_is_written_out() {
        let d = json!({ "mentions": [{ "id": "5", "username": "sato", "global_name": "佐藤" }, { "id": "6", "username": "kim" }] });
        let cases = [
            ("<@9> 印刷できない", "印刷できない"),
            ("<@!9><@5> と <@6>、<@7>", "@佐藤 と @kim、@7"),
            ("<#12> で <@&3>", "#12 で @role"),
            ("だめ <:sad_face:123><a:wave:45>", "だめ :sad_face::wave:"),
            ("<t:0:R> まで", "1970-01-01 00:00 UTC まで"),
            ("</ask:11> を使う", "/ask を使う"),
            ("a < b > c <x> <@> <@abc> <", "a < b > c <x> <@> <@abc> <"),
            ("<<@5>", "<@佐藤"),
            ("a\u{0}b\u{7}c", "abc"),
        ];
        for (content, expected) in cases {
            assert_eq!(text(content, &d, 9), expected, "{content}");
        }
    }
}
