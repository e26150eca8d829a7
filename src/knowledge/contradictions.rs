//! Labels that cannot all be right: different people about one part of one decision, or one text with different labels.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::classify::precision;
use crate::domain::words::words;
use crate::domain::{Aspect, Feedback, FeedbackSource, InboxId, Outcome, Taught, Timestamp, Vote};

words! {
    /// What the desk makes of it.
    Settled {
        /// The last word of an agent counts.
        Agent = "agent",
        /// Nothing is learnt from it.
        Nothing = "nothing",
        /// The label with most weight behind it is learnt.
        Strongest = "strongest",
    }
}

/// One of the labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    /// The message it was given to.
    pub message: InboxId,
    /// An agent's name; `None` for a requester, whom nobody can read.
    pub agent: Option<String>,
    /// How it was said.
    pub source: FeedbackSource,
    /// Whether what the desk had chosen was called right.
    pub outcome: Option<Outcome>,
    /// What the desk had chosen.
    pub given: Option<String>,
    /// What would have been right, as far as it was said.
    pub wanted: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Labels that cannot all be right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// The message, or the first of those with the same text.
    pub message: InboxId,
    /// What is judged.
    pub aspect: Aspect,
    /// The labels, oldest first.
    pub labels: Vec<Label>,
    /// What the desk makes of it.
    pub settled: Settled,
}

/// Everything in `votes` and among `examples` that contradicts itself, by message and aspect.
#[must_use]
pub fn contradictions(votes: &[Vote], examples: &[Taught]) -> Vec<Contradiction> {
    let mut all = of_one_decision(votes);
    all.extend(of_one_text(examples));
    all.sort_by_key(|one| (one.message, one.aspect, one.settled));
    all
}

fn of_one_decision(votes: &[Vote]) -> Vec<Contradiction> {
    let mut parts: BTreeMap<(InboxId, Aspect), Vec<&Feedback>> = BTreeMap::new();
    for (a, b) in precision::contradictions(votes) {
        for one in [a, b] {
            let said = parts.entry((one.about, one.aspect)).or_default();
            if !said.contains(&one) {
                said.push(one);
            }
        }
    }
    let contradiction = |((message, aspect), mut said): ((InboxId, Aspect), Vec<&Feedback>)| {
        said.sort_by(|a, b| (a.at, &a.actor).cmp(&(b.at, &b.actor)));
        let by_agent = said.iter().any(|one| one.source == FeedbackSource::Agent);
        let settled = if by_agent { Settled::Agent } else { Settled::Nothing };
        Contradiction { message, aspect, labels: said.into_iter().map(label).collect(), settled }
    };
    parts.into_iter().map(contradiction).collect()
}

fn label(said: &Feedback) -> Label {
    Label {
        message: said.about,
        agent: said.actor.strip_prefix("agent:").map(str::to_owned),
        source: said.source,
        outcome: Some(said.outcome),
        given: said.given.clone(),
        wanted: said.wanted.clone(),
        at: said.at,
    }
}

/// The same text, labelled differently as different messages.
fn of_one_text(examples: &[Taught]) -> Vec<Contradiction> {
    let mut texts: BTreeMap<&str, Vec<&Taught>> = BTreeMap::new();
    for one in examples {
        if let Some(text) = one.text() {
            texts.entry(text).or_default().push(one);
        }
    }
    let mut all = Vec::new();
    for mut alike in texts.into_values().filter(|alike| alike.len() > 1) {
        alike.sort_by_key(|one| (one.at, one.inbox_id));
        for aspect in [Aspect::Article, Aspect::Intent] {
            let value = |one: &Taught| match aspect {
                Aspect::Article => one.article.clone(),
                Aspect::Intent => one.intent.clone(),
                Aspect::Queue | Aspect::Priority | Aspect::Satisfaction => None,
            };
            let labels: Vec<Label> = alike
                .iter()
                .filter_map(|one| {
                    let wanted = Some(value(one)?);
                    let (message, source, at) = (one.inbox_id, one.source, one.at);
                    Some(Label { message, agent: None, source, outcome: None, given: None, wanted, at })
                })
                .collect();
            let differ = labels.iter().any(|one| labels.first().is_some_and(|first| first.wanted != one.wanted));
            if let (true, Some(message)) = (differ, labels.iter().map(|one| one.message).min()) {
                all.push(Contradiction { message, aspect, labels, settled: Settled::Strongest });
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::feedback::{agent, voter};
    use crate::domain::{Language, Said};

    fn vote(actor: &str, wanted: &str, at: i64) -> Vote {
        let source = if actor.starts_with("agent:") { FeedbackSource::Agent } else { FeedbackSource::Requester };
        Vote {
            feedback: Feedback {
                about: InboxId(7),
                aspect: Aspect::Intent,
                actor: actor.into(),
                source,
                outcome: Outcome::Wrong,
                given: Some("vpn".into()),
                wanted: Some(wanted.into()),
                at: Timestamp(at),
            },
            decision: "file".into(),
            probability: None,
        }
    }

    fn taught(id: i64, text: &str, intent: &str) -> Taught {
        Taught {
            inbox_id: InboxId(id),
            said: Said::Text(text.into()),
            language: Language::En,
            intent: Some(intent.into()),
            article: None,
            source: FeedbackSource::Agent,
            weight: 1.0,
            at: Timestamp(id),
        }
    }

    #[test]
    fn people_who_contradict_each_other_are_shown_with_what_counts() {
        let [sato, aoki, some, other] = [agent("sato"), agent("aoki"), voter("a"), voter("b")];
        for (votes, wanted) in [
            (vec![vote(&sato, "restart", 1), vote(&aoki, "restart", 2)], None),
            (vec![vote(&sato, "restart", 1), vote(&aoki, "restore", 2)], Some((Settled::Agent, 2))),
            (vec![vote(&some, "restart", 1), vote(&other, "restore", 2)], Some((Settled::Nothing, 2))),
            (vec![vote(&some, "a", 1), vote(&sato, "b", 2), vote(&other, "c", 3)], Some((Settled::Agent, 3))),
        ] {
            let found = contradictions(&votes, &[]);
            assert_eq!(found.first().map(|one| (one.settled, one.labels.len())), wanted, "{votes:?}");
            let named = found.iter().flat_map(|one| &one.labels).filter_map(|label| label.agent.as_deref());
            assert!(named.into_iter().all(|name| ["sato", "aoki"].contains(&name)));
        }
    }

    #[test]
    fn one_text_with_two_labels_is_shown() {
        let same = [taught(1, "turn it round", "restart"), taught(2, "turn it round", "restart")];
        assert_eq!(contradictions(&[], &same), []);
        let other = [taught(4, "turn it round", "restore"), taught(1, "turn it round", "restart")];
        let found = contradictions(&[], &other);
        assert_eq!((found.len(), found[0].message, found[0].settled), (1, InboxId(1), Settled::Strongest));
    }
}
