//! What an interaction says, whatever it is: who, where, which command, button or form. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::forms;
use super::offers::{self, Meaning};
use super::wire::snowflake;
use crate::domain::{Act, Button, Language, TicketId};

/// What somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// `/ask`.
    Question(String),
    /// `/ticket`, with the request type when one was chosen.
    Ticket(Option<String>),
    /// `/tickets`.
    List,
    /// `/language`.
    Speaks(Option<Language>),
    /// `/link`.
    Links(Option<String>),
    /// The request types that begin like this, while the command is typed.
    Completes(String),
    /// A button or an option of a menu.
    Pressed(Option<TicketId>, Button),
    /// A person chosen for a ticket: their name.
    AssignedTo(Option<TicketId>, String),
    /// A filled form.
    Filled(Filled),
    /// Nothing of ours.
    Unknown,
}

/// A filled form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) ticket: Option<TicketId>,
    pub(super) intent: Option<String>,
    pub(super) slots: BTreeMap<String, String>,
    pub(super) text: String,
}

impl Asked {
    /// As the rules read it: what was done, and the text with it. `None` for what never reaches them.
    pub(super) fn act(self) -> Option<(Option<Act>, String)> {
        let pressed = |ticket, button| Some(Act::Pressed { ticket, button });
        Some(match self {
            Self::Question(text) => (None, text),
            Self::Speaks(language) => (Some(Act::Speaks { language }), String::new()),
            Self::Links(code) => (Some(Act::Links { code }), String::new()),
            Self::Pressed(ticket, button) => (pressed(ticket, button), String::new()),
            Self::AssignedTo(ticket, name) => (pressed(ticket, Button::Assign), name),
            Self::Filled(form) => {
                (Some(Act::Filled { ticket: form.ticket, intent: form.intent, slots: form.slots }), form.text)
            }
            Self::Ticket(_) | Self::List | Self::Completes(_) | Self::Unknown => return None,
        })
    }

    /// Whether it goes to the inbox. The buttons that open a form or a menu do not.
    pub(super) const fn is_for_the_desk(&self) -> bool {
        match self {
            Self::Question(_) | Self::Speaks(_) | Self::Links(_) | Self::AssignedTo(..) | Self::Filled(_) => true,
            Self::Pressed(_, button) => !matches!(button, Button::Details { .. } | Button::Assign),
            Self::Ticket(_) | Self::List | Self::Completes(_) | Self::Unknown => false,
        }
    }

    /// Answered where only the person sees it.
    pub(super) const fn is_private(&self) -> bool {
        matches!(self, Self::Speaks(_) | Self::Links(_))
    }
}

/// Reads an interaction.
pub(super) fn read(d: &Value) -> Asked {
    match d["type"].as_u64() {
        Some(2) => command(&d["data"]),
        Some(4) => Asked::Completes(option(&d["data"], "type").unwrap_or_default()),
        Some(3) => component(&d["data"]),
        Some(5) => form(&d["data"]),
        _ => Asked::Unknown,
    }
}

fn command(data: &Value) -> Asked {
    match data["name"].as_str() {
        Some("ask") => Asked::Question(option(data, "text").unwrap_or_default()),
        Some("ticket") => Asked::Ticket(option(data, "type")),
        Some("tickets") => Asked::List,
        Some("language") => Asked::Speaks(option(data, "language").and_then(|word| word.parse().ok())),
        Some("link") => Asked::Links(option(data, "code")),
        _ => Asked::Unknown,
    }
}

fn option(data: &Value, name: &str) -> Option<String> {
    let options = data["options"].as_array()?;
    let value = options.iter().find(|option| option["name"].as_str() == Some(name))?["value"].as_str()?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn component(data: &Value) -> Asked {
    let values: Vec<String> =
        data["values"].as_array().into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect();
    match offers::meaning(data["custom_id"].as_str().unwrap_or_default(), &values) {
        Some((ticket, Meaning::Button(button))) => Asked::Pressed(ticket, button),
        Some((ticket, Meaning::AssignTo)) => match values.first() {
            Some(person) => Asked::AssignedTo(ticket, chosen_name(data, person)),
            None => Asked::Unknown,
        },
        Some((_, Meaning::Menu | Meaning::Form(_))) | None => Asked::Unknown,
    }
}

/// The shown name of a person chosen from a menu.
fn chosen_name(data: &Value, person: &str) -> String {
    let resolved = &data["resolved"];
    let nick = resolved["members"][person]["nick"].as_str().filter(|nick| !nick.is_empty());
    nick.map_or_else(|| shown_name(&resolved["users"][person], person), str::to_owned)
}

/// The shown name of a user object.
pub(super) fn shown_name(user: &Value, otherwise: &str) -> String {
    let named = |key: &str| user[key].as_str().filter(|name| !name.is_empty());
    named("global_name").or_else(|| named("username")).unwrap_or(otherwise).to_owned()
}

fn form(data: &Value) -> Asked {
    let Some((ticket, Meaning::Form(intent))) = offers::meaning(data["custom_id"].as_str().unwrap_or_default(), &[])
    else {
        return Asked::Unknown;
    };
    let (slots, text) = forms::filled(&data["components"]);
    Asked::Filled(Filled { ticket, intent, slots: slots.into_iter().collect(), text })
}

/// The user object of the person.
pub(super) fn user(d: &Value) -> &Value {
    if snowflake(&d["member"]["user"]["id"]).is_some() { &d["member"]["user"] } else { &d["user"] }
}

/// The language of the person's programme.
pub(super) fn language(d: &Value) -> Language {
    if d["locale"].as_str() == Some("ja") { Language::Ja } else { Language::En }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_interaction_is_read() {
        let command = |name: &str, options: Value| json!({ "type": 2, "data": { "name": name, "options": options } });
        let press = |id: &str, values: Value| json!({ "type": 3, "data": { "custom_id": id, "values": values } });
        let text = |name: &str, value: &str| json!([{ "name": name, "type": 3, "value": value }]);
        let cases = [
            (command("ask", text("text", " 印刷できない ")), Asked::Question("印刷できない".into())),
            (command("ticket", json!([])), Asked::Ticket(None)),
            (command("ticket", text("type", "restore")), Asked::Ticket(Some("restore".into()))),
            (command("language", text("language", "ja")), Asked::Speaks(Some(Language::Ja))),
            (command("language", text("language", "auto")), Asked::Speaks(None)),
            (command("link", json!(null)), Asked::Links(None)),
            (command("tickets", json!(null)), Asked::List),
            (command("other", json!(null)), Asked::Unknown),
            (press("m1|5|s", json!(null)), Asked::Pressed(Some(TicketId(5)), Button::Solved)),
            (press("m1||menu", json!(["a|kb"])), Asked::Pressed(None, Button::Article { id: "kb".into() })),
            (press("m1||menu", json!(["?"])), Asked::Unknown),
            (press("theirs", json!(null)), Asked::Unknown),
            (json!({ "type": 1 }), Asked::Unknown),
        ];
        for (event, expected) in cases {
            assert_eq!(read(&event), expected, "{event}");
        }
    }

    #[test]
    fn a_person_chosen_is_named_as_the_server_names_them() {
        let event = json!({ "type": 3, "data": { "custom_id": "m1|9|assign", "values": ["77"], "resolved": {
            "users": { "77": { "username": "sato", "global_name": "Sato" } }, "members": { "77": { "nick": "佐藤" } } } } });
        let asked = read(&event);
        assert!(asked.is_for_the_desk());
        let (act, text) = asked.act().unwrap();
        assert_eq!(act, Some(Act::Pressed { ticket: Some(TicketId(9)), button: Button::Assign }));
        assert_eq!(text, "佐藤");
    }

    #[test]
    fn a_form_gives_its_details_and_leaves_empty_ones_out() {
        let field = |id: &str, value: &str| json!({ "type": 1, "components": [{ "type": 4, "custom_id": id, "value": value }] });
        let event = json!({ "type": 5, "data": { "custom_id": "m1|12|form|restore",
            "components": [field("s:host", " web-1 "), field("s:path", ""), field("text", "急ぎです")] } });
        let Asked::Filled(form) = read(&event) else { panic!("not a form") };
        assert_eq!((form.ticket, form.intent.as_deref()), (Some(TicketId(12)), Some("restore")));
        assert_eq!(form.slots, BTreeMap::from([("host".to_owned(), "web-1".to_owned())]));
        assert_eq!(form.text, "急ぎです");
    }
}
