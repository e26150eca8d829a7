//! Whether an article answers the message, or is offered beside a person's work.
//!
//! A request to do something (`handling = file`) is never answered with an article about it.

use super::case::Case;
use super::chat::{pressed, wants_ticket};
use super::silence::silence;
use super::trace::Trace;
use crate::domain::{Article, ArticleCandidate, Button, Decision, Handling, Priority, Visibility, Wish};

const SUGGESTIONS: usize = 3;

pub(super) fn check(case: &Case<'_>, trace: &mut Trace) -> Option<Decision> {
    if let Some(Button::Article { id }) = pressed(case.message) {
        trace.settle("answer.chosen", format!("`{id}` was chosen"));
        return Some(Decision::Answer { article: id.clone(), probability: 1.0 });
    }
    if let Some(why) = barred(case) {
        trace.note("answer.barred", why);
        return None;
    }
    let candidates = offered(case);
    let Some((best, article)) = candidates.first() else {
        trace.note("answer.candidates", "no public article comes close");
        return None;
    };
    let thresholds = case.catalog().thresholds;
    let figure =
        |sign: &str, threshold: f64| format!("`{}` {:.3} {sign} {threshold:.3}", best.article, best.probability);
    if best.probability >= thresholds.answer {
        let Some(why) = needs_a_person(case, article) else {
            trace.settle("answer.threshold", figure("≥", thresholds.answer));
            return Some(Decision::Answer { article: best.article.clone(), probability: best.probability });
        };
        trace.note("answer.alone", format!("{}, but {why}", figure("≥", thresholds.answer)));
    } else {
        trace.note("answer.threshold", figure("<", thresholds.answer));
    }
    if best.probability >= thresholds.suggest {
        trace.settle("answer.suggest", figure("≥", thresholds.suggest));
        let near = candidates.iter().filter(|(candidate, _)| candidate.probability >= thresholds.suggest);
        return Some(Decision::Suggest { articles: near.map(|(candidate, _)| candidate.article.clone()).collect() });
    }
    trace.note("answer.suggest", figure("<", thresholds.suggest));
    None
}

fn barred(case: &Case<'_>) -> Option<String> {
    if wants_ticket(case.message) {
        return Some("a ticket is asked for, whatever an article says".to_owned());
    }
    if let Some(intent) = case.intent.filter(|intent| intent.handling != Handling::FaqFirst) {
        return Some(format!("`{}` asks for something to be done, not for an article", intent.id));
    }
    if case.priority == Priority::Critical {
        return Some("critical matters go to people".to_owned());
    }
    if case.has(Wish::NotSolved) {
        return Some("an answer did not help before".to_owned());
    }
    silence(case.message, case.context, None)
}

/// Public articles the catalog has, best first, each once.
fn offered<'a>(case: &Case<'a>) -> Vec<(&'a ArticleCandidate, &'a Article)> {
    let mut offered: Vec<(&ArticleCandidate, &Article)> = Vec::new();
    for candidate in &case.context.classification.articles {
        let Some(article) = case.catalog().article(&candidate.article, case.language()) else { continue };
        let known = offered.iter().any(|(other, _)| other.article == candidate.article);
        if article.visibility == Visibility::Public && !known && offered.len() < SUGGESTIONS {
            offered.push((candidate, article));
        }
    }
    offered
}

fn needs_a_person(case: &Case<'_>, article: &Article) -> Option<&'static str> {
    if !article.answer_alone {
        return Some("the article may only be suggested");
    }
    (article.language != case.language()).then_some("the article has no text in the requester's language")
}
