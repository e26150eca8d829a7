//! The fields of `message/delivery-status` (RFC 3464 §2).

use super::text;
use crate::domain::Bounce;

/// The per-recipient fields of the first recipient that failed, else of the first.
pub(super) fn read(body: &str) -> Option<Bounce> {
    let mut best: Option<Bounce> = None;
    let mut original_id = None;
    for group in groups(body) {
        if let Some((_, id)) =
            group.iter().find(|(name, _)| matches!(name.as_str(), "x-original-message-id" | "original-message-id"))
        {
            original_id = text::id_in(id);
        }
        let Some(recipient) = recipient(&group) else { continue };
        let failed = |bounce: &Bounce| bounce.action.as_deref() == Some("failed");
        if best.is_none() || (failed(&recipient) && !best.as_ref().is_some_and(failed)) {
            best = Some(recipient);
        }
    }
    let mut best = best?;
    best.original_message_id = original_id;
    Some(best)
}

type Fields = Vec<(String, String)>;

/// Blocks of fields between blank lines, folded lines joined.
fn groups(body: &str) -> Vec<Fields> {
    const MAX_GROUPS: usize = 200;
    let mut groups: Vec<Fields> = vec![Vec::new()];
    for line in body.lines() {
        if line.trim().is_empty() {
            if groups.last().is_some_and(|group| !group.is_empty()) {
                if groups.len() >= MAX_GROUPS {
                    break;
                }
                groups.push(Vec::new());
            }
            continue;
        }
        let Some(group) = groups.last_mut() else { break };
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = group.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            group.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    groups
}

fn recipient(group: &Fields) -> Option<Bounce> {
    let get = |name: &str| group.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let address = get("final-recipient").or_else(|| get("original-recipient")).or_else(|| get("x-actual-recipient"));
    let action =
        get("action").map(|value| value.split([' ', '(', ';']).next().unwrap_or_default().to_ascii_lowercase());
    if address.is_none() && action.is_none() && get("status").is_none() {
        return None;
    }
    let diagnostic = get("diagnostic-code").unwrap_or_default();
    let stated = get("status").and_then(text::status_in);
    // `5.0.0` says nothing when the other server's answer gives the reason.
    let precise = text::status_in(diagnostic);
    let status = match (stated, precise) {
        (Some(stated), Some(precise)) if stated.ends_with(".0.0") && precise[..1] == stated[..1] => Some(precise),
        (Some(stated), _) => Some(stated),
        (None, Some(precise)) => Some(precise),
        (None, None) => text::reply_class(diagnostic).map(str::to_owned),
    };
    Some(Bounce {
        recipient: address.and_then(text::address_in),
        status,
        original_message_id: None,
        action: action.filter(|action| !action.is_empty()),
    })
}
