//! Buttons and menus: from offers to Discord's components, and from the id of a pressed one back to what it means. Pure.
//!
//! The id carries the ticket and the button, so that buttons work for as long as their message is there.

use serde_json::{Value, json};

use super::phrases::Phrase;
use crate::domain::{Button, Language, Offer, TicketId};

/// The longest `custom_id` and the longest value of an option.
const ID_BYTES: usize = 100;
const PER_ROW: usize = 5;
const ROWS: usize = 5;
const OPTIONS: usize = 25;
/// More articles than this go into a menu.
const ARTICLE_BUTTONS: usize = 5;
/// The marks before every id of ours; the digit is the version of the form.
const MARK: &str = "m1";
/// The menu of articles: its value is the button.
const MENU: &str = "menu";
/// The menu of agents: its value is a person.
const ASSIGN: &str = "assign";
/// A form.
const FORM: &str = "form";

/// What an id of ours stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A button, or an option of a menu.
    Button(Button),
    /// A menu; what was chosen stands in its values.
    Menu,
    /// The menu of agents.
    AssignTo,
    /// A form, with the request type it is for.
    Form(Option<String>),
}

/// The id of `button` under a message about `ticket`. `None` when it is longer than Discord takes.
#[must_use]
pub fn custom_id(ticket: Option<TicketId>, button: &Button) -> Option<String> {
    tagged(ticket, &code(button))
}

/// What was pressed: the ticket and the button. `None` when the id is not one of ours.
#[must_use]
pub fn pressed(custom_id: &str) -> Option<(Option<TicketId>, Button)> {
    match meaning(custom_id, &[])? {
        (ticket, Meaning::Button(button)) => Some((ticket, button)),
        _ => None,
    }
}

pub(super) fn menu_id(ticket: Option<TicketId>) -> Option<String> {
    tagged(ticket, MENU)
}

pub(super) fn assign_id(ticket: Option<TicketId>) -> Option<String> {
    tagged(ticket, ASSIGN)
}

pub(super) fn form_id(ticket: Option<TicketId>, intent: Option<&str>) -> Option<String> {
    tagged(ticket, &format!("{FORM}|{}", intent.unwrap_or_default()))
}

fn tagged(ticket: Option<TicketId>, code: &str) -> Option<String> {
    let ticket = ticket.map(|ticket| ticket.0.to_string()).unwrap_or_default();
    let id = format!("{MARK}|{ticket}|{code}");
    (id.len() <= ID_BYTES).then_some(id)
}

fn code(button: &Button) -> String {
    match button {
        Button::Solved => "s".into(),
        Button::NotSolved => "n".into(),
        Button::Person => "p".into(),
        Button::Article { id } => format!("a|{id}"),
        Button::Details { intent } => format!("d|{intent}"),
        Button::Rate { score } => format!("r|{score}"),
        Button::Take => "t".into(),
        Button::Assign => "g".into(),
        Button::Resolve => "v".into(),
        Button::Approve => "y".into(),
        Button::Decline => "z".into(),
        Button::Join { into } => format!("j|{}", into.0),
        Button::Split { from } => format!("x|{}", from.0),
    }
}

fn button(code: &str) -> Option<Button> {
    let (kind, rest) = code.split_once('|').unwrap_or((code, ""));
    let ticket = || rest.parse().ok().filter(|number| *number > 0).map(TicketId);
    let text = || (!rest.is_empty()).then(|| rest.to_owned());
    Some(match kind {
        "s" => Button::Solved,
        "n" => Button::NotSolved,
        "p" => Button::Person,
        "a" => Button::Article { id: text()? },
        "d" => Button::Details { intent: text()? },
        "r" => Button::Rate { score: rest.parse().ok().filter(|score| (1..=5).contains(score))? },
        "t" => Button::Take,
        "g" => Button::Assign,
        "v" => Button::Resolve,
        "y" => Button::Approve,
        "z" => Button::Decline,
        "j" => Button::Join { into: ticket()? },
        "x" => Button::Split { from: ticket()? },
        _ => return None,
    })
}

/// What an id with the chosen `values` means.
pub(super) fn meaning(custom_id: &str, values: &[String]) -> Option<(Option<TicketId>, Meaning)> {
    let mut fields = custom_id.splitn(3, '|');
    if fields.next()? != MARK {
        return None;
    }
    let ticket = match fields.next()? {
        "" => None,
        number => Some(TicketId(number.parse().ok().filter(|number| *number > 0)?)),
    };
    let code = fields.next()?;
    let meaning = match code {
        MENU => values.first().map_or(Some(Meaning::Menu), |value| button(value).map(Meaning::Button))?,
        ASSIGN => Meaning::AssignTo,
        _ => match code.strip_prefix(FORM).and_then(|rest| rest.strip_prefix('|')) {
            Some(intent) => Meaning::Form((!intent.is_empty()).then(|| intent.to_owned())),
            None => Meaning::Button(button(code)?),
        },
    };
    Some((ticket, meaning))
}

/// Discord's components for `offers`: five buttons a row, a menu when there are more than five articles. What does not fit
/// into Discord's limits is left out.
#[must_use]
pub fn components(ticket: Option<TicketId>, offers: &[Offer], language: Language) -> Vec<Value> {
    let is_article = |offer: &&Offer| matches!(offer.button, Button::Article { .. });
    let articles: Vec<&Offer> = offers.iter().filter(is_article).collect();
    let in_menu = articles.len() > ARTICLE_BUTTONS;
    let mut rows = Vec::new();
    if in_menu && let Some(menu) = menu(ticket, &articles, language) {
        rows.push(json!({ "type": 1, "components": [menu] }));
    }
    let mut ids: Vec<String> = Vec::new();
    let mut buttons: Vec<Value> = Vec::new();
    for offer in offers.iter().filter(|offer| !(in_menu && is_article(offer))) {
        let Some(id) = custom_id(ticket, &offer.button).filter(|id| !ids.contains(id)) else {
            tracing::warn!("a button is left out: its id is too long for Discord, or twice there");
            continue;
        };
        let label = cut(&offer.label, 80);
        buttons.push(json!({ "type": 2, "style": style(&offer.button), "label": label, "custom_id": id }));
        ids.push(id);
    }
    rows.extend(buttons.chunks(PER_ROW).map(|row| json!({ "type": 1, "components": row })));
    rows.truncate(ROWS);
    rows
}

fn menu(ticket: Option<TicketId>, articles: &[&Offer], language: Language) -> Option<Value> {
    let mut values: Vec<String> = Vec::new();
    let mut options = Vec::new();
    for offer in articles {
        let value = code(&offer.button);
        if value.len() <= ID_BYTES && !values.contains(&value) && options.len() < OPTIONS {
            options.push(json!({ "label": cut(&offer.label, 100), "value": value }));
            values.push(value);
        }
    }
    let placeholder = Phrase::ChooseArticle.get(language);
    let id = menu_id(ticket)?;
    (!options.is_empty()).then(|| json!({ "type": 3, "custom_id": id, "placeholder": placeholder, "options": options }))
}

/// Discord's button styles: 1 main, 2 plain, 3 good.
const fn style(button: &Button) -> u8 {
    match button {
        Button::Solved | Button::Resolve | Button::Approve => 3,
        Button::Article { .. } | Button::Details { .. } | Button::Take | Button::Join { .. } => 1,
        Button::NotSolved
        | Button::Person
        | Button::Rate { .. }
        | Button::Assign
        | Button::Decline
        | Button::Split { .. } => 2,
    }
}

/// `text` on one line, at most `limit` characters; never empty, which Discord refuses.
pub(super) fn cut(text: &str, limit: usize) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.chars().count() {
        0 => "…".to_owned(),
        length if length <= limit => line,
        _ => line.chars().take(limit.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Button> {
        vec![
            Button::Solved,
            Button::NotSolved,
            Button::Person,
            Button::Article { id: "パスワード再設定".into() },
            Button::Article { id: "a|b".into() },
            Button::Details { intent: "restore".into() },
            Button::Rate { score: 5 },
            Button::Take,
            Button::Assign,
            Button::Resolve,
            Button::Approve,
            Button::Decline,
            Button::Join { into: TicketId(7) },
            Button::Split { from: TicketId(8) },
        ]
    }

    #[test]
    fn every_button_comes_back_as_it_was() {
        for button in all() {
            for ticket in [None, Some(TicketId(i64::MAX))] {
                let id = custom_id(ticket, &button).unwrap();
                assert!(id.len() <= ID_BYTES, "{id}");
                assert_eq!(pressed(&id), Some((ticket, button.clone())), "{id}");
            }
        }
    }

    #[test]
    fn ids_of_others_mean_nothing() {
        for id in ["", "m1", "m1||", "m1|x|s", "m1|0|s", "m1|-1|s", "m1||r|9", "m1||q", "m2||s", "m1||a|", "m1||j|0"] {
            assert_eq!(meaning(id, &[]), None, "{id}");
        }
        assert_eq!(custom_id(None, &Button::Article { id: "x".repeat(96) }), None);
    }

    #[test]
    fn many_articles_become_a_menu_and_the_rest_buttons() {
        let article =
            |n: usize| Offer { button: Button::Article { id: format!("kb-{n}") }, label: format!("第{n}条") };
        let mut offers: Vec<Offer> = (0..6).map(article).collect();
        offers.push(Offer { button: Button::Person, label: "人と話す".into() });
        let rows = components(Some(TicketId(3)), &offers, Language::Ja);
        assert_eq!(rows.len(), 2);
        let menu = &rows[0]["components"][0];
        assert_eq!((menu["type"].as_u64(), menu["options"].as_array().map(Vec::len)), (Some(3), Some(6)));
        let chosen = vec![menu["options"][2]["value"].as_str().unwrap().to_owned()];
        let meant = meaning(menu["custom_id"].as_str().unwrap(), &chosen).unwrap();
        assert_eq!(meant, (Some(TicketId(3)), Meaning::Button(Button::Article { id: "kb-2".into() })));
        assert_eq!(rows[1]["components"][0]["label"], "人と話す");
        let rows = components(None, &offers[..5], Language::En);
        assert_eq!(rows.len(), 1, "five articles are buttons");
        assert_eq!(rows[0]["components"].as_array().map(Vec::len), Some(5));
    }

    #[test]
    fn limits_of_discord_are_kept() {
        let rate = |score| Offer { button: Button::Rate { score }, label: "★".repeat(90) };
        let mut offers: Vec<Offer> = (1..=5).map(rate).collect();
        offers.extend(all().into_iter().map(|button| Offer { button, label: String::new() }));
        let rows = components(Some(TicketId(1)), &offers, Language::En);
        assert!(rows.len() <= ROWS);
        for row in &rows {
            let buttons = row["components"].as_array().unwrap();
            assert!(buttons.len() <= PER_ROW);
            for button in buttons {
                let length = button["label"].as_str().unwrap().chars().count();
                assert!((1..=80).contains(&length));
            }
        }
    }
}
