//! How sure a request type is: what is seen of a text beside its best type, and the weights that make a probability of
//! it. They are fitted on texts the model has not seen and on request types it has not seen, so that an unknown text
//! gets a low probability.

use serde::{Deserialize, Serialize};

use super::examples::{Example, counted};
use super::features::Counted;
use super::intents::Model;
use super::linear::{Inventory, Linear, Scores, Trained};
use super::logistic::{Sample, fit, sigmoid};
use super::off_topic::OFF_TOPIC;

/// Number of signals, the bias included.
pub(super) const N: usize = 18;

/// Cautious weights for few examples, and what fitted weights are pulled towards.
pub(super) const DEFAULT: [f64; N] = [
    -4.0, // bias
    1.5,  // the best machine
    0.0,  // the second machine
    0.6,  // lead of the best in the combined score
    0.5,  // its share when the machines' scores are shared out
    0.0,  // how evenly they are shared
    0.3,  // naive Bayes above the mean
    0.3,  // naive Bayes above its rival
    0.2,  // naive Bayes has the same best
    2.0,  // nearest example of the best
    1.0,  // nearest example of the best beside the second's
    0.5,  // known features
    0.5,  // known words
    1.0,  // features its examples have
    0.5,  // words its examples have
    0.0,  // length
    -1.0, // few words
    -1.0, // the machine for texts of no type
];
const PULL: f64 = 2.0;

/// The calibration leaves out a quarter of the examples at a time, and an eighth of the request types: with many more
/// gone, the others would look easier to tell apart than they are.
const FOLDS: usize = 4;
const GROUPS: usize = 8;

/// Passes over what is left when a fold was taken out of the trained machines.
const FOLD_ROUNDS: usize = 2;

/// Where types with more than one in this many of the examples are gone, the machines need as long as at first.
const FEW_GONE: usize = 6;
const UPSET_ROUNDS: usize = 8;

/// With fewer examples than this, every other fold is left out.
const SMALL: usize = 2_000;

/// Texts that are measured; of more, an even sample.
const MEASURED: usize = 3_000;

/// With this many real texts of no type, sentences of other trades say nothing more.
const ENOUGH_NONES: usize = 40;

/// Scores are sharpened by this before they are shared out.
const SHARPNESS: f32 = 4.0;

/// Everything learnt so far, to take folds out of.
pub(super) struct Learnt<'a> {
    pub(super) examples: &'a [Example],
    pub(super) inventory: &'a Inventory,
    pub(super) trained: Trained<'a>,
    pub(super) classes: usize,
}

/// What was seen of a text that its model did not know.
#[derive(Clone, Copy)]
pub(super) struct Judged {
    sample: Sample<N>,
    /// It has a type the model knew.
    in_scope: bool,
}

/// The fitted weights.
#[derive(Serialize, Deserialize)]
pub(super) struct Certainty {
    pub(super) weights: [f64; N],
    /// Below this probability a text is better said to be of no type, see [`keeps`].
    pub(super) keeps: f64,
}

impl Certainty {
    /// What is used without anything to learn from.
    pub(super) const fn cautious() -> Self {
        Self { weights: DEFAULT, keeps: 0.0 }
    }
}

/// The signals of a text for class `best`.
pub(super) fn signals(model: &Model, scores: &Scores, best: usize) -> [f64; N] {
    let linear = &model.linear;
    let second = runner_up(&scores.combined, best);
    let classes = linear.classes;
    let machine = &scores.machine[..classes];
    let rival = second.map_or(-1.0, |second| machine[second]);
    let lead = second.map_or(1.0, |second| scores.combined[best] - scores.combined[second]);
    let (share, evenness) = shared_out(machine, &scores.combined, best);
    let mass = scores.mass.max(1e-3);
    let bayes = &scores.bayes[..classes];
    let mean = bayes.iter().sum::<f32>() / super::linear::count(classes.max(1));
    let bayes_rival = runner_up(bayes, best).map_or(mean, |other| bayes[other]);
    let rows = linear.in_rows(&scores.features);
    let nearest = model.nearest.cosine(&rows, best);
    let other = second.map_or(0.0, |second| model.nearest.cosine(&rows, second));
    let [all, words] = linear.class_share(&scores.features, best);
    let none = scores.machine.get(classes).copied().filter(|_| model.has_nones).unwrap_or(-1.0);
    let number = super::linear::count(scores.words);
    [
        1.0,
        f64::from(machine[best]),
        f64::from(rival),
        f64::from(lead.clamp(-1.0, 4.0)),
        f64::from(share.max(1e-4).ln()),
        f64::from(evenness),
        f64::from((bayes[best] - mean) / mass),
        f64::from(((bayes[best] - bayes_rival) / mass).clamp(-1.0, 1.0)),
        if bayes[best] >= bayes_rival { 1.0 } else { 0.0 },
        f64::from(nearest),
        f64::from(nearest - other),
        f64::from(scores.known),
        f64::from(scores.known_words),
        f64::from(all),
        f64::from(words),
        f64::from(number.ln_1p() / 3.0),
        if scores.words < 3 { 1.0 } else { 0.0 },
        f64::from(none + 1.0),
    ]
}

/// The best of the others.
fn runner_up(scores: &[f32], best: usize) -> Option<usize> {
    let others = scores.iter().enumerate().filter(|(class, score)| *class != best && score.is_finite());
    others.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0))).map(|(class, _)| class)
}

/// The share of `best` among the open classes, and the entropy of all shares beside the largest possible.
fn shared_out(machine: &[f32], combined: &[f32], best: usize) -> (f32, f32) {
    let open_scores = machine.iter().zip(combined).filter(|(_, combined)| combined.is_finite());
    let most = open_scores.fold(f32::NEG_INFINITY, |most, (score, _)| most.max(*score));
    let (mut sum, mut weighted, mut open) = (0.0, 0.0, 0_usize);
    for (score, combined) in machine.iter().zip(combined) {
        if combined.is_finite() {
            let logit = SHARPNESS * (score - most);
            let share = logit.exp();
            sum += share;
            weighted += share * logit;
            open += 1;
        }
    }
    let entropy = sum.ln() - weighted / sum;
    let own = (SHARPNESS * (machine[best] - most)).exp() / sum;
    (own, entropy / super::linear::count(open.max(2)).ln())
}

/// Fold by fold: take a quarter of the types and a quarter of the other types' examples out, then ask for both.
pub(super) fn certainty(learnt: &Learnt<'_>) -> Certainty {
    if learnt.classes < 2 {
        return Certainty::cautious();
    }
    let strange: Vec<Counted> = OFF_TOPIC.iter().map(|text| counted(text)).collect();
    // Half of the folds are enough for a handful of weights, and a desk starts sooner.
    let step = if learnt.examples.len() < SMALL { 2 } else { 1 };
    let judged: Vec<Judged> = (0..FOLDS).step_by(step).flat_map(|fold| measure(learnt, fold, &strange)).collect();
    let samples: Vec<Sample<N>> = judged.iter().map(|judged| judged.sample).collect();
    let weights = fit(&samples, &DEFAULT, PULL);
    let nones = learnt.examples.iter().filter(|example| example.class == learnt.classes).count();
    let cost = if nones < ENOUGH_NONES { COST_BLIND } else { COST };
    Certainty { weights, keeps: keeps(&judged, &weights, cost) }
}

fn measure(learnt: &Learnt<'_>, fold: usize, strange: &[Counted]) -> Vec<Judged> {
    let classes = learnt.classes;
    let left_out = |class: usize| classes >= GROUPS && class < classes && class % GROUPS == fold;
    let held = |place: usize| (place / FOLDS + place) % FOLDS == fold;
    let out = |place: &usize| left_out(learnt.examples[*place].class) || held(*place);
    let all = learnt.examples.len();
    let removed: Vec<usize> = (0..all).filter(out).collect();
    let mut kept: Vec<u32> = (0_u32..).zip(0..all).filter(|(_, place)| !out(place)).map(|(number, _)| number).collect();

    let lesson = learnt.trained.lesson;
    let mut machines = learnt.trained.machines.clone();
    machines.forget(lesson, removed.iter().copied());
    let strangers = learnt.examples.iter().filter(|example| left_out(example.class)).count();
    machines.train(lesson, &mut kept, if strangers * FEW_GONE > all { UPSET_ROUNDS } else { FOLD_ROUNDS });
    let mut counts = learnt.trained.counts.clone();
    for place in &removed {
        counts.add(lesson, *place, -learnt.examples[*place].weight);
    }
    let texts = removed.iter().map(|place| learnt.examples[*place].counted.as_slice());
    let inventory = learnt.inventory.without(texts);
    let closed = (0..classes).map(left_out).collect();
    let asked = (0..all).filter(|place| held(*place)).map(|place| learnt.examples[place].counted.as_slice());
    let wanted = inventory.rows_of(asked.chain(strange.iter().map(Vec::as_slice)));
    let linear = Linear::new(inventory, &Trained { lesson, machines: &machines, counts: &counts }, closed, &wanted);
    let taught: Vec<usize> = (0..all).filter(|place| !out(place)).collect();
    let model = Model::new(linear, (lesson, &taught), learnt.examples.iter().any(|example| example.class == classes));

    let nones = learnt.examples.iter().filter(|example| example.class == classes).count();
    let step = all.div_ceil(MEASURED);
    let asked = (0..all).filter(|place| held(*place));
    let mut judged: Vec<Judged> = asked
        .enumerate()
        // Real texts of no type are few and say most: all of them are asked.
        .filter(|(number, place)| number % step == 0 || learnt.examples[*place].class == classes)
        .map(|(_, place)| {
            let example = &learnt.examples[place];
            let in_scope = example.class < classes && !left_out(example.class);
            let (signals, best) = model.first(&example.counted);
            Judged {
                sample: Sample { features: signals, holds: in_scope && best == example.class, weight: 1.0 },
                in_scope,
            }
        })
        .collect();
    if nones < ENOUGH_NONES {
        for text in strange.iter().skip(fold / 2).step_by(2) {
            let sample = Sample { features: model.first(text).0, holds: false, weight: 1.0 };
            judged.push(Judged { sample, in_scope: false });
        }
    }
    judged
}

/// How many of the rightly named texts abstaining may cost.
#[derive(Clone, Copy)]
struct Cost {
    share: f64,
    /// As many standard deviations below the mean as the lowest of so many lie.
    deviations: f64,
}

/// Where real texts of no type were seen, and where what is unknown is only guessed from types that were left out. What
/// people write is further from the examples than these are from each other: a text must then be less like them than any
/// that was rightly named, also of those whose nearest examples were taken out.
const COST: Cost = Cost { share: 0.006, deviations: 2.51 };
const COST_BLIND: Cost = Cost { share: 0.002, deviations: 4.0 };

/// With fewer texts than this below the bound, the bound is chance.
const FEWEST_BELOW: f64 = 5.0;

/// The probability below which at most `cost` of the rightly named texts lie. Few texts cannot show how low the lowest
/// of a thousand lies: then it is reckoned from the mean and the deviation of the logits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a small count"
)]
fn keeps(judged: &[Judged], weights: &[f64; N], cost: Cost) -> f64 {
    let right = judged.iter().filter(|judged| judged.in_scope && judged.sample.holds);
    let logit = |judged: &Judged| judged.sample.features.iter().zip(weights).map(|(x, weight)| x * weight).sum::<f64>();
    let mut right: Vec<f64> = right.map(logit).collect();
    right.sort_by(f64::total_cmp);
    let below = right.len() as f64 * cost.share;
    let Some(bound) = right.get(below as usize) else { return 0.0 };
    if below >= FEWEST_BELOW {
        return sigmoid(*bound);
    }
    let mean = right.iter().sum::<f64>() / right.len() as f64;
    let variance = right.iter().map(|logit| (logit - mean) * (logit - mean)).sum::<f64>() / right.len() as f64;
    sigmoid(bound.min(mean - cost.deviations * variance.sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(logit: f64, holds: bool) -> Judged {
        let mut features = [0.0; N];
        features[0] = logit;
        Judged { sample: Sample { features, holds, weight: 1.0 }, in_scope: true }
    }

    #[test]
    fn abstaining_costs_what_was_said() {
        let mut weights = [0.0; N];
        weights[0] = 1.0;
        let many: Vec<Judged> = (0..10_000).map(|i| judged(f64::from(i) / 1_000.0, true)).collect();
        assert!((keeps(&many, &weights, COST) - sigmoid(0.06)).abs() < 1e-9);
        let few = [judged(1.0, true), judged(2.0, true), judged(3.0, true), judged(-9.0, false)];
        assert!(keeps(&few, &weights, COST) < sigmoid(1.0));
        // Four deviations below the mean of 2: none of the few comes near.
        assert!(keeps(&few, &weights, COST_BLIND) < sigmoid(2.0 - 3.9 * (2.0_f64 / 3.0).sqrt()));
        assert!(keeps(&[], &weights, COST) <= 0.0);
    }

    #[test]
    fn scores_are_shared_out_among_open_classes() {
        let (share, evenness) = shared_out(&[1.0, 1.0, 9.0], &[0.0, 0.0, f32::NEG_INFINITY], 0);
        assert!(share.is_finite() && evenness <= 1.001);
        let (sure, _) = shared_out(&[1.0, -1.0], &[0.0, 0.0], 0);
        assert!(sure > 0.99);
    }
}
