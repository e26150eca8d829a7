//! The app's own page: a person's tickets and the language they are answered in. Pure.
//!
//! `docs.slack.dev/surfaces/app-home`: at most 100 blocks.

use slack_morphism::prelude::*;

use super::form::{plain, words};
use super::json::shortened;
use super::markup;
use crate::connectors::Standing;
use crate::domain::Language;

/// The menu of languages.
pub(super) const LANGUAGE: &str = "desk_language";
/// The button that opens the form.
pub(super) const NEW_TICKET: &str = "desk_new_ticket";
/// "As I write".
pub(super) const FOLLOW: &str = "follow";
/// Tickets on the page.
const TICKETS: usize = 45;

/// The page of a person whose tickets are `tickets`, and who has `chosen` a language, or none.
pub(super) fn view(tickets: &[Standing], language: Language, chosen: Option<Language>) -> SlackView {
    let heading = words(language, "お問い合わせの状況", "Your tickets");
    let mut blocks: Vec<SlackBlock> = vec![SlackHeaderBlock::new(plain(heading)).into(), actions(language, chosen)];
    if tickets.is_empty() {
        let nothing = words(language, "進行中のお問い合わせはありません。", "You have no open tickets.");
        blocks.push(section(nothing.to_owned()));
    }
    for standing in tickets.iter().take(TICKETS) {
        blocks.push(ticket(standing, language));
    }
    if tickets.len() > TICKETS {
        let more = tickets.len() - TICKETS;
        blocks.push(section(words(language, "ほか", "And more:").to_owned() + &format!(" {more}")));
    }
    SlackView::Home(SlackHomeView::new(blocks))
}

fn ticket(standing: &Standing, language: Language) -> SlackBlock {
    let clean = |text: &str| markup::escaped(&shortened(&text.replace('\n', " "), 300));
    let mut lines = format!("*{}*  {}\n{}", clean(&standing.ticket), clean(&standing.subject), clean(&standing.status));
    if let Some(due) = &standing.due {
        let due = clean(due);
        let due = match language {
            Language::Ja => format!("  |  次のご連絡: {due} まで"),
            Language::En => format!("  |  You hear from us by {due}"),
        };
        lines.push_str(&due);
    }
    section(lines)
}

fn actions(language: Language, chosen: Option<Language>) -> SlackBlock {
    let choices = [
        (FOLLOW, words(language, "書いた言語で回答", "Answer as I write")),
        (Language::Ja.as_str(), "日本語"),
        (Language::En.as_str(), "English"),
    ];
    let option = |(value, label): (&str, &str)| SlackBlockChoiceItem::new(plain(label), value.to_owned());
    let now = chosen.map_or(FOLLOW, Language::as_str);
    let [first, ..] = choices;
    let current = option(choices.into_iter().find(|(value, _)| *value == now).unwrap_or(first));
    let options = choices.map(option).to_vec();
    let select = SlackBlockStaticSelectElement::new()
        .with_action_id(LANGUAGE.into())
        .with_placeholder(plain(words(language, "回答の言語", "Language of answers")))
        .with_options(options)
        .with_initial_option(current);
    let button = SlackBlockButtonElement::new(plain(words(language, "問い合わせる", "New request")))
        .with_action_id(NEW_TICKET.into())
        .with_value("new".to_owned());
    SlackActionsBlock::new(vec![button.into(), select.into()]).into()
}

fn section(text: String) -> SlackBlock {
    SlackSectionBlock::new().with_text(SlackBlockText::MarkDown(markup::verbatim(text))).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_status_and_due_time_and_escapes_subjects() {
        let standing = |n: usize| Standing {
            ticket: format!("T-{n}"),
            subject: "<!here> & co".to_owned(),
            status: "open".to_owned(),
            due: Some("12:00".to_owned()),
        };
        let tickets: Vec<Standing> = (0..60).map(standing).collect();
        let page = serde_json::to_value(view(&tickets, Language::En, Some(Language::Ja))).unwrap();
        assert_eq!(page["type"], "home");
        assert!(page["blocks"].as_array().unwrap().len() <= 100);
        let text = page.to_string();
        assert!(
            text.contains("T-44") && !text.contains("T-45") && text.contains("You hear from us by 12:00"),
            "{text}"
        );
        assert_eq!(page["blocks"][1]["elements"][1]["initial_option"]["value"], "ja");
        assert!(text.contains("&lt;!here&gt; &amp; co") && !text.contains("<!here>"), "{text}");
    }
}
