//! Forms: from a request type to Discord's modal. Pure.

use serde_json::{Value, json};

use super::offers::{cut, form_id};
use super::phrases::Phrase;
use crate::domain::{Choice, Intent, Language, Slot, TicketId};
use crate::text::normalise::normalise;

/// Fields in one form, the most Discord shows; the last is the free text.
const FIELDS: usize = 5;
/// Characters of a label and of a title.
const LABEL: usize = 45;
const PLACEHOLDER: usize = 100;
/// Before the name of a slot in the id of its field.
const SLOT: &str = "s:";
/// The id of the free text.
const TEXT: &str = "text";

/// The form for `intent`, or for anything. With a ticket it asks for details of it, and the free text may stay empty.
pub(super) fn modal(ticket: Option<TicketId>, intent: Option<&Intent>, language: Language) -> Option<Value> {
    let id = form_id(ticket, intent.map(|intent| intent.id.as_str()))?;
    let title = intent.map_or(Phrase::FormTitle.get(language), |intent| intent.title.get(language));
    let mut slots: Vec<&Slot> = intent.iter().flat_map(|intent| &intent.slots).collect();
    // What must be there comes first; what does not fit is asked for in the thread.
    slots.sort_by_key(|slot| !slot.required);
    let mut fields: Vec<Value> = slots.iter().filter_map(|slot| field(slot, language)).take(FIELDS - 1).collect();
    let label = if ticket.is_some() { Phrase::FormNote } else { Phrase::FormText };
    fields.push(json!({
        "type": 4, "custom_id": TEXT, "style": 2, "label": label.get(language),
        "required": ticket.is_none(), "max_length": 4000,
    }));
    let rows: Vec<Value> = fields.iter().map(|field| json!({ "type": 1, "components": [field] })).collect();
    Some(json!({ "custom_id": id, "title": cut(title, LABEL), "components": rows }))
}

fn field(slot: &Slot, language: Language) -> Option<Value> {
    let id = format!("{SLOT}{}", slot.name);
    if id.len() > 100 {
        return None;
    }
    let choices: Vec<&str> = slot
        .choices
        .iter()
        .filter(|choice| choice.value != Choice::NOT_NEEDED)
        .map(|c| c.title.get(language))
        .collect();
    let hint = if choices.is_empty() { slot.ask.get(language).to_owned() } else { choices.join(" / ") };
    let mut field = json!({
        "type": 4, "custom_id": id, "style": 1, "label": cut(slot.title.get(language), LABEL),
        "required": slot.required, "max_length": 300,
    });
    if !hint.trim().is_empty() {
        field["placeholder"] = json!(cut(&hint, PLACEHOLDER));
    }
    Some(field)
}

/// Puts the values of choices in the place of the words that people type for them: Discord's forms have no menus. Words that name
/// no choice, or more than one, stay as they are.
pub(super) fn choose(components: &mut Value, intent: &Intent) {
    for row in components.as_array_mut().into_iter().flatten() {
        // Newer forms wrap a field in a label instead of a row.
        let fields = if row.get("components").is_some_and(Value::is_array) {
            row["components"].as_array_mut().map_or(&mut [][..], Vec::as_mut_slice)
        } else {
            row.get_mut("component").map_or(&mut [][..], std::slice::from_mut)
        };
        for field in fields {
            let name = field["custom_id"].as_str().and_then(|id| id.strip_prefix(SLOT));
            let slot = name.and_then(|name| intent.slots.iter().find(|slot| slot.name == name));
            let typed = field["value"].as_str().unwrap_or_default();
            if let Some(choice) = slot.and_then(|slot| chosen(&slot.choices, typed)) {
                field["value"] = json!(choice.value);
            }
        }
    }
}

/// The choice that is written out in `typed`, else the only one that is named in it.
fn chosen<'a>(choices: &'a [Choice], typed: &str) -> Option<&'a Choice> {
    let typed = normalise(typed.trim());
    if typed.is_empty() {
        return None;
    }
    let words =
        |choice: &Choice| [&choice.value, &choice.title.ja, &choice.title.en].map(|word| normalise(word.trim()));
    if let Some(choice) = choices.iter().find(|choice| words(choice).contains(&typed)) {
        return Some(choice);
    }
    let is_named =
        |choice: &&Choice| words(choice).iter().any(|word| !word.is_empty() && typed.contains(word.as_str()));
    let mut found = choices.iter().filter(is_named);
    found.next().filter(|_| found.next().is_none())
}

/// The fields of a filled form: details by slot name, and the free text. Empty ones are left out.
pub(super) fn filled(components: &Value) -> (Vec<(String, String)>, String) {
    let mut slots = Vec::new();
    let mut text = String::new();
    for row in components.as_array().into_iter().flatten() {
        // Newer forms wrap a field in a label instead of a row.
        let fields = row["components"].as_array().cloned().unwrap_or_else(|| vec![row["component"].clone()]);
        for field in fields {
            let value = field["value"].as_str().unwrap_or_default().trim().to_owned();
            match field["custom_id"].as_str() {
                Some(TEXT) => text = value,
                Some(id) if !value.is_empty() => {
                    slots.extend(id.strip_prefix(SLOT).map(|name| (name.to_owned(), value)));
                }
                _ => {}
            }
        }
    }
    (slots, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Bilingual;

    #[test]
    fn typed_words_become_the_choice_they_name() {
        let choice = |value: &str, ja: &str, en: &str| Choice {
            value: value.into(),
            pattern: String::new(),
            title: Bilingual { ja: ja.into(), en: en.into() },
        };
        let choices = [choice("add", "追加", "Add"), choice("delete", "削除", "Delete"), choice("none", "", "")];
        for (typed, wanted) in [
            ("追加", Some("add")),
            (" ADD ", Some("add")),
            ("Ａｄｄ", Some("add")),
            ("アカウントの削除", Some("delete")),
            ("追加または削除", None),
            ("変更", None),
            ("", None),
        ] {
            assert_eq!(chosen(&choices, typed).map(|choice| choice.value.as_str()), wanted, "{typed}");
        }
    }
}
