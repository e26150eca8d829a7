//! The buttons under a message, with their words.

use super::wording::{Template, one_line};
use crate::domain::catalog::Catalog;
use crate::domain::{Button, Decision, Language, Offer, Status, Ticket};

/// Chat services cut longer words off (Slack: 75 characters in a button).
const MOST_CHARS: usize = 75;
const SCORES: std::ops::RangeInclusive<u8> = 1..=5;

/// What the requester is offered under the reply made of `template`. `decision` names the articles of a suggestion.
pub(super) fn under(template: Template, ticket: &Ticket, decision: Option<&Decision>, catalog: &Catalog) -> Vec<Offer> {
    let offer = |button: Button| offer(button, ticket.language);
    let person = || (!ticket.pressed.contains(&Button::Person)).then(|| offer(Button::Person));
    match template {
        Template::Answer => [Button::Solved, Button::NotSolved].map(offer).into_iter().chain(person()).collect(),
        Template::Suggestion => {
            let ids = match decision {
                Some(Decision::Suggest { articles }) => articles.as_slice(),
                Some(
                    Decision::Ignore { .. }
                    | Decision::FollowUp { .. }
                    | Decision::Answer { .. }
                    | Decision::Ask { .. }
                    | Decision::File
                    | Decision::Escalate { .. },
                )
                | None => &[],
            };
            let articles = ids.iter().filter_map(|id| catalog.article(id, ticket.language));
            let articles = articles.map(|article| Offer {
                button: Button::Article { id: article.id.clone() },
                label: one_line(&article.title, MOST_CHARS),
            });
            articles.chain(person()).collect()
        }
        Template::Question => {
            let form = ticket.intent.clone().map(|intent| offer(Button::Details { intent }));
            form.into_iter().chain(person()).collect()
        }
        Template::Acknowledgement => person().into_iter().collect(),
        Template::Resolved | Template::Recovered => {
            let asks = ticket.course.asked_at.is_none();
            let rates = SCORES.rev().filter(|_| asks).map(|score| offer(Button::Rate { score }));
            std::iter::once(offer(Button::NotSolved)).chain(rates).collect()
        }
        Template::SlotsReceived
        | Template::Reopened
        | Template::Escalated
        | Template::Status
        | Template::AgentReply
        | Template::Approved
        | Template::Declined
        | Template::Report
        | Template::Closing => Vec::new(),
    }
}

/// How satisfied were they?
pub(super) fn rates(language: Language) -> Vec<Offer> {
    SCORES.rev().map(|score| offer(Button::Rate { score }, language)).collect()
}

/// What agents can do from a ticket's card.
pub(super) fn on_card(ticket: &Ticket, language: Language) -> Vec<Offer> {
    let offer = |button: Button| offer(button, language);
    if let Some(from) = ticket.merged_into {
        return vec![offer(Button::Split { from })];
    }
    match ticket.status {
        Status::Resolved | Status::Closed => Vec::new(),
        Status::New | Status::Open | Status::Waiting | Status::Answered => {
            let join = ticket.card.as_ref().and_then(|card| card.same_as).map(|into| offer(Button::Join { into }));
            let [take, assign, resolve] = [Button::Take, Button::Assign, Button::Resolve].map(offer);
            let rules = [Button::Approve, Button::Decline].map(offer).into_iter();
            // Work that waits for leave cannot be done yet.
            let rest: Vec<Offer> = if ticket.course.waits_for_approval() { rules.collect() } else { vec![resolve] };
            [take, assign].into_iter().chain(rest).chain(join).collect()
        }
    }
}

fn offer(button: Button, language: Language) -> Offer {
    let ja = language == Language::Ja;
    let words = |japanese: &str, english: &str| if ja { japanese.to_owned() } else { english.to_owned() };
    let label = match &button {
        Button::Solved => words("解決しました", "That solved it"),
        Button::NotSolved => words("解決していません", "Not solved yet"),
        Button::Person => words("担当者に相談する", "Talk to a person"),
        Button::Article { id } => id.clone(),
        Button::Details { .. } => words("詳細を入力する", "Fill in the details"),
        Button::Rate { score } => "★".repeat(usize::from(*score)),
        Button::Take => words("担当する", "Take"),
        Button::Assign => words("担当者を決める", "Assign"),
        Button::Resolve => words("解決済みにする", "Resolve"),
        Button::Approve => words("承認する", "Approve"),
        Button::Decline => words("承認しない", "Decline"),
        Button::Join { into } => {
            if ja {
                format!("{into} と同じ件にする")
            } else {
                format!("Same case as {into}")
            }
        }
        Button::Split { from } => {
            if ja {
                format!("{from} から分ける")
            } else {
                format!("Not the same as {from}")
            }
        }
    };
    Offer { button, label }
}
