//! From what people said of answers to thresholds on the calibrated probability, for a wanted share of right answers.
//!
//! **Stricter at once, looser only on proof.** The thresholds are looked at again every night. An interval that holds for
//! one look does not hold for many: looked at often enough it crosses any line by chance. The two mistakes do not cost the
//! same either: too strict costs a person's time, too loose sends wrong answers. So a threshold rises on the point estimate
//! (shrunk towards what the calibration promises, so that one vote does not silence an article that is otherwise right),
//! and it falls below the shipped one only when a lower bound that holds over all looks and all thresholds tried does.
//!
//! **Mistaken votes.** Where two people judged one answer and disagree, one of them is mistaken; how often that happens says
//! how many of all votes are, and the measured share is corrected for it (the shown counts are not).

use std::collections::{BTreeMap, HashMap};

use crate::domain::feedback::NONE;
use crate::domain::{Aspect, Bar, Feedback, FeedbackSource, InboxId, Measured, Outcome, Policy, Timestamp, Vote};

/// How many judgements' worth the calibration is believed.
const PRIOR: f64 = 20.0;
/// Share of mistaken votes before anybody contradicted anybody, and how many pairs of votes that is worth.
const MISTAKEN: f64 = 0.02;
const PAIRS: f64 = 20.0;
/// More cannot be told from answers that are wrong.
const MOST_MISTAKEN: f64 = 0.15;
/// The interval shown: 95 %.
const Z: f64 = 1.96;
/// The chance that a threshold is ever lowered wrongly.
const ALPHA: f64 = 0.05;
/// Thresholds tried above and below the shipped one.
const STRICTER: [f64; 7] = [0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.999];
const LOOSER: [f64; 8] = [0.94, 0.92, 0.9, 0.87, 0.85, 0.8, 0.75, 0.7];
/// Judgements between a lower threshold and the next one that it takes to look at it.
const BAND: usize = 25;
/// Nothing is this probable.
const NEVER: f64 = 1.1;
const DAY_MS: i64 = 86_400_000;

/// One judged answer or suggestion.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The message it was given for.
    pub about: InboxId,
    /// The article.
    pub article: String,
    /// Whose word decided.
    pub voter: String,
    /// How probable it was when it was given.
    pub probability: f64,
    /// It was sent as the answer, not only suggested.
    pub answered: bool,
    /// It was right.
    pub right: bool,
    /// When that was said.
    pub at: Timestamp,
}

/// What `votes` say of articles, oldest first. An answer that several people judged counts once: the last agent's word,
/// else the majority of the requesters', and wrong when they are even. One person counts once for an article and day,
/// with the last word, however many answers they judge.
#[must_use]
pub fn judged(votes: &[Vote]) -> Vec<Judged> {
    let mut answers: BTreeMap<InboxId, Vec<&Vote>> = BTreeMap::new();
    for vote in votes.iter().filter(|vote| vote.feedback.aspect == Aspect::Article && vote.probability.is_some()) {
        answers.entry(vote.feedback.about).or_default().push(vote);
    }
    let mut kept: HashMap<(String, String, i64), Judged> = HashMap::new();
    for said in answers.values() {
        let Some(one) = verdict(said) else { continue };
        let key = (one.voter.clone(), one.article.clone(), one.at.0.div_euclid(DAY_MS));
        match kept.get(&key) {
            Some(other) if (other.at, other.about) >= (one.at, one.about) => {}
            Some(_) | None => {
                kept.insert(key, one);
            }
        }
    }
    let mut all: Vec<Judged> = kept.into_values().collect();
    all.sort_by_key(|one| (one.at, one.about));
    all
}

fn verdict<'a>(said: &'a [&'a Vote]) -> Option<Judged> {
    let agent = last(said.iter().filter(|vote| vote.feedback.source == FeedbackSource::Agent));
    let deciding = agent.or_else(|| {
        let right = said.iter().filter(|vote| vote.feedback.outcome == Outcome::Right).count();
        let wanted = if right * 2 > said.len() { Outcome::Right } else { Outcome::Wrong };
        last(said.iter().filter(|vote| vote.feedback.outcome == wanted))
    })?;
    Some(Judged {
        about: deciding.feedback.about,
        article: deciding.feedback.given.clone().unwrap_or_default(),
        voter: deciding.feedback.actor.clone(),
        probability: deciding.probability?,
        answered: deciding.decision == "answer",
        right: deciding.feedback.outcome == Outcome::Right,
        at: deciding.feedback.at,
    })
    .filter(|one| !one.article.is_empty() && one.article != NONE)
}

fn last<'a>(of: impl Iterator<Item = &'a &'a Vote>) -> Option<&'a Vote> {
    of.copied().max_by(|a, b| (a.feedback.at, &a.feedback.actor).cmp(&(b.feedback.at, &b.feedback.actor)))
}

/// Pairs of judgements of one part of one decision that cannot both hold.
#[must_use]
pub fn contradictions(votes: &[Vote]) -> Vec<(&Feedback, &Feedback)> {
    pairs(votes).into_iter().filter(|(a, b)| disagree(a, b)).collect()
}

/// Neighbouring judgements of the same thing by different people.
fn pairs(votes: &[Vote]) -> Vec<(&Feedback, &Feedback)> {
    let mut by_part: BTreeMap<(InboxId, Aspect), Vec<&Feedback>> = BTreeMap::new();
    for vote in votes.iter().filter(|vote| vote.feedback.aspect != Aspect::Satisfaction) {
        by_part.entry((vote.feedback.about, vote.feedback.aspect)).or_default().push(&vote.feedback);
    }
    let mut found = Vec::new();
    for said in by_part.values_mut() {
        said.sort_by(|a, b| (a.at, &a.actor).cmp(&(b.at, &b.actor)));
        found.extend(said.windows(2).filter_map(|two| Some((*two.first()?, *two.get(1)?))));
    }
    found
}

fn disagree(a: &Feedback, b: &Feedback) -> bool {
    match (&a.wanted, &b.wanted) {
        (Some(one), Some(other)) => one != other,
        (Some(_) | None, None) | (None, Some(_)) => a.outcome != b.outcome,
    }
}

/// The share of votes that are taken to be mistaken, 0 to 0.15. Two votes of which a share ε is mistaken disagree with
/// probability 2ε(1 − ε).
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of votes are far below 2^52")]
pub fn mistaken(votes: &[Vote]) -> f64 {
    let pairs = pairs(votes);
    let apart = pairs.iter().filter(|(a, b)| disagree(a, b)).count() as f64;
    let apart = (apart + PAIRS * 2.0 * MISTAKEN * (1.0 - MISTAKEN)) / (pairs.len() as f64 + PAIRS);
    // The smaller root; from one half on every vote may be mistaken.
    let share = (1.0 - (1.0 - 2.0 * apart.min(0.5)).max(0.0).sqrt()) / 2.0;
    share.min(MOST_MISTAKEN)
}

/// Counts with Wilson's interval (E. B. Wilson, JASA 22, 1927), which holds for few judgements and for shares near 1.
#[must_use]
pub fn measured(right: u32, wrong: u32) -> Measured {
    let (low, high) = wilson(f64::from(right), f64::from(right) + f64::from(wrong), Z);
    Measured { right, wrong, low, high }
}

fn wilson(right: f64, count: f64, z: f64) -> (f64, f64) {
    if count <= 0.0 {
        return (0.0, 1.0);
    }
    let share = right / count;
    let z2 = z * z;
    let middle = share + z2 / (2.0 * count);
    let half = z * (share * (1.0 - share) / count + z2 / (4.0 * count * count)).sqrt();
    let whole = 1.0 + z2 / count;
    (((middle - half) / whole).max(0.0), ((middle + half) / whole).min(1.0))
}

/// What the thresholds are made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aim {
    /// The share of answers that must be right.
    pub wanted: f64,
    /// The threshold that ships: a calibrated probability.
    pub shipped: f64,
    /// No threshold is lower.
    pub least: f64,
    /// See [`mistaken`].
    pub mistaken: f64,
}

/// The thresholds over all articles and for each that was judged. [`Policy::version`] is left empty.
#[must_use]
pub fn policy(judged: &[Judged], aim: &Aim) -> Policy {
    let mut articles: BTreeMap<String, Vec<&Judged>> = BTreeMap::new();
    for one in judged {
        articles.entry(one.article.clone()).or_default().push(one);
    }
    let bars: BTreeMap<String, Bar> = articles
        .iter()
        .map(|(article, given)| (article.clone(), Bar { threshold: stricter(given, aim), measured: answered(given) }))
        .collect();
    // A few bad articles must not silence the others: what their own thresholds hold back is judged already.
    let passes = |one: &&Judged| {
        let own = bars.get(&one.article).map_or(aim.shipped, |bar| bar.threshold);
        own <= aim.shipped || one.probability >= own
    };
    let all: Vec<&Judged> = judged.iter().collect();
    let left: Vec<&Judged> = all.iter().copied().filter(passes).collect();
    let mut threshold = stricter(&left, aim);
    if threshold <= aim.shipped {
        threshold = looser(&left, aim).unwrap_or(aim.shipped);
    }
    let overall = (!judged.is_empty()).then(|| Bar { threshold, measured: answered(&all) });
    Policy { version: String::new(), wanted: aim.wanted, overall, articles: bars }
}

/// The measure of what was sent; suggestions are not answers.
fn answered(given: &[&Judged]) -> Measured {
    let count = |right: bool| given.iter().filter(|one| one.answered && one.right == right).count();
    let count = |right: bool| u32::try_from(count(right)).unwrap_or(u32::MAX);
    measured(count(true), count(false))
}

/// The lowest threshold from the shipped one on at which enough is right.
fn stricter(given: &[&Judged], aim: &Aim) -> f64 {
    let tried = std::iter::once(aim.shipped).chain(STRICTER.into_iter().filter(|at| *at > aim.shipped));
    // Above a threshold t a calibrated classifier is right in (1 + t) / 2 or more of its answers; more than the shipped
    // threshold promises is not believed of any.
    let promised = PRIOR * f64::midpoint(1.0, aim.shipped);
    let enough = |at: &f64| {
        let (right, count) = counted(given.iter().copied(), *at, aim);
        (right + promised) / (count + PRIOR) >= aim.wanted
    };
    tried.into_iter().find(enough).unwrap_or(NEVER)
}

/// The lowest threshold under the shipped one that is proven to be good enough, and below which enough was judged: nothing
/// is said of what nobody looked at. What it adds must be as good as its probability promises; many right answers far
/// above are no excuse for it.
#[expect(clippy::cast_precision_loss, reason = "counts of votes are far below 2^52")]
fn looser(given: &[&Judged], aim: &Aim) -> Option<f64> {
    let mut above = aim.shipped;
    let mut found = None;
    for at in LOOSER.into_iter().filter(|at| *at < aim.shipped && *at >= aim.least) {
        let next = given.iter().filter(|one| one.probability >= at && one.probability < above).count();
        above = at;
        let added = given.iter().copied().filter(|one| one.probability < aim.shipped);
        let (right, count) = counted(added, at, aim);
        if next < BAND || right < at * count {
            continue;
        }
        // Looked at only when the number of judgements has doubled: that bounds the number of looks, and the allowed error
        // is shared out over looks and thresholds so that it is never exceeded in total.
        let all: Vec<&Judged> = given.iter().copied().filter(|one| one.probability >= at).collect();
        let Some(look) = all.len().checked_ilog2() else { continue };
        let alpha = ALPHA / (LOOSER.len() as f64 * f64::from(look + 1) * f64::from(look + 2));
        let (right, count) = counted(all.into_iter().take(1 << look), at, aim);
        // √(2 ln(1 / 2α)) bounds the normal quantile of 1 − α from above.
        if wilson(right, count, (2.0 * (0.5 / alpha).ln()).sqrt()).0 >= aim.wanted {
            found = Some(at);
        }
    }
    found
}

/// How many were right, corrected for mistaken votes, of how many from the threshold on.
fn counted<'a>(given: impl Iterator<Item = &'a Judged>, at: f64, aim: &Aim) -> (f64, f64) {
    let (mut right, mut count) = (0.0, 0.0);
    for one in given.filter(|one| one.probability >= at) {
        count += 1.0;
        right += f64::from(u8::from(one.right));
    }
    if count <= 0.0 {
        return (0.0, 0.0);
    }
    let share = ((right / count - aim.mistaken) / (1.0 - 2.0 * aim.mistaken)).clamp(0.0, 1.0);
    (share * count, count)
}

#[cfg(test)]
mod tests;
