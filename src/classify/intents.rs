//! Which request type a text is, or none, with a calibrated probability.

use serde::{Deserialize, Serialize};

use crate::domain::{Intent, IntentCandidate, Labelled, RuleHit};

use super::doubt::doubt;
use super::examples::{Example, gather};
use super::features::{count, weigh};
use super::linear::{Counts, Inventory, Linear, Scores, Trained, in_rows};
use super::logistic::sigmoid;
use super::machine::{Lesson, Machines, Rows};
use super::nearest::Nearest;
use super::unknown::{Certainty, Learnt, N, certainty, signals};

/// Most passes over the examples.
const ROUNDS: usize = 6;

/// Passes when labels were found to count less.
const AGAIN: usize = 3;

/// Cost of a wrong side: high for few examples, low where each class has so many that some of the labels must be wrong.
const COST_FEW: f32 = 4.0;
const COST_MANY: f32 = 1.0;
const COST_PLENTY: f32 = 0.1;
const FEW: usize = 2_000;
const PLENTY_EACH: usize = 1_000;

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

/// The model with everything to judge it by.
#[derive(Serialize, Deserialize)]
pub(super) struct Intents {
    pub(super) ids: Vec<String>,
    model: Model,
    certainty: Certainty,
}

/// What is asked about a text.
#[derive(Serialize, Deserialize)]
pub(super) struct Model {
    pub(super) linear: Linear,
    pub(super) nearest: Nearest,
    /// It was taught texts of no type.
    pub(super) has_nones: bool,
}

/// A text as the model has read it: read once, asked several times.
pub(super) struct Reading {
    scores: Scores,
}

impl Model {
    /// `taught` are the texts of the lesson that the linear model was trained on.
    pub(super) fn new(linear: Linear, (lesson, taught): (&Lesson, &[usize]), has_nones: bool) -> Self {
        let nearest = Nearest::new(lesson, taught, linear.classes);
        Self { linear, nearest, has_nones }
    }

    /// The signals of a text for its best class, and that class.
    pub(super) fn first(&self, counted: &[(u16, u16)]) -> ([f64; N], usize) {
        let scores = self.linear.score(counted);
        let best = best(&scores.combined).unwrap_or_default();
        (signals(self, &scores, best), best)
    }
}

impl Intents {
    /// Trains on the intents' examples and on what people labelled. Labels of intents that are not there are ignored.
    /// The same intents and labels always give the same model.
    pub(super) fn train(intents: &[Intent], extra: &[Labelled]) -> Self {
        let mut examples = gather(intents, extra);
        let classes = intents.len();
        let inventory = Inventory::new(examples.iter().map(|example| example.counted.as_slice()));
        let mut lesson = lesson(&examples, classes, &inventory);
        let has_nones = examples.iter().any(|example| example.class == classes);
        let mut machines = Machines::new(&lesson, inventory.shared, classes + usize::from(has_nones));
        let mut order: Vec<u32> = (0_u32..).zip(&examples).map(|(number, _)| number).collect();
        machines.train(&lesson, &mut order, ROUNDS);
        if doubt(&mut examples, &mut lesson, &machines, classes) {
            machines.train(&lesson, &mut order, AGAIN);
        }
        let counts = bayes(&examples, &lesson, inventory.used, machines.width);
        let trained = Trained { lesson: &lesson, machines: &machines, counts: &counts };
        let certainty = certainty(&Learnt { examples: &examples, inventory: &inventory, trained, classes });
        let wanted = vec![true; inventory.used];
        let linear = Linear::new(inventory, &trained, vec![false; classes], &wanted);
        let all: Vec<usize> = (0..examples.len()).collect();
        let model = Model::new(linear, (&lesson, &all), has_nones);
        Self { ids: intents.iter().map(|intent| intent.id.clone()).collect(), model, certainty }
    }

    /// Reads a normalised text without greetings.
    pub(super) fn read(&self, text: &str) -> Reading {
        Reading { scores: self.model.linear.score(&count(text)) }
    }

    /// Candidates for a text, best first, at most five.
    pub(super) fn candidates(&self, reading: &Reading, rules: &[RuleHit]) -> Vec<IntentCandidate> {
        let scores = &reading.scores;
        let mut combined = scores.combined.clone();
        let hit = |id: &str, certain: bool| rules.iter().any(|rule| rule.intent == id && rule.certain == certain);
        for (id, score) in self.ids.iter().zip(&mut combined) {
            if hit(id, false) || hit(id, true) {
                *score += RULE_SCORE;
            }
        }
        // Two certain rules of different intents contradict each other: then neither decides alone.
        let mut certain = self.ids.iter().enumerate().filter(|(_, id)| hit(id, true)).map(|(class, _)| class);
        let decided = certain.next().filter(|_| certain.next().is_none());
        let Some(first) = decided.or_else(|| best(&combined)) else { return Vec::new() };
        let mut logit = self.logit(scores, first);
        if hit(&self.ids[first], false) || hit(&self.ids[first], true) {
            logit += RULE_LOGIT;
        }
        let most = if scores.features.len() < ENOUGH { THIN } else { CERTAIN };
        let probability = if decided.is_some() { CERTAIN } else { sigmoid(logit).min(most) };
        // What is left is shared out by score; nobody gets more than the best.
        let rest: Vec<usize> = order(&combined).into_iter().filter(|class| *class != first).take(NAMED - 1).collect();
        let shares: Vec<f64> = rest.iter().map(|class| f64::from(combined[*class]).exp()).collect();
        let own = f64::from(combined[first]).exp();
        let sum = shares.iter().sum::<f64>() + own;
        let mut named = vec![IntentCandidate { intent: self.ids[first].clone(), probability }];
        for (class, share) in rest.iter().zip(shares) {
            let probability = ((1.0 - probability) * share / sum).min(probability);
            named.push(IntentCandidate { intent: self.ids[*class].clone(), probability });
        }
        named
    }

    /// The likeliest type and its probability, without rules.
    pub(super) fn first(&self, reading: &Reading) -> Option<(&str, f64)> {
        let first = best(&reading.scores.combined)?;
        let most = if reading.scores.features.len() < ENOUGH { THIN } else { CERTAIN };
        Some((self.ids[first].as_str(), sigmoid(self.logit(&reading.scores, first)).min(most)))
    }

    /// See [`super::intent_model::IntentModel::abstain_below`].
    pub(super) const fn abstain_below(&self) -> f64 {
        self.certainty.keeps
    }

    fn logit(&self, scores: &Scores, class: usize) -> f64 {
        signals(&self.model, scores, class).iter().zip(&self.certainty.weights).map(|(x, weight)| x * weight).sum()
    }

    /// The type the model alone finds likeliest for a text, by its place in the catalog.
    pub(super) fn likeliest_of(reading: &Reading) -> Option<usize> {
        best(&reading.scores.combined)
    }

    /// As [`Intents::likeliest_of`] for a normalised text without greetings.
    pub(super) fn likeliest(&self, text: &str) -> Option<usize> {
        Self::likeliest_of(&self.read(text))
    }
}

fn lesson(examples: &[Example], classes: usize, inventory: &Inventory) -> Lesson {
    let cost = if examples.len() < FEW {
        COST_FEW
    } else if examples.len() < PLENTY_EACH * classes {
        COST_MANY
    } else {
        COST_PLENTY
    };
    let weighed: Vec<Vec<(u32, f32)>> =
        examples.iter().map(|example| in_rows(inventory, &weigh(&example.counted, &inventory.idf))).collect();
    let of = |shared: bool| {
        let side = move |(row, _): &(u32, f32)| ((*row as usize) < inventory.shared) == shared;
        Rows::new(weighed.iter().map(|text| text.iter().copied().filter(side).collect()))
    };
    Lesson {
        shared: of(true),
        private: of(false),
        classes: examples.iter().map(|example| example.class).collect(),
        costs: examples.iter().map(|example| cost * example.weight).collect(),
    }
}

fn bayes(examples: &[Example], lesson: &Lesson, rows: usize, width: usize) -> Counts {
    let mut counts = Counts::new(rows, width);
    for (place, example) in examples.iter().enumerate() {
        counts.add(lesson, place, example.weight);
    }
    counts
}

/// The class with the highest score, the first of equals.
fn best(scores: &[f32]) -> Option<usize> {
    let mut best: Option<(usize, f32)> = None;
    for (class, score) in scores.iter().enumerate() {
        if best.is_none_or(|(_, most)| *score > most) {
            best = Some((class, *score));
        }
    }
    best.map(|(class, _)| class)
}

fn order(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    order
}
