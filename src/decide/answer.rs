//! Whether an article answers the message, or is offered beside a person's work.
//!
//! A request to do something (`handling = file`) is never answered with an article about it.

use super::case::Case;
use super::chat::{pressed, wants_ticket};
use super::silence::silence;
use super::trace::Trace;
use crate::domain::rulebook::RuleReply;
use crate::domain::{
    Article, ArticleCandidate, Button, Decision, Handling, Measured, Policy, Priority, Visibility, Wish,
};

const SUGGESTIONS: usize = 3;

pub(super) fn check(case: &Case<'_>, trace: &mut Trace) -> Option<Decision> {
    if let Some(Button::Article { id }) = pressed(case.message) {
        trace.settle("answer.chosen", format!("`{id}` was chosen"));
        return Some(Decision::Answer { article: id.clone(), probability: 1.0 });
    }
    if let Some((rule, RuleReply::Article(id))) = case.ruling.reply {
        match by_rule(case, id) {
            Ok(decision) => {
                trace.settle("answer.rule", format!("desk rule `{rule}` answers with `{id}`"));
                return Some(decision);
            }
            Err(why) => trace.note("answer.rule", format!("desk rule `{rule}` names `{id}`, but {why}")),
        }
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
    let policy = &case.catalog().policy;
    let alone = policy.threshold(&best.article, thresholds.answer);
    let figure =
        |sign: &str, threshold: f64| format!("`{}` {:.3} {sign} {threshold:.3}", best.article, best.probability);
    if best.probability >= alone {
        let Some(why) = needs_a_person(case, article) else {
            trace.settle("answer.threshold", figure("≥", alone) + &judged(policy, &best.article));
            return Some(Decision::Answer { article: best.article.clone(), probability: best.probability });
        };
        trace.note("answer.alone", format!("{}, but {why}", figure("≥", alone)));
    } else if best.probability >= thresholds.answer {
        trace.note("answer.measured", stricter(policy, best, alone));
    } else {
        trace.note("answer.threshold", figure("<", alone) + &judged(policy, &best.article));
    }
    if best.probability >= thresholds.suggest {
        trace.settle("answer.suggest", figure("≥", thresholds.suggest));
        let near = candidates.iter().filter(|(candidate, _)| candidate.probability >= thresholds.suggest);
        return Some(Decision::Suggest { articles: near.map(|(candidate, _)| candidate.article.clone()).collect() });
    }
    trace.note("answer.suggest", figure("<", thresholds.suggest));
    None
}

/// Whether [`check`] comes to the articles that were found.
pub(super) fn looks_for_articles(case: &Case<'_>) -> bool {
    let is_chosen = matches!(pressed(case.message), Some(Button::Article { .. }));
    let is_ruled = matches!(case.ruling.reply, Some((_, RuleReply::Article(id))) if by_rule(case, id).is_ok());
    !is_chosen && !is_ruled && barred(case).is_none()
}

/// The answer a desk rule names. What is never sent alone, or was wrong too often, is offered; critical matters and machines get
/// none.
fn by_rule(case: &Case<'_>, id: &str) -> Result<Decision, String> {
    if wants_ticket(case.message) {
        return Err("a ticket is asked for".to_owned());
    }
    if case.priority == Priority::Critical {
        return Err("critical matters go to people".to_owned());
    }
    if let Some(why) = silence(case.message, case.context, None) {
        return Err(why);
    }
    let found = case.catalog().article(id, case.language()).filter(|found| found.visibility == Visibility::Public);
    let article = found.ok_or_else(|| "there is no such public article".to_owned())?;
    let held_back = case.catalog().policy.articles.get(id).is_some_and(|bar| bar.threshold > 1.0);
    Ok(if held_back || needs_a_person(case, article).is_some() {
        Decision::Suggest { articles: vec![id.to_owned()] }
    } else {
        Decision::Answer { article: id.to_owned(), probability: 1.0 }
    })
}

fn barred(case: &Case<'_>) -> Option<String> {
    if let Some((rule, RuleReply::Words(_))) = case.ruling.reply {
        return Some(format!("desk rule `{rule}` has words of its own"));
    }
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

/// What people said of the article's answers so far, or of all answers; empty when nobody said anything.
fn judged(policy: &Policy, article: &str) -> String {
    let own = policy.articles.get(article).filter(|bar| bar.measured.count() > 0);
    match (own, &policy.overall) {
        (Some(bar), _) => format!("; {}", in_figures(&bar.measured)),
        (None, Some(bar)) if bar.measured.count() > 0 => format!("; over all articles {}", in_figures(&bar.measured)),
        (None, Some(_) | None) => String::new(),
    }
}

/// Why what would do by the settings does not do by the desk's own feedback.
fn stricter(policy: &Policy, best: &ArticleCandidate, alone: f64) -> String {
    let own = policy.articles.get(&best.article).filter(|bar| bar.threshold >= alone);
    let whose = if own.is_some() { "the article" } else { "all articles" };
    let bar = own.or(policy.overall.as_ref());
    let figures = bar.map_or_else(String::new, |bar| in_figures(&bar.measured));
    let wanted = policy.wanted * 100.0;
    let more = if alone > 1.0 { "nothing is sure enough".to_owned() } else { format!("it would take {alone:.3}") };
    format!("`{}` {:.3}: for {whose} {figures}; {wanted:.0} % are wanted, so {more}", best.article, best.probability)
}

fn in_figures(measured: &Measured) -> String {
    let Some(precision) = measured.precision() else { return "no answer was judged".to_owned() };
    format!(
        "{} of {} judged answers were right ({:.0} %, likely {:.0} to {:.0} %)",
        measured.right,
        measured.count(),
        precision * 100.0,
        measured.low * 100.0,
        measured.high * 100.0,
    )
}

fn needs_a_person(case: &Case<'_>, article: &Article) -> Option<&'static str> {
    if !article.answer_alone {
        return Some("the article may only be suggested");
    }
    (article.language != case.language()).then_some("the article has no text in the requester's language")
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Scene;
    use crate::domain::{Bar, Decision, Measured, Policy};

    fn asked(article: &str, probability: f64, policy: Policy) -> (Decision, String) {
        let scene = Scene::new("VPN", "VPN につながりません").article(article, probability);
        let decided = scene.with(|scene| scene.catalog.policy = policy).decided();
        let trace = decided.trace.iter().find(|step| step.check.starts_with("answer.")).unwrap();
        (decided.decision, format!("{}: {}", trace.check, trace.because))
    }

    fn bar(threshold: f64, right: u32, wrong: u32) -> Bar {
        Bar { threshold, measured: Measured { right, wrong, low: 0.45, high: 0.93 } }
    }

    #[test]
    fn an_article_that_was_wrong_is_suggested_and_the_trace_has_the_figures() {
        let mut policy = Policy { wanted: 0.95, ..Policy::default() };
        assert!(matches!(asked("vpn", 0.92, policy.clone()).0, Decision::Answer { .. }));
        policy.articles.insert("vpn".into(), bar(0.97, 6, 2));
        let (decision, because) = asked("vpn", 0.92, policy.clone());
        assert_eq!(decision, Decision::Suggest { articles: vec!["vpn".into()] });
        assert!(because.starts_with("answer.measured: `vpn` 0.920"), "{because}");
        assert!(because.contains("6 of 8") && because.contains("75 %") && because.contains("0.970"), "{because}");
        let (decision, because) = asked("vpn", 0.98, policy.clone());
        assert!(matches!(decision, Decision::Answer { .. }));
        assert!(because.contains("6 of 8"), "{because}");
        policy.articles.insert("vpn".into(), bar(1.1, 0, 3));
        assert!(matches!(asked("vpn", 0.999, policy).0, Decision::Suggest { .. }));
    }

    #[test]
    fn the_desk_may_answer_below_the_shipped_threshold_once_that_is_proven() {
        let policy = Policy { wanted: 0.9, overall: Some(bar(0.85, 700, 10)), ..Policy::default() };
        assert!(matches!(asked("vpn", 0.86, policy.clone()).0, Decision::Answer { .. }));
        assert!(matches!(asked("vpn", 0.84, policy).0, Decision::Suggest { .. }));
    }

    #[test]
    fn no_figure_sends_an_internal_article_or_one_that_may_only_be_suggested() {
        let policy = Policy { overall: Some(bar(0.1, 700, 0)), ..Policy::default() };
        assert!(matches!(asked("price", 0.999, policy.clone()).0, Decision::Suggest { .. }));
        assert_eq!(asked("internal-note", 0.999, policy).0, Decision::File);
    }
}
