//! Which request type a text is, or none. The probability is calibrated on texts the model has not seen and on request
//! types it has not seen, so that an unknown text gets a low one.

use crate::domain::{Intent, IntentCandidate, RuleHit};
use crate::text::{courtesy, normalise};

use super::features::count;
use super::linear::{Example, Linear, Scores};
use super::logistic::{Sample, fit, sigmoid};
use super::off_topic::OFF_TOPIC;

/// Passes over the examples for the model that is kept, and for those that are only measured.
const ROUNDS: usize = 10;
const FOLD_ROUNDS: usize = 5;

/// The calibration leaves out a quarter of the examples and a quarter of the request types at a time.
const FOLDS: usize = 4;

/// At most this many candidates are named.
const NAMED: usize = 5;

/// A certain rule's probability: it decides, but only among what rules can know.
const CERTAIN: f64 = 0.99;

/// What a rule that only adds weight adds: to a class's standardised score, and to the logit of the best.
const RULE_SCORE: f32 = 1.5;
const RULE_LOGIT: f64 = 1.5;

/// A text with fewer known features than this (a bare number) gets at most this probability.
const ENOUGH: usize = 3;
const THIN: f64 = 0.3;

const N: usize = 7;

/// Cautious weights for few examples: bias, machine score, lead, nearest example, known share, class share, few features.
const DEFAULT: [f64; N] = [-3.0, 1.5, 0.6, 3.0, 1.0, 1.5, -1.0];
const PULL: f64 = 0.5;

/// The model with everything to judge it by.
pub(super) struct Intents {
    ids: Vec<String>,
    model: Linear,
    /// The examples of each class as the model weighs them.
    examples: Vec<Vec<Vec<(u32, f32)>>>,
    weights: [f64; N],
}

impl Intents {
    /// Trains on the intents' examples.
    pub(super) fn train(intents: &[Intent]) -> Self {
        let mut examples: Vec<Example> = Vec::new();
        for (class, intent) in intents.iter().enumerate() {
            for (_, text) in &intent.examples {
                examples.push(Example { counted: counted(text), class });
            }
        }
        let all: Vec<&Example> = examples.iter().collect();
        let ids = intents.iter().map(|intent| intent.id.clone()).collect();
        let mut trained = Self::on(&all, intents.len(), ROUNDS, DEFAULT);
        trained.ids = ids;
        trained.weights = calibrate(&examples, intents.len());
        trained
    }

    fn on(examples: &[&Example], classes: usize, rounds: usize, weights: [f64; N]) -> Self {
        let model = Linear::train(examples, classes, rounds);
        let mut kept = vec![Vec::new(); classes];
        for example in examples {
            kept[example.class].push(model.weighed(example));
        }
        Self { ids: Vec::new(), model, examples: kept, weights }
    }

    /// Candidates for a normalised text without greetings, best first, at most five.
    pub(super) fn candidates(&self, text: &str, rules: &[RuleHit]) -> Vec<IntentCandidate> {
        if self.ids.is_empty() {
            return Vec::new();
        }
        let counted = count(text);
        let mut scores = self.model.score(&counted);
        let hit = |id: &str, certain: bool| rules.iter().any(|rule| rule.intent == id && rule.certain == certain);
        for (id, score) in self.ids.iter().zip(&mut scores.combined) {
            if hit(id, false) || hit(id, true) {
                *score += RULE_SCORE;
            }
        }
        // Two certain rules of different intents contradict each other: then neither decides alone.
        let mut certain = self.ids.iter().enumerate().filter(|(_, id)| hit(id, true)).map(|(class, _)| class);
        let decided = certain.next().filter(|_| certain.next().is_none());
        let order = order(&scores.combined);
        let Some(best) = decided.or(order.first().copied()) else { return Vec::new() };
        let mut logit = dot(&self.weights, &self.signals(&scores, best));
        if hit(&self.ids[best], false) || hit(&self.ids[best], true) {
            logit += RULE_LOGIT;
        }
        let most = if scores.features.len() < ENOUGH { THIN } else { CERTAIN };
        let probability = if decided.is_some() { CERTAIN } else { sigmoid(logit).min(most) };
        // What is left is shared out by score; nobody gets more than the best.
        let rest: Vec<usize> = order.into_iter().filter(|class| *class != best).take(NAMED - 1).collect();
        let shares: Vec<f64> = rest.iter().map(|class| f64::from(scores.combined[*class]).exp()).collect();
        let own = f64::from(scores.combined[best]).exp();
        let sum = shares.iter().sum::<f64>() + own;
        let mut named = vec![IntentCandidate { intent: self.ids[best].clone(), probability }];
        for (class, share) in rest.iter().zip(shares) {
            let probability = ((1.0 - probability) * share / sum).min(probability);
            named.push(IntentCandidate { intent: self.ids[*class].clone(), probability });
        }
        named
    }

    /// The type the model alone finds likeliest for a normalised text, by its place in the catalog.
    pub(super) fn likeliest(&self, text: &str) -> Option<usize> {
        if self.ids.is_empty() {
            return None;
        }
        order(&self.model.score(&count(text)).combined).first().copied()
    }

    fn signals(&self, scores: &Scores, best: usize) -> [f64; N] {
        let rival = scores
            .combined
            .iter()
            .enumerate()
            .filter(|(class, _)| *class != best)
            .fold(f32::NEG_INFINITY, |most, (_, score)| most.max(*score));
        let lead = if rival.is_finite() { scores.combined[best] - rival } else { 1.0 };
        [
            1.0,
            f64::from(scores.machine[best]),
            f64::from(lead.clamp(-1.0, 4.0)),
            f64::from(self.nearest(&scores.features, best)),
            f64::from(scores.known),
            f64::from(self.model.class_share(&scores.features, best)),
            if scores.features.len() < 6 { 1.0 } else { 0.0 },
        ]
    }

    /// Cosine with the nearest example of `class`, 0 to 1.
    fn nearest(&self, features: &[(u32, f32)], class: usize) -> f32 {
        let length: f32 = features.iter().map(|(_, x)| x * x).sum::<f32>().sqrt().max(1e-6);
        let best = self.examples[class].iter().map(|example| shared(features, example)).fold(0.0_f32, f32::max);
        // Both blocks have length 1, so a whole text has length √2.
        (best / (length * std::f32::consts::SQRT_2)).min(1.0)
    }
}

fn counted(text: &str) -> Vec<(u32, f32)> {
    let text = normalise(text);
    count(&courtesy::strip(&text))
}

/// The scalar product of two lists sorted by slot.
fn shared(a: &[(u32, f32)], b: &[(u32, f32)]) -> f32 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while let (Some((left, x)), Some((right, y))) = (a.get(i), b.get(j)) {
        match left.cmp(right) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += x * y;
                i += 1;
                j += 1;
            }
        }
    }
    sum
}

fn order(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    order
}

fn dot(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Fold by fold: train without a quarter of the types and without a quarter of the other types' examples, then ask for
/// both. Examples of the left-out types are unknown texts; so are sentences of other trades.
fn calibrate(examples: &[Example], classes: usize) -> [f64; N] {
    let mut samples = Vec::new();
    if classes < 2 {
        return DEFAULT;
    }
    for fold in 0..FOLDS {
        let left_out = |class: usize| classes >= 2 * FOLDS && class % FOLDS == fold;
        let held = |place: usize| (place / FOLDS + place) % FOLDS == fold;
        let mut train: Vec<&Example> = Vec::new();
        for (place, example) in examples.iter().enumerate() {
            if !left_out(example.class) && !held(place) {
                train.push(example);
            }
        }
        let model = Intents::on(&train, classes, FOLD_ROUNDS, DEFAULT);
        for (_, example) in examples.iter().enumerate().filter(|(place, _)| held(*place)) {
            let unknown = left_out(example.class);
            let (signals, best) = model.first(&example.counted);
            samples.push(Sample { features: signals, holds: !unknown && best == example.class, weight: 1.0 });
        }
        for text in OFF_TOPIC.iter().skip(fold).step_by(FOLDS) {
            samples.push(Sample { features: model.first(&counted(text)).0, holds: false, weight: 2.0 });
        }
    }
    fit(&samples, &DEFAULT, PULL)
}

impl Intents {
    fn first(&self, counted: &[(u32, f32)]) -> ([f64; N], usize) {
        let scores = self.model.score(counted);
        let best = order(&scores.combined).first().copied().unwrap_or_default();
        (self.signals(&scores, best), best)
    }
}
