//! The order of candidates: a weighted sum of their features, the weights learned from questions whose answers are known.
//!
//! Learned as a choice: of the candidates for a question, the right ones should get all of the probability (softmax). Only
//! differences within a question count, so that hard and easy questions teach the same.

use serde::{Deserialize, Serialize};

use crate::text::courtesy;

use super::entry::Without;
use super::faq::Faq;
use super::intents::Intents;
use super::logistic::solve;
use super::question::Query;
use super::rank::{Likeness, Ranked, ranked};

/// Number of features.
pub(super) const FEATURES: usize = 17;

/// Their names, in the order of [`Likeness::features`].
pub(super) const NAMES: [&str; FEATURES] = [
    "search score",
    "search score beside the possible",
    "nearest question",
    "second question",
    "query in question",
    "question in query",
    "query in article",
    "search score of the text",
    "letters",
    "letters beside the best",
    "nearest question beside the best",
    "votes of near questions",
    "asked often",
    "dictionary words",
    "same request type",
    "heaviest word missing",
    "letters of all questions",
];

/// Weights for a desk whose history is empty; see `docs/accuracy.md` for how they were learned and from what.
pub(super) const DEFAULT: [f64; FEATURES] =
    [4.0, 0.5, 0.7, 0.7, 1.0, 0.0, 1.5, 1.2, 0.5, 0.3, 0.3, 0.1, 0.5, 0.5, 0.5, -0.5, 5.0];

/// On which side of zero each weight belongs.
const MEANING: [f64; FEATURES] = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -1.0, 1.0];

/// How many questions' worth of belief the default weights have.
const PULL: f64 = 8.0;

/// Past questions learned from; a long history is sampled evenly.
const ASKED: usize = 2_000;

/// Steps of the fit; it is convex and done after a handful.
const STEPS: usize = 20;

/// The weights.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) weights: [f64; FEATURES],
}

/// The candidates of one question, at least one of them right and one wrong.
pub(super) struct Choice {
    candidates: Vec<[f64; FEATURES]>,
    right: Vec<bool>,
}

impl Default for Order {
    fn default() -> Self {
        Self { weights: DEFAULT }
    }
}

impl Order {
    pub(super) fn score(&self, likeness: &Likeness) -> f64 {
        dot(&self.weights, &likeness.features())
    }

    /// Learned from what people asked: each past question is asked of an index that does not hold it.
    pub(super) fn learn(faq: &Faq, types: &Intents) -> Self {
        let step = faq.past.len().div_ceil(ASKED).max(1);
        let mut choices = Vec::new();
        for past in faq.past.iter().step_by(step) {
            let Some(language) = past.entries.first().map(|entry| faq.entries[*entry as usize].language) else {
                continue;
            };
            let stripped = courtesy::strip(&past.text);
            let without = Without::Hand(past.hand);
            let (mut query, terms) = Query::whole(&stripped, faq, without);
            query.class = types.likeliest(&stripped);
            let found = ranked(faq, &Self::default(), (&query, &terms), language, without);
            choices.extend(Choice::new(&found, |entry| past.answered_by(entry)));
        }
        Self::fit(&choices)
    }

    /// Weights under which the right candidates of `choices` lead, near the default ones. None is against its meaning: a
    /// feature that would be is left out, because what looks like that is a twin at work or the way the questions were dealt.
    pub(super) fn fit(choices: &[Choice]) -> Self {
        let pull = pull(choices);
        let mut used = [true; FEATURES];
        loop {
            let weights = descend(choices, &pull, &used);
            let wrong: Vec<usize> = (0..FEATURES).filter(|at| weights[*at] * MEANING[*at] < 0.0).collect();
            if wrong.is_empty() {
                return Self { weights };
            }
            for at in wrong {
                used[at] = false;
            }
        }
    }
}

/// Newton's method on the features that are `used`; the others weigh nothing.
fn descend(choices: &[Choice], pull: &[f64; FEATURES], used: &[bool; FEATURES]) -> [f64; FEATURES] {
    let mut weights: [f64; FEATURES] = std::array::from_fn(|at| if used[at] { DEFAULT[at] } else { 0.0 });
    for _ in 0..STEPS {
        let (mut gradient, mut curve) = slope(choices, &weights, pull);
        for at in (0..FEATURES).filter(|at| !used[*at]) {
            gradient[at] = 0.0;
            curve[at] = [0.0; FEATURES];
            for row in &mut curve {
                row[at] = 0.0;
            }
            curve[at][at] = 1.0;
        }
        let step = solve(curve, gradient);
        let longest = step.iter().fold(0.0_f64, |most, part| most.max(part.abs()));
        // A long step overshoots where few questions speak; it is shortened, and halved while it leads uphill.
        let mut scale = if longest > 4.0 { 4.0 / longest } else { 1.0 };
        let now = loss(choices, &weights, pull, used);
        let walked = |scale: f64| -> [f64; FEATURES] { std::array::from_fn(|at| weights[at] - scale * step[at]) };
        let uphill = |scale: f64| loss(choices, &walked(scale), pull, used) > now;
        let mut leads_uphill = uphill(scale);
        while leads_uphill && scale > 1e-3 {
            scale /= 2.0;
            leads_uphill = uphill(scale);
        }
        if leads_uphill {
            break;
        }
        weights = walked(scale);
        if longest < 1e-4 {
            break;
        }
    }
    weights
}

impl Choice {
    /// `None` when there is nothing to choose: no candidate is right, or all are.
    pub(super) fn new(ranked: &[Ranked], right: impl Fn(usize) -> bool) -> Option<Self> {
        let right: Vec<bool> = ranked.iter().map(|one| right(one.entry)).collect();
        let candidates = ranked.iter().map(|one| one.likeness.features()).collect();
        (right.contains(&true) && right.contains(&false)).then_some(Self { candidates, right })
    }
}

fn dot(a: &[f64; FEATURES], b: &[f64; FEATURES]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The pull on each weight: the same for all, when features are measured in their own spread.
#[expect(clippy::cast_precision_loss, reason = "counts of candidates are far below 2^52")]
fn pull(choices: &[Choice]) -> [f64; FEATURES] {
    let all = || choices.iter().flat_map(|choice| &choice.candidates);
    let count = (all().count() as f64).max(1.0);
    std::array::from_fn(|i| {
        let mean = all().map(|features| features[i]).sum::<f64>() / count;
        let spread = all().map(|features| (features[i] - mean).powi(2)).sum::<f64>() / count;
        PULL * spread.max(1e-4)
    })
}

/// What the fit makes small: the surprise at the right candidates, and the pull on the features that are used.
#[expect(clippy::cast_precision_loss, reason = "a question has few candidates")]
fn loss(choices: &[Choice], weights: &[f64; FEATURES], pull: &[f64; FEATURES], used: &[bool; FEATURES]) -> f64 {
    let away = |at: usize| pull[at] * (weights[at] - DEFAULT[at]).powi(2);
    let mut sum: f64 = 0.5 * (0..FEATURES).filter(|at| used[*at]).map(away).sum::<f64>();
    for choice in choices {
        let scores: Vec<f64> = choice.candidates.iter().map(|features| dot(weights, features)).collect();
        let most = scores.iter().copied().fold(f64::MIN, f64::max);
        let total = scores.iter().map(|score| (score - most).exp()).sum::<f64>().ln() + most;
        let right = || scores.iter().zip(&choice.right).filter(|(_, right)| **right).map(|(score, _)| score);
        sum += right().map(|score| total - score).sum::<f64>() / right().count().max(1) as f64;
    }
    sum
}

/// Gradient and second derivative of the loss.
#[expect(clippy::cast_precision_loss, reason = "a question has few candidates")]
fn slope(
    choices: &[Choice],
    weights: &[f64; FEATURES],
    pull: &[f64; FEATURES],
) -> ([f64; FEATURES], [[f64; FEATURES]; FEATURES]) {
    let mut gradient: [f64; FEATURES] = std::array::from_fn(|i| pull[i] * (weights[i] - DEFAULT[i]));
    let mut curve = [[0.0; FEATURES]; FEATURES];
    for (i, row) in curve.iter_mut().enumerate() {
        row[i] = pull[i];
    }
    for choice in choices {
        let scores: Vec<f64> = choice.candidates.iter().map(|features| dot(weights, features)).collect();
        let most = scores.iter().copied().fold(f64::MIN, f64::max);
        let raised: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
        let total: f64 = raised.iter().sum();
        let each = 1.0 / choice.right.iter().filter(|right| **right).count().max(1) as f64;
        let mut mean = [0.0; FEATURES];
        for ((features, raised), right) in choice.candidates.iter().zip(&raised).zip(&choice.right) {
            let p = raised / total;
            let wanted = if *right { each } else { 0.0 };
            for i in 0..FEATURES {
                mean[i] += p * features[i];
                gradient[i] += (p - wanted) * features[i];
                let scaled = p * features[i];
                for (cell, other) in curve[i].iter_mut().zip(features) {
                    *cell += scaled * other;
                }
            }
        }
        for i in 0..FEATURES {
            for (cell, other) in curve[i].iter_mut().zip(&mean) {
                *cell -= mean[i] * other;
            }
        }
    }
    (gradient, curve)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(features: &[(usize, f64)], others: &[(usize, f64)]) -> Choice {
        let vector = |parts: &[(usize, f64)]| {
            let mut vector = [0.0; FEATURES];
            for (at, value) in parts {
                vector[*at] = *value;
            }
            vector
        };
        Choice { candidates: vec![vector(others), vector(features)], right: vec![false, true] }
    }

    #[test]
    fn without_questions_the_default_stays() {
        let order = Order::fit(&[]);
        assert!(order.weights.iter().zip(&DEFAULT).all(|(a, b)| (a - b).abs() < 1e-9));
    }

    #[test]
    fn what_tells_right_from_wrong_gains_weight() {
        let choices: Vec<Choice> =
            (0..200).map(|i| choice(&[(8, 0.6), (0, 0.5)], &[(8, 0.2), (0, 0.4 + 0.002 * f64::from(i))])).collect();
        let order = Order::fit(&choices);
        assert!(order.weights[8] > DEFAULT[8] + 1.0, "{:?}", order.weights);
        assert!(order.weights[0] < DEFAULT[0], "{:?}", order.weights);
    }
}
