//! Slack's markup as plain text. Pure.
//!
//! `docs.slack.dev/messaging/formatting-message-text`: `<@U…>`, `<#C…|name>`, `<!here>`, `<url|words>`, and three escapes.

use serde_json::Value;

use super::json::{items, text};

/// How deep blocks are followed.
const DEPTH: usize = 8;

/// The text of a message: `own`, which is its text or a part of it; when it has none, that of its blocks. Below it what it shares.
pub(super) fn message_text(body: &Value, own: &str, names: &[(&str, &str)]) -> String {
    let mut whole = if text(body, "/text").trim().is_empty() {
        let mut found = String::new();
        for block in items(body, "/blocks") {
            collect(block, &mut found, DEPTH);
        }
        found
    } else {
        plain(own, names)
    };
    for shared in items(body, "/attachments") {
        // A preview of a link repeats what is behind it; only what somebody forwarded is part of the message.
        if shared.get("is_share").and_then(Value::as_bool) == Some(true) {
            let said = plain(text(shared, "/text"), names);
            if !said.trim().is_empty() {
                whole.push_str("\n\n");
                whole.push_str(&said);
            }
        }
    }
    whole.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect::<String>().trim().to_owned()
}

/// `marked` without Slack's markup. `names` are people whose names are known, by id.
pub(super) fn plain(marked: &str, names: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(marked.len());
    let mut rest = marked;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let Some((inside, behind)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            continue;
        };
        reference(inside, names, &mut out);
        rest = behind;
    }
    out.push_str(rest);
    unescaped(&out)
}

fn reference(inside: &str, names: &[(&str, &str)], out: &mut String) {
    let (target, label) = inside.split_once('|').map_or((inside, ""), |(target, label)| (target, label));
    if let Some(user) = target.strip_prefix('@') {
        let known = names.iter().find(|(id, _)| *id == user).map(|(_, name)| *name);
        let name = known.filter(|name| !name.is_empty()).or_else(|| Some(label).filter(|label| !label.is_empty()));
        out.push('@');
        out.push_str(name.unwrap_or(user).trim_start_matches('@'));
    } else if let Some(room) = target.strip_prefix('#') {
        out.push('#');
        out.push_str(if label.is_empty() { room } else { label });
    } else if let Some(special) = target.strip_prefix('!') {
        let shown = if label.is_empty() { special.split('^').next().unwrap_or_default() } else { label };
        if !target.starts_with("!date") {
            out.push('@');
        }
        out.push_str(shown.trim_start_matches('@'));
    } else {
        let address = target.strip_prefix("mailto:").or_else(|| target.strip_prefix("tel:")).unwrap_or(target);
        if label.is_empty() || label == address || label == target {
            out.push_str(address);
        } else {
            out.push_str(label);
            out.push_str(" (");
            out.push_str(address);
            out.push(')');
        }
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The words of a block, one line for each section of it.
fn collect(block: &Value, out: &mut String, depth: usize) {
    if depth == 0 {
        return;
    }
    match text(block, "/type") {
        "mrkdwn" => out.push_str(&plain(text(block, "/text"), &[])),
        "text" | "plain_text" | "markdown" => out.push_str(text(block, "/text")),
        "link" => out.push_str(text(block, "/url")),
        "user" => out.extend(["@", text(block, "/user_id")]),
        "channel" => out.extend(["#", text(block, "/channel_id")]),
        _ => {
            for inner in items(block, "/elements").iter().chain(block.get("text").filter(|text| text.is_object())) {
                collect(inner, out, depth - 1);
            }
            let ends_line = matches!(
                text(block, "/type"),
                "section" | "header" | "context" | "rich_text_section" | "rich_text_preformatted" | "rich_text_quote"
            );
            if ends_line && !out.ends_with('\n') {
                out.push('\n');
            }
        }
    }
}

/// `marked` without a mention of `user` at its beginning.
pub(super) fn without_call<'a>(marked: &'a str, user: &str) -> &'a str {
    let trimmed = marked.trim_start();
    let Some(rest) = trimmed.strip_prefix("<@").and_then(|rest| rest.strip_prefix(user)) else { return marked };
    let after = match rest.split_once('>') {
        Some(("", after)) => after,
        Some((label, after)) if label.starts_with('|') => after,
        Some(_) | None => return marked,
    };
    after.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '：' | ',' | '、'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn markup_becomes_what_people_read() {
        for (marked, wanted) in [
            ("hi <@U1> and <@U2|cal>", "hi @Ann and @cal"),
            ("<@U9>", "@U9"),
            ("<#C1|general> <#C2>", "#general #C2"),
            ("<!here> <!subteam^S1|@ops> <!channel|channel>", "@here @ops @channel"),
            ("<!date^1392734382^{date}|Feb 18>", "Feb 18"),
            ("<https://x.example/?a=1&amp;b=2|page>", "page (https://x.example/?a=1&b=2)"),
            ("<https://x.example>", "https://x.example"),
            ("<mailto:a@b.example|a@b.example>", "a@b.example"),
            ("1 &lt; 2 &amp;amp; 3", "1 < 2 &amp; 3"),
            ("a < b", "a < b"),
        ] {
            assert_eq!(plain(marked, &[("U1", "Ann")]), wanted, "{marked}");
        }
    }

    #[test]
    fn the_call_at_the_beginning_is_cut() {
        for (marked, wanted) in [
            ("<@UB> help", "help"),
            ("  <@UB|desk>: help", "help"),
            ("<@UB>、VPNが", "VPNが"),
            ("<@UBX> help", "<@UBX> help"),
            ("help <@UB>", "help <@UB>"),
        ] {
            assert_eq!(without_call(marked, "UB"), wanted, "{marked}");
        }
    }

    #[test]
    fn blocks_speak_when_the_text_is_empty_and_forwarded_words_are_kept() {
        let rich = json!({"text": "", "blocks": [{"type": "rich_text", "elements": [
            {"type": "rich_text_section", "elements": [{"type": "text", "text": "hello "}, {"type": "user", "user_id": "U1"}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]}]}]});
        assert_eq!(message_text(&rich, "", &[]), "hello @U1\ncode");
        let shared = json!({"text": "see", "attachments": [
            {"is_share": true, "text": "the printer burns"}, {"from_url": "https://x", "text": "preview"}]});
        assert_eq!(message_text(&shared, "see", &[]), "see\n\nthe printer burns");
    }
}
