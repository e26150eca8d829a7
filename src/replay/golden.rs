//! The gate a newly taught classifier has to pass: the cases a desk must get right, and its confirmed history.

use serde::{Deserialize, Serialize};

use crate::classify::Engine;
use crate::domain::feedback::NONE;
use crate::domain::words::words;
use crate::domain::{Catalog, Golden, Language, Taught, Visibility, Wanted};

/// Candidates offered beside a person's work.
const OFFERED: usize = 3;
/// Of the confirmed history at most this share may be lost without a reason to keep the new model out.
const SLACK: f64 = 0.01;

words! {
    /// How a case comes out, worst first.
    Held {
        /// A wrong article would be sent.
        Misled = "misled",
        /// What is wanted does not come out.
        Missed = "missed",
        /// The article would be offered.
        Offered = "offered",
        /// As wanted.
        Right = "right",
    }
}

/// How one text comes out.
#[must_use]
pub fn held(text: &str, language: Language, wanted: &Wanted, catalog: &Catalog, engine: &Engine) -> Held {
    let found = engine.classify_text("", text, Some(language));
    let public = |id: &str| {
        catalog
            .article(id, language)
            .is_some_and(|article| article.visibility == Visibility::Public && article.answer_alone)
    };
    let best = found.articles.first();
    let sent = best.filter(|best| {
        public(&best.article) && best.probability >= catalog.policy.threshold(&best.article, catalog.thresholds.answer)
    });
    match wanted {
        Wanted::Article(id) => {
            let offered = || {
                let near =
                    found.articles.iter().take(OFFERED).filter(|one| one.probability >= catalog.thresholds.suggest);
                near.into_iter().any(|one| one.article == *id)
            };
            match sent {
                Some(sent) if sent.article == *id => Held::Right,
                Some(_) => Held::Misled,
                None if offered() => Held::Offered,
                None => Held::Missed,
            }
        }
        Wanted::Intent(id) => {
            let taken = found.intents.first().filter(|best| best.probability >= catalog.thresholds.intent);
            if taken.is_some_and(|taken| taken.intent == *id) { Held::Right } else { Held::Missed }
        }
        Wanted::Nothing if sent.is_some() => Held::Misled,
        Wanted::Nothing => Held::Right,
    }
}

/// How every case comes out, in their order.
#[must_use]
pub fn run(cases: &[Golden], catalog: &Catalog, engine: &Engine) -> Vec<Held> {
    cases.iter().map(|case| held(&case.text, case.language, &case.wanted, catalog, engine)).collect()
}

/// Labelled messages as cases; messages of both kinds of label become two.
#[must_use]
pub fn history(examples: &[Taught]) -> Vec<Golden> {
    let mut cases = Vec::new();
    for one in examples {
        // What is left of an expired text cannot be asked.
        let Some(text) = one.text() else { continue };
        let case = |one: &Taught, wanted: Wanted| Golden {
            text: text.to_owned(),
            language: one.language,
            wanted,
            important: false,
        };
        let article = one.article.as_ref();
        cases.extend(
            article.map(|id| case(one, if id == NONE { Wanted::Nothing } else { Wanted::Article(id.clone()) })),
        );
        let intent = one.intent.as_ref().filter(|id| *id != NONE);
        cases.extend(intent.map(|id| case(one, Wanted::Intent(id.clone()))));
    }
    cases
}

/// Counts of how cases come out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// As wanted.
    pub right: u32,
    /// Only offered.
    pub offered: u32,
    /// Not at all.
    pub missed: u32,
    /// A wrong article would be sent.
    pub misled: u32,
}

/// Counts `held`.
#[must_use]
pub fn tally(held: &[Held]) -> Tally {
    let mut tally = Tally::default();
    for one in held {
        match one {
            Held::Right => tally.right += 1,
            Held::Offered => tally.offered += 1,
            Held::Missed => tally.missed += 1,
            Held::Misled => tally.misled += 1,
        }
    }
    tally
}

/// A case that comes out otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The text.
    pub text: String,
    /// It keeps a model out.
    pub important: bool,
    /// Before.
    pub before: Held,
    /// After.
    pub after: Held,
}

/// The cases that come out otherwise.
#[must_use]
pub fn moved(cases: &[Golden], before: &[Held], after: &[Held]) -> Vec<Moved> {
    let changed = cases.iter().zip(before.iter().zip(after)).filter(|(_, (before, after))| before != after);
    changed
        .map(|(case, (before, after))| Moved {
            text: case.text.clone(),
            important: case.important,
            before: *before,
            after: *after,
        })
        .collect()
}

/// Why the new model must stay out: an important case no longer comes out at all, more cases mislead, or fewer of the
/// confirmed history come out. An important answer that is only offered from now on is the thresholds' work and no reason.
#[must_use]
pub fn refusal(golden: &[Moved], history: [Tally; 2]) -> Option<String> {
    let worse = |one: &&Moved| one.after < one.before && one.after <= Held::Missed;
    if let Some(lost) = golden.iter().find(|one| one.important && worse(one)) {
        return Some(format!("important case was {} and is {}: {}", lost.before, lost.after, lost.text));
    }
    let misled = |held: fn(&Moved) -> Held| golden.iter().filter(|one| held(one) == Held::Misled).count();
    let (before, after) = (misled(|one| one.before), misled(|one| one.after));
    if after > before {
        return Some(format!("{} more golden cases would get a wrong answer", after - before));
    }
    let [before, after] = history;
    let all = f64::from(before.right + before.offered + before.missed + before.misled);
    let came_out = |tally: Tally| f64::from(tally.right + tally.offered);
    (came_out(after) + f64::max(1.0, SLACK * all) < came_out(before)).then(|| {
        format!(
            "of {all} confirmed messages left out of the lesson {} come out instead of {}",
            came_out(after),
            came_out(before)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(important: bool, before: Held, after: Held) -> Moved {
        Moved { text: "t".into(), important, before, after }
    }

    #[test]
    fn what_is_important_keeps_a_worse_model_out() {
        let same = [Tally { right: 50, ..Tally::default() }; 2];
        let fewer =
            [Tally { right: 50, missed: 0, ..Tally::default() }, Tally { right: 40, missed: 10, ..Tally::default() }];
        for (golden, history, wanted) in [
            (vec![], same, None),
            (vec![one(true, Held::Missed, Held::Right)], same, None),
            (vec![one(true, Held::Right, Held::Offered)], same, None),
            (vec![one(true, Held::Right, Held::Missed)], same, Some("important")),
            (vec![one(true, Held::Offered, Held::Misled)], same, Some("important")),
            (vec![one(false, Held::Right, Held::Missed)], same, None),
            (vec![one(false, Held::Right, Held::Misled)], same, Some("wrong answer")),
            (vec![], fewer, Some("40 come out instead of 50")),
        ] {
            let refused = refusal(&golden, history);
            assert_eq!(refused.is_some(), wanted.is_some(), "{golden:?} {refused:?}");
            assert!(refused.unwrap_or_default().contains(wanted.unwrap_or_default()));
        }
    }
}
