//! An outgoing message as a post: sections, buttons, and a text for where blocks are not shown. Pure.
//!
//! `docs.slack.dev/reference/block-kit/blocks`: 50 blocks a message, 3,000 characters a section, 25 elements a row of buttons,
//! 75 characters a label. `docs.slack.dev/reference/methods/chat.postMessage`: unfurling, `parse`, metadata.

use serde_json::{Value, json};
use slack_morphism::prelude::*;

use super::button::{BLOCK_ID_CHARS, Travelling};
use super::form::plain;
use super::json::shortened;
use super::markup;
use crate::domain::{Button, Offer, Outbound};

/// Characters of one section.
const SECTION: usize = 3_000;
/// Sections of one message: 50 blocks, less those for buttons and for a note.
const SECTIONS: usize = 40;
/// Characters of the text that notifications show.
const FALLBACK: usize = 3_000;
/// Buttons in one row.
const ROW: usize = 5;
const LABEL: usize = 75;
/// The metadata's name under which a post carries the key of its outbox row.
pub(super) const KEY_EVENT: &str = "madoguchi_post";

/// The body of `chat.postMessage` to `room`; also that of `chat.update` once it has a `ts`.
pub(super) fn post(outbound: &Outbound, room: &str, thread: Option<&str>) -> Value {
    let marked = markup::from_markdown(&outbound.text);
    let mut pieces = markup::pieces(&marked, SECTION);
    if pieces.len() > SECTIONS {
        pieces.truncate(SECTIONS);
        pieces.push("…".to_owned());
    }
    let section = |piece: String| -> SlackBlock {
        SlackSectionBlock::new().with_text(SlackBlockText::MarkDown(markup::verbatim(piece))).into()
    };
    let mut blocks: Vec<SlackBlock> = pieces.into_iter().map(section).collect();
    blocks.extend(choices(outbound));
    let fallback = markup::pieces(&marked, FALLBACK).into_iter().next().unwrap_or_default();
    let mut body = json!({
        "channel": room,
        "text": if fallback.is_empty() { "-" } else { &fallback },
        "blocks": blocks,
        // Nothing in the text is taken for a name, a room or a link that we did not write as one.
        "parse": "none",
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "metadata": { "event_type": KEY_EVENT, "event_payload": { "key": outbound.dedupe_key } },
    });
    if let Some(thread) = thread {
        body["thread_ts"] = json!(thread);
    }
    body
}

/// Buttons in rows; a choice of people has a row of its own, because its id is where the button travels.
fn choices(outbound: &Outbound) -> Vec<SlackBlock> {
    let mut rows = Vec::new();
    let mut row: Vec<SlackActionBlockElement> = Vec::new();
    for (number, offer) in outbound.offers.iter().take(25).enumerate() {
        let travelling = Travelling { ticket: outbound.ticket, button: offer.button.clone() };
        let Some(value) = travelling.value() else { continue };
        let action = SlackActionId::from(format!("desk_offer_{number}"));
        if offer.button == Button::Assign && value.chars().count() <= BLOCK_ID_CHARS {
            let select = SlackBlockUsersSelectElement::new()
                .with_action_id(action)
                .with_placeholder(plain(&shortened(&offer.label, LABEL)));
            rows.push(SlackActionsBlock::new(vec![select.into()]).with_block_id(value.into()).into());
            continue;
        }
        row.push(button(offer, action, value).into());
        if row.len() == ROW {
            rows.push(SlackActionsBlock::new(std::mem::take(&mut row)).into());
        }
    }
    if !row.is_empty() {
        rows.push(SlackActionsBlock::new(row).into());
    }
    rows.truncate(50 - SECTIONS - 1);
    rows
}

fn button(offer: &Offer, action: SlackActionId, value: String) -> SlackBlockButtonElement {
    let button =
        SlackBlockButtonElement::new(plain(&shortened(&offer.label, LABEL))).with_action_id(action).with_value(value);
    match offer.button {
        Button::Solved | Button::Details { .. } | Button::Take | Button::Approve => {
            button.with_style(SlackBlockButtonStyle::Primary)
        }
        Button::NotSolved
        | Button::Person
        | Button::Article { .. }
        | Button::Rate { .. }
        | Button::Assign
        | Button::Resolve
        | Button::Decline
        | Button::Join { .. }
        | Button::Split { .. } => button,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Channel, Language, OutboundKind, TicketId, Timestamp};

    fn outbound(text: &str, offers: Vec<Offer>) -> Outbound {
        Outbound {
            dedupe_key: "reply:7:0".to_owned(),
            ticket: Some(TicketId(7)),
            channel: Channel::Slack,
            source: "slack".to_owned(),
            kind: OutboundKind::Answer,
            place: None,
            offers,
            replaces: None,
            notice: None,
            to: Vec::new(),
            cc: Vec::new(),
            subject: String::new(),
            text: text.to_owned(),
            language: Language::Ja,
            message_id: "m".to_owned(),
            in_reply_to: None,
            references: Vec::new(),
            send_at: Timestamp(0),
        }
    }

    #[test]
    fn a_long_answer_keeps_slacks_limits() {
        for text in ["あ".repeat(200_000), "&".repeat(100_000), "word ".repeat(60_000), "a\n".repeat(90_000)] {
            let offers = vec![Offer { button: Button::Solved, label: "x".repeat(200) }; 25];
            let body = post(&outbound(&text, offers), "C1", Some("1.0"));
            let blocks = body["blocks"].as_array().unwrap();
            assert!(blocks.len() <= 50, "{}", blocks.len());
            for block in blocks {
                if let Some(text) = block.pointer("/text/text").and_then(Value::as_str) {
                    assert!(text.chars().count() <= SECTION);
                    assert_eq!(block["text"]["verbatim"], true);
                }
                for element in block["elements"].as_array().into_iter().flatten() {
                    assert!(element["text"]["text"].as_str().unwrap().chars().count() <= LABEL);
                }
            }
            assert!(body["text"].as_str().unwrap().chars().count() <= FALLBACK);
        }
    }

    #[test]
    fn buttons_carry_their_ticket_and_a_choice_of_people_its_own_row() {
        let offers = vec![
            Offer { button: Button::Take, label: "Take".to_owned() },
            Offer { button: Button::Assign, label: "Assign".to_owned() },
        ];
        let body = post(&outbound("x", offers), "C1", None);
        let rows: Vec<&Value> = body["blocks"].as_array().unwrap().iter().filter(|b| b["type"] == "actions").collect();
        assert_eq!(rows.len(), 2);
        let menu = rows.iter().find(|row| row["elements"][0]["type"] == "users_select").unwrap();
        let read = Travelling::read(&json!({ "block_id": menu["block_id"] })).unwrap();
        assert_eq!(read, Travelling { ticket: Some(TicketId(7)), button: Button::Assign });
        assert_eq!(body["metadata"]["event_payload"]["key"], "reply:7:0");
        assert!(body.get("thread_ts").is_none());
    }
}
