//! The form for a ticket and its details: built from the request types, read back when it is submitted. Pure.
//!
//! `docs.slack.dev/reference/views/modal-views`: titles of 24 characters, 100 blocks, 3,000 characters of private metadata;
//! menus of 100 choices of 75 characters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use slack_morphism::prelude::*;

use super::json::{shortened, some_text, text};
use crate::domain::{Act, Choice, Intent, Language, Place, Slot, TicketId};

/// Names our form among an app's views.
pub(super) const CALLBACK: &str = "desk_ticket";
/// The menu of request types.
pub(super) const INTENT: &str = "desk_intent";
/// The field for free text.
const TEXT: &str = "desk_text";
/// What stands before a detail's name in a block's id.
const SLOT: &str = "slot:";
/// The action of every detail.
const VALUE: &str = "value";
const CHOICES: usize = 100;
const LABEL: usize = 75;
const DETAILS: usize = 90;

/// Where a form was asked for; it travels with the form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// The ticket whose details are asked for.
    #[serde(default)]
    pub(super) ticket: Option<TicketId>,
    /// The request type.
    #[serde(default)]
    pub(super) intent: Option<String>,
    /// Where it is answered; none: in the person's direct conversation.
    #[serde(default)]
    pub(super) place: Option<Place>,
    /// The conversation's key.
    #[serde(default)]
    pub(super) conversation: String,
    /// What the message refers to.
    #[serde(default)]
    pub(super) references: Vec<String>,
}

impl Origin {
    pub(super) fn of_view(view: &Value) -> Self {
        serde_json::from_str(text(view, "/private_metadata")).unwrap_or_default()
    }
}

/// The form. Without a ticket it has a menu of request types; with one the type is known.
pub(super) fn view(origin: &Origin, intents: &[Intent], language: Language) -> SlackView {
    let chosen = origin.intent.as_deref().and_then(|id| intents.iter().find(|intent| intent.id == id));
    let mut blocks: Vec<SlackBlock> = Vec::new();
    if origin.ticket.is_none() {
        blocks.extend(menu(intents, chosen, language));
    }
    for slot in chosen.map(|intent| intent.slots.as_slice()).unwrap_or_default().iter().take(DETAILS) {
        blocks.push(detail(slot, language));
    }
    let label = words(language, "内容", "What is it about?");
    let field = SlackBlockPlainTextInputElement::new().with_action_id(VALUE.into()).with_multiline(true);
    blocks.push(
        SlackInputBlock::new(plain(label), SlackInputBlockElement::PlainTextInput(field))
            .with_block_id(TEXT.to_owned().into())
            .with_optional(origin.ticket.is_some())
            .into(),
    );
    let title = chosen.map_or_else(
        || words(language, "お問い合わせ", "New request").to_owned(),
        |intent| shortened(intent.title.get(language), 24),
    );
    SlackView::Modal(
        SlackModalView::new(plain(&title), blocks)
            .with_callback_id(CALLBACK.to_owned().into())
            .with_submit(plain(words(language, "送信", "Send")))
            .with_close(plain(words(language, "やめる", "Cancel")))
            .with_private_metadata(serde_json::to_string(origin).unwrap_or_default()),
    )
}

fn menu(intents: &[Intent], chosen: Option<&Intent>, language: Language) -> Option<SlackBlock> {
    let choice = |intent: &Intent| choice(intent.title.get(language), &intent.id);
    let options: Vec<_> = intents.iter().take(CHOICES).map(choice).collect();
    if options.is_empty() {
        return None;
    }
    let mut select = SlackBlockStaticSelectElement::new().with_action_id(INTENT.into()).with_options(options);
    if let Some(intent) = chosen {
        select = select.with_initial_option(choice(intent));
    }
    let label = words(language, "種類", "Kind of request");
    let block = SlackInputBlock::new(plain(label), select.into())
        .with_block_id(INTENT.to_owned().into())
        .with_optional(true)
        .with_dispatch_action(true);
    Some(block.into())
}

fn detail(slot: &Slot, language: Language) -> SlackBlock {
    let options: Vec<_> = slot
        .choices
        .iter()
        .filter(|choice| choice.value != Choice::NOT_NEEDED)
        .take(CHOICES)
        .map(|known| {
            let title = known.title.get(language);
            choice(if title.is_empty() { &known.value } else { title }, &known.value)
        })
        .collect();
    let element = if options.is_empty() {
        SlackInputBlockElement::PlainTextInput(SlackBlockPlainTextInputElement::new().with_action_id(VALUE.into()))
    } else {
        SlackBlockStaticSelectElement::new().with_action_id(VALUE.into()).with_options(options).into()
    };
    let title = shortened(slot.title.get(language), 200);
    SlackInputBlock::new(plain(if title.is_empty() { &slot.name } else { &title }), element)
        .with_block_id(format!("{SLOT}{}", slot.name).into())
        .with_optional(!slot.required)
        .into()
}

/// What was filled in: the act, and the free text.
pub(super) fn filled(view: &Value) -> (Act, String) {
    let origin = Origin::of_view(view);
    let mut slots = BTreeMap::new();
    let mut intent = origin.intent;
    let mut free = String::new();
    let blocks = view.pointer("/state/values").and_then(Value::as_object);
    for (block, actions) in blocks.into_iter().flatten() {
        for action in actions.as_object().into_iter().flat_map(|actions| actions.values()) {
            let given = some_text(action, "/value").or_else(|| some_text(action, "/selected_option/value"));
            let Some(given) = given.map(str::trim).filter(|given| !given.is_empty()) else { continue };
            if let Some(slot) = block.strip_prefix(SLOT) {
                slots.insert(slot.to_owned(), given.to_owned());
            } else if block == INTENT {
                intent = Some(given.to_owned());
            } else if block == TEXT {
                given.clone_into(&mut free);
            }
        }
    }
    (Act::Filled { ticket: origin.ticket, intent, slots }, free)
}

fn choice(label: &str, value: &str) -> SlackBlockChoiceItem<SlackBlockPlainTextOnly> {
    SlackBlockChoiceItem::new(plain(&shortened(label, LABEL)), value.to_owned())
}

/// Plain text pings nobody, whatever is in it.
pub(super) fn plain(text: &str) -> SlackBlockPlainTextOnly {
    let shown = if text.is_empty() { "-" } else { text };
    SlackBlockPlainText::new(shown.to_owned()).with_emoji(false).into()
}

/// The words in `language`.
pub(super) const fn words<'a>(language: Language, ja: &'a str, en: &'a str) -> &'a str {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{Bilingual, Handling, Level, catalog::Slot, schedule::Objective};

    fn both(text: &str) -> Bilingual {
        Bilingual { ja: text.to_owned(), en: text.to_owned() }
    }

    fn restore() -> Intent {
        let slot = |name: &str, choices: Vec<Choice>| Slot {
            name: name.to_owned(),
            title: both(name),
            required: true,
            find: Vec::new(),
            choices,
            ask: both("?"),
        };
        let choice = |value: &str| Choice { value: value.to_owned(), pattern: value.to_owned(), title: both("") };
        Intent {
            id: "restore".to_owned(),
            title: both("Restore a file from the backup of last night"),
            examples: Vec::new(),
            rules: Vec::new(),
            slots: vec![slot("host", Vec::new()), slot("kind", vec![choice("file"), choice(Choice::NOT_NEEDED)])],
            queue: "operations".to_owned(),
            impact: Level::Low,
            urgency: Level::Low,
            objective: Objective::Minutes(60),
            handling: Handling::File,
            approval: false,
            reply: both(""),
        }
    }

    #[test]
    fn a_form_asks_for_the_details_of_the_type_and_keeps_slacks_limits() {
        let origin = Origin { ticket: Some(TicketId(7)), intent: Some("restore".into()), ..Origin::default() };
        let view = serde_json::to_value(super::view(&origin, &[restore()], Language::En)).unwrap();
        assert_eq!(view["type"], "modal");
        assert!(view["title"]["text"].as_str().unwrap().chars().count() <= 24);
        let ids: Vec<&str> =
            view["blocks"].as_array().unwrap().iter().map(|b| b["block_id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["slot:host", "slot:kind", TEXT]);
        assert_eq!(view["blocks"][1]["element"]["options"].as_array().unwrap().len(), 1);
        assert_eq!(Origin::of_view(&view), origin);
        let first = serde_json::to_value(super::view(&Origin::default(), &[restore()], Language::Ja)).unwrap();
        assert_eq!(first["blocks"][0]["block_id"], INTENT);
    }

    #[test]
    fn what_was_filled_in_comes_back_without_empty_fields() {
        let view = json!({
            "private_metadata": "{\"ticket\":7,\"intent\":\"restore\"}",
            "state": {"values": {
                "slot:host": {"value": {"type": "plain_text_input", "value": " web-1 "}},
                "slot:kind": {"value": {"type": "static_select", "selected_option": {"value": "file"}}},
                "slot:when": {"value": {"type": "plain_text_input", "value": null}},
                TEXT: {"value": {"type": "plain_text_input", "value": "please"}}
            }}
        });
        let (act, free) = filled(&view);
        let slots = BTreeMap::from([("host".to_owned(), "web-1".to_owned()), ("kind".to_owned(), "file".to_owned())]);
        assert_eq!(act, Act::Filled { ticket: Some(TicketId(7)), intent: Some("restore".into()), slots });
        assert_eq!(free, "please");
    }
}
