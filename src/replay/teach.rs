//! From what people said to labelled messages, and how the classifier is taught with them.

use std::collections::BTreeMap;

use crate::classify::features_of;
use crate::domain::feedback::NONE;
use crate::domain::{
    Aspect, Catalog, Confirmed, Feedback, FeedbackSource, InboxId, Labelled, Language, Said, Taught, Vote,
};
use crate::text::redact::redact;
use crate::text::{courtesy, cut, normalise};

/// Characters (bytes) of a message that are learnt.
const LEARNT: usize = 600;
/// Confirmed questions of one article, and texts of one request type, that are taught: the newest ones.
const MOST: usize = 60;

/// A judged message as it was written, or what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written<'a> {
    /// The message.
    pub inbox_id: InboxId,
    /// Its subject.
    pub subject: &'a str,
    /// What was newly written.
    pub text: &'a str,
    /// What the model kept when the text had to go; subject and text are empty then.
    pub features: Option<&'a [u8]>,
    /// Its language.
    pub language: Language,
}

/// The messages of which `votes` say what they are, by row. The last agent's word counts; without one, what all requesters
/// agree on. Mail addresses, telephone and card numbers are taken out.
#[must_use]
pub fn examples(votes: &[Vote], written: &[Written<'_>]) -> Vec<Taught> {
    let mut said: BTreeMap<InboxId, Vec<&Feedback>> = BTreeMap::new();
    for vote in votes {
        said.entry(vote.feedback.about).or_default().push(&vote.feedback);
    }
    written.iter().filter_map(|one| labelled(one, said.get(&one.inbox_id)?)).collect()
}

fn labelled(written: &Written<'_>, said: &[&Feedback]) -> Option<Taught> {
    let article = word(said, Aspect::Article);
    let intent = word(said, Aspect::Intent);
    let source = [article, intent].into_iter().flatten().min_by_key(|feedback| strength(feedback.source))?;
    let said = match written.features {
        Some(features) => Said::Features(features.to_vec()),
        None => Said::Text(learnt(written)?),
    };
    Some(Taught {
        inbox_id: written.inbox_id,
        said,
        language: written.language,
        intent: intent.and_then(|feedback| feedback.wanted.clone()),
        article: article.and_then(|feedback| feedback.wanted.clone()),
        source: source.source,
        weight: weight(source.source),
        at: [article, intent].into_iter().flatten().map(|feedback| feedback.at).max()?,
    })
}

/// What is learnt of a text; `None` when it says nothing.
fn learnt(written: &Written<'_>) -> Option<String> {
    let text = if written.text.trim().is_empty() { written.subject } else { written.text };
    let text = courtesy::strip(&normalise(&redact(text))).trim().to_owned();
    (!text.is_empty()).then(|| cut(&text, LEARNT).to_owned())
}

/// What the model keeps of an example whose text must go: features out of which nothing can be read. The request type is learnt from
/// them as before; an article is no longer found by the words of the question, but what people said of it goes on to count.
#[must_use]
pub fn kept(example: &Taught) -> Vec<u8> {
    match &example.said {
        Said::Text(text) => features_of("", text),
        Said::Features(features) => features.clone(),
    }
}

/// The feedback that says what `aspect` should be; `None` when nobody says, or requesters contradict each other.
fn word<'a>(said: &[&'a Feedback], aspect: Aspect) -> Option<&'a Feedback> {
    let stated = || said.iter().filter(|one| one.aspect == aspect && one.wanted.is_some()).copied();
    let newest = |a: &&Feedback, b: &&Feedback| (a.at, &a.actor).cmp(&(b.at, &b.actor));
    if let Some(agent) = stated().filter(|one| one.source == FeedbackSource::Agent).max_by(newest) {
        return Some(agent);
    }
    let last = stated().max_by(newest)?;
    let agreed = said.iter().filter(|one| one.aspect == aspect).all(|one| one.wanted == last.wanted);
    agreed.then_some(last)
}

const fn strength(source: FeedbackSource) -> u8 {
    match source {
        FeedbackSource::Agent => 0,
        FeedbackSource::Button => 1,
        FeedbackSource::Requester => 2,
        FeedbackSource::Reopened => 3,
    }
}

/// How much somebody's word counts beside an agent's.
const fn weight(source: FeedbackSource) -> f32 {
    match source {
        FeedbackSource::Agent => 1.0,
        FeedbackSource::Button | FeedbackSource::Requester => 0.5,
        FeedbackSource::Reopened => 0.25,
    }
}

/// What the classifier is taught beside the catalog, oldest first: questions that articles answered, and texts with their
/// request types. Of each article and of each type the newest ones.
#[must_use]
pub fn lessons(examples: &[Taught]) -> (Vec<Confirmed>, Vec<Labelled>) {
    let mut newest: Vec<&Taught> = examples.iter().collect();
    newest.sort_by_key(|one| (std::cmp::Reverse(one.at), one.inbox_id));
    let (mut confirmed, mut labelled) = (Vec::new(), Vec::new());
    let (mut of_article, mut of_intent) = (BTreeMap::new(), BTreeMap::new());
    for one in newest {
        if let (Some(article), Some(text)) = (one.article.as_ref().filter(|id| *id != NONE), one.text())
            && is_among(&mut of_article, article)
        {
            confirmed.push(Confirmed { text: text.to_owned(), article: article.clone(), language: one.language });
        }
        if let Some(intent) = one.intent.as_ref()
            && is_among(&mut of_intent, intent)
        {
            labelled.push(Labelled {
                said: one.said.clone(),
                intent: (intent != NONE).then(|| intent.clone()),
                language: one.language,
                weight: one.weight,
                by: None,
                at: one.at,
            });
        }
    }
    confirmed.reverse();
    labelled.reverse();
    (confirmed, labelled)
}

/// Counts `id` and tells whether it is one of the first.
fn is_among<'a>(counts: &mut BTreeMap<&'a str, usize>, id: &'a str) -> bool {
    let count = counts.entry(id).or_default();
    *count += 1;
    *count <= MOST
}

/// Whether a label can still be right: articles and request types come and go.
#[must_use]
pub fn is_known(catalog: &Catalog, one: &Taught) -> bool {
    let article = |id: &String| id == NONE || catalog.articles.iter().any(|article| article.id == *id);
    one.article.as_ref().is_none_or(article)
        && one.intent.as_ref().is_none_or(|id| id == NONE || catalog.intent(id).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::feedback::{agent, voter};
    use crate::domain::{Outcome, Timestamp};

    fn vote(actor: &str, aspect: Aspect, wanted: Option<&str>, at: i64) -> Vote {
        let source = if actor.starts_with("agent:") { FeedbackSource::Agent } else { FeedbackSource::Requester };
        let (outcome, given) = (Outcome::Wrong, Some("x".to_owned()));
        let wanted = wanted.map(str::to_owned);
        Vote {
            feedback: Feedback {
                about: InboxId(1),
                aspect,
                actor: actor.into(),
                source,
                outcome,
                given,
                wanted,
                at: Timestamp(at),
            },
            decision: "answer".into(),
            probability: Some(0.9),
        }
    }

    fn learnt(votes: &[Vote]) -> Option<(Option<String>, Option<String>)> {
        let text = "お世話になっております。03-1234-5678 の佐藤です。VPNが切れます。";
        let written = [Written { inbox_id: InboxId(1), subject: "VPN", text, features: None, language: Language::Ja }];
        let found = examples(votes, &written);
        let fits = |text: &str| !text.contains("5678") && text.contains("vpnが切れます");
        assert!(found.iter().all(|one| one.text().is_some_and(fits)), "{found:?}");
        found.into_iter().next().map(|one| (one.article, one.intent))
    }

    #[test]
    fn agents_outweigh_requesters_and_contradictions_teach_nothing() {
        let (a, b, sato) = (voter("a"), voter("b"), agent("sato"));
        let article = |id: &str| Some((Some(id.to_owned()), None));
        for (votes, wanted) in [
            (vec![], None),
            (vec![vote(&a, Aspect::Article, None, 1)], None),
            (vec![vote(&a, Aspect::Article, Some("vpn"), 1)], article("vpn")),
            (vec![vote(&a, Aspect::Article, Some("vpn"), 1), vote(&b, Aspect::Article, None, 2)], None),
            (
                vec![vote(&a, Aspect::Article, Some("vpn"), 5), vote(&sato, Aspect::Article, Some("wifi"), 2)],
                article("wifi"),
            ),
            (vec![vote(&sato, Aspect::Intent, Some("none"), 2)], Some((None, Some("none".into())))),
            (vec![vote(&sato, Aspect::Queue, Some("network"), 2)], None),
        ] {
            assert_eq!(learnt(&votes), wanted, "{votes:?}");
        }
    }
}
