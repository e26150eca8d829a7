//! Past messages, decided again: each with what was known and what time it was then.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::classify::Engine;
use crate::decide::{self, Context};
use crate::domain::feedback::NONE;
use crate::domain::words::words;
use crate::domain::{Aspect, Catalog, Decided, Decision, Due, InboxId, Judgement, Keyring, Outcome, Past, Priority};

/// Differences shown one by one; all are counted.
const LISTED: usize = 200;

words! {
    /// In which way a decision differs.
    Change {
        /// It would be answered now and was not.
        Gained = "answer_gained",
        /// It was answered and would not be.
        Lost = "answer_lost",
        /// Another article would answer it.
        OtherArticle = "other_article",
        /// Something else would be done with it.
        Decision = "decision",
        /// Another request type.
        Intent = "intent",
        /// Another queue.
        Queue = "queue",
        /// Another priority.
        Priority = "priority",
        /// Promises fall due at another time.
        Due = "due",
        /// Something people said was right would change.
        Breaks = "breaks_confirmed",
        /// What people said would have been right would come out.
        Mends = "mends_corrected",
    }
}

/// The part of a decision that people see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outline {
    /// The decision's word.
    pub decision: &'static str,
    /// The article sent or suggested first.
    pub article: Option<String>,
    /// The request type.
    pub intent: Option<String>,
    /// The queue.
    pub queue: String,
    /// The priority.
    pub priority: Priority,
    /// When the promises fall due.
    pub due: Due,
}

/// One message that would be decided otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The message.
    pub inbox_id: InboxId,
    /// In which ways.
    pub changes: Vec<Change>,
    /// As it was decided.
    pub was: Outline,
    /// As it would be.
    pub now: Outline,
}

/// What came of deciding one message again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// The same bit for bit, reasons included.
    Same,
    /// The same for everybody; the figures behind it differ.
    OtherReasons,
    /// Something else.
    Differs(Box<Difference>),
}

/// Decides `past` again.
#[must_use]
pub fn again(past: &Past, catalog: &Catalog, engine: &Engine) -> Again {
    let (message, known, at) = (&past.message, past.seen.known(), past.seen.at);
    let classification = decide::classified(message, (catalog, &known), at, |intent, wanted| {
        engine.classify_if(message, intent, wanted)
    });
    let context = Context { catalog, classification: &classification, known: &known };
    let decided = decide::decide(message, &context, at);
    // Nothing is sent, so the references in replies need no key.
    let changes = decide::plan(&decided, message, &context, &Keyring::new(Vec::new()), at);
    let settled = changes.settled.as_ref();
    let seen = settled.and_then(|settled| settled.seen.as_deref());
    if seen.is_some_and(|seen| seen.digest == past.seen.digest && seen.due == past.seen.due) {
        return Again::Same;
    }
    let decided = settled.and_then(|settled| settled.decided.as_ref()).unwrap_or(&decided);
    let now = outline(decided, seen.map(|seen| seen.due).unwrap_or_default());
    let was = outline(&past.decided, past.seen.due);
    let changes = compare(&was, &now, &past.judged);
    if changes.is_empty() {
        return Again::OtherReasons;
    }
    Again::Differs(Box::new(Difference { inbox_id: message.inbox_id, changes, was, now }))
}

fn outline(decided: &Decided, due: Due) -> Outline {
    let article = match &decided.decision {
        Decision::Answer { article, .. } => Some(article.clone()),
        Decision::Suggest { articles } => articles.first().cloned(),
        Decision::Ignore { .. }
        | Decision::FollowUp { .. }
        | Decision::Ask { .. }
        | Decision::File
        | Decision::Escalate { .. } => None,
    };
    Outline {
        decision: decided.decision.name(),
        article,
        intent: decided.intent.clone(),
        queue: decided.queue.clone(),
        priority: decided.priority,
        due,
    }
}

fn compare(was: &Outline, now: &Outline, judged: &[Judgement]) -> Vec<Change> {
    let answered = |outline: &Outline| outline.decision == "answer";
    let mut changes = Vec::new();
    let mut note = |differs: bool, change: Change| changes.extend(differs.then_some(change));
    note(answered(now) && !answered(was), Change::Gained);
    note(answered(was) && !answered(now), Change::Lost);
    note(answered(was) && answered(now) && was.article != now.article, Change::OtherArticle);
    note(was.decision != now.decision && !answered(was) && !answered(now), Change::Decision);
    note(was.intent != now.intent, Change::Intent);
    // What is ignored both times waits nowhere.
    if was.decision != "ignore" || now.decision != "ignore" {
        note(was.queue != now.queue, Change::Queue);
        note(was.priority != now.priority, Change::Priority);
        note(was.due != now.due, Change::Due);
    }
    let (breaks, mends) = verdicts(was, now, judged);
    note(breaks, Change::Breaks);
    note(mends, Change::Mends);
    changes
}

/// Whether something confirmed would break, and whether something corrected would come out as wanted.
fn verdicts(was: &Outline, now: &Outline, judged: &[Judgement]) -> (bool, bool) {
    let (mut breaks, mut mends) = (false, false);
    for judgement in judged {
        let [before, after] = match judgement.aspect {
            Aspect::Article => [was, now].map(|outline| outline.article.as_deref()),
            Aspect::Intent => [was, now].map(|outline| outline.intent.as_deref()),
            Aspect::Queue => [was, now].map(|outline| Some(outline.queue.as_str())),
            Aspect::Priority => [was, now].map(|outline| Some(outline.priority.as_str())),
            Aspect::Satisfaction => continue,
        };
        let wanted = judgement.wanted.as_deref().map(|wanted| (wanted != NONE).then_some(wanted));
        match judgement.outcome {
            Outcome::Right => breaks |= before == judgement.given.as_deref() && before != after,
            Outcome::Wrong => mends |= wanted == Some(after) && before != after,
        }
        // A confirmed answer that would only be suggested is lost as well.
        if judgement.aspect == Aspect::Article && judgement.outcome == Outcome::Right {
            breaks |= was.decision == "answer" && now.decision != "answer";
        }
    }
    (breaks, mends)
}

/// All differences together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Messages decided again.
    pub decided: u64,
    /// The same bit for bit.
    pub same: u64,
    /// The same with other figures behind it.
    pub other_reasons: u64,
    /// Something else.
    pub differing: u64,
    /// Messages that could not be decided again: their text or record is gone.
    pub lost: u64,
    /// How many differ in which way; one message may in several.
    pub changes: BTreeMap<Change, u64>,
    /// From queue to queue.
    pub queues: BTreeMap<String, u64>,
    /// From priority to priority.
    pub priorities: BTreeMap<String, u64>,
    /// The first differing messages, at most 200, those that break something confirmed before the others.
    pub differences: Vec<Difference>,
}

impl Summary {
    /// Adds one message.
    pub fn add(&mut self, again: Again) {
        self.decided += 1;
        match again {
            Again::Same => self.same += 1,
            Again::OtherReasons => self.other_reasons += 1,
            Again::Differs(difference) => {
                self.differing += 1;
                for change in &difference.changes {
                    *self.changes.entry(*change).or_default() += 1;
                }
                let (was, now) = (&difference.was, &difference.now);
                if difference.changes.contains(&Change::Queue) {
                    *self.queues.entry(format!("{} → {}", was.queue, now.queue)).or_default() += 1;
                }
                if difference.changes.contains(&Change::Priority) {
                    *self.priorities.entry(format!("{} → {}", was.priority, now.priority)).or_default() += 1;
                }
                self.differences.push(*difference);
                if self.differences.len() >= 2 * LISTED {
                    self.keep_first();
                }
            }
        }
    }

    /// Takes in what another thread counted.
    pub fn merge(&mut self, other: Self) {
        self.decided += other.decided;
        self.same += other.same;
        self.other_reasons += other.other_reasons;
        self.differing += other.differing;
        self.lost += other.lost;
        for (change, count) in other.changes {
            *self.changes.entry(change).or_default() += count;
        }
        for (moves, others) in [(&mut self.queues, other.queues), (&mut self.priorities, other.priorities)] {
            for (way, count) in others {
                *moves.entry(way).or_default() += count;
            }
        }
        self.differences.extend(other.differences);
        self.keep_first();
    }

    fn keep_first(&mut self) {
        self.differences.sort_by_key(|difference| (!difference.changes.contains(&Change::Breaks), difference.inbox_id));
        self.differences.truncate(LISTED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(decision: &'static str, article: Option<&str>) -> Outline {
        Outline {
            decision,
            article: article.map(Into::into),
            intent: None,
            queue: "support".into(),
            priority: Priority::Medium,
            due: Due::default(),
        }
    }

    fn said(outcome: Outcome, given: &str, wanted: Option<&str>) -> Judgement {
        Judgement { aspect: Aspect::Article, outcome, given: Some(given.into()), wanted: wanted.map(Into::into) }
    }

    #[test]
    fn changes_have_names() {
        let (vpn, none) = (outline("answer", Some("vpn")), outline("file", None));
        let offered = outline("suggest", Some("vpn"));
        let other = outline("answer", Some("wifi"));
        let moved = Outline { queue: "network".into(), ..none.clone() };
        let right = [said(Outcome::Right, "vpn", Some("vpn"))];
        let wrong = [said(Outcome::Wrong, "vpn", Some("wifi"))];
        let nothing = [said(Outcome::Wrong, "vpn", Some("none"))];
        for (was, now, judged, wanted) in [
            (&vpn, &vpn, &right[..], &[][..]),
            (&vpn, &none, &[], &[Change::Lost]),
            (&none, &vpn, &[], &[Change::Gained]),
            (&vpn, &other, &[], &[Change::OtherArticle]),
            (&none, &moved, &[], &[Change::Queue]),
            (&none, &offered, &[], &[Change::Decision]),
            (&vpn, &offered, &right, &[Change::Lost, Change::Breaks]),
            (&vpn, &other, &right, &[Change::OtherArticle, Change::Breaks]),
            (&vpn, &other, &wrong, &[Change::OtherArticle, Change::Mends]),
            (&vpn, &none, &nothing, &[Change::Lost, Change::Mends]),
        ] {
            assert_eq!(compare(was, now, judged), wanted, "{was:?} {now:?}");
        }
    }

    #[test]
    fn summaries_of_two_threads_add_up_and_stay_small() {
        let differs = |id: i64, changes: &[Change]| {
            let (was, now) = (outline("file", None), outline("answer", Some("vpn")));
            Again::Differs(Box::new(Difference { inbox_id: InboxId(id), changes: changes.to_vec(), was, now }))
        };
        let mut whole = Summary::default();
        for thread in 0..2 {
            let mut part = Summary::default();
            for number in 0..1000 {
                part.add(differs(number * 2 + thread, &[Change::Gained]));
            }
            part.add(differs(5000 + thread, &[Change::Lost, Change::Breaks]));
            part.add(Again::Same);
            whole.merge(part);
        }
        assert_eq!((whole.decided, whole.same, whole.differing), (2004, 2, 2002));
        assert_eq!(whole.changes[&Change::Gained], 2000);
        assert_eq!(whole.differences.len(), LISTED);
        let ids: Vec<i64> = whole.differences.iter().take(4).map(|one| one.inbox_id.0).collect();
        assert_eq!(ids, [5000, 5001, 0, 1]);
    }
}
