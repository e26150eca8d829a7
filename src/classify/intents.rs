//! Which request type a text is, or none, with a calibrated probability.

use serde::{Deserialize, Serialize};

use crate::domain::{Intent, IntentCandidate, Labelled, RuleHit};

use super::READ_CHARS;
use super::doubt::doubt;
use super::examples::{Example, gather};
use super::features::{self, count_first, weigh};
use super::linear::{Counts, Inventory, Linear, Scores, Trained, in_rows};
use super::logistic::sigmoid;
use super::machine::{Lesson, Machines, Rows};
use super::nearest::Nearest;
use super::unknown::{Certainty, Learnt, N, certainty, signals};

/// Most passes over the examples.
const ROUNDS: usize = 6;

/// Passes when labels were found to count less.
const AGAIN: usize = 3;

/// What depends on how much there is to learn from. Chosen by cross-validation on training texts.
struct Means {
    /// Cost of a wrong side: high for few examples, low where each class has so many that some of the labels must be wrong.
    cost: f32,
    /// What naive Bayes counts beside the machines: it needs few examples, they gain from many.
    bayes: f32,
    /// Characters of a text that are read: what is said late helps where much is learnt.
    chars: usize,
}

const FEW: Means = Means { cost: 4.0, bayes: 0.6, chars: features::READ_CHARS };
const MANY: Means = Means { cost: 1.0, ..FEW };
const PLENTY: Means = Means { cost: 0.2, bayes: 0.2, chars: READ_CHARS };

/// From this many texts there are many, and plenty from this many for each class.
const MANY_TEXTS: usize = 2_000;
const PLENTY_EACH: usize = 1_000;

impl Means {
    fn of(intents: &[Intent], extra: &[Labelled]) -> Self {
        let texts = intents.iter().map(|intent| intent.examples.len()).sum::<usize>() + extra.len();
        if texts < MANY_TEXTS {
            FEW
        } else if texts < PLENTY_EACH * intents.len() {
            MANY
        } else {
            PLENTY
        }
    }
}

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
    /// Characters of a text that are read.
    chars: usize,
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
        let means = Means::of(intents, extra);
        let mut examples = gather(intents, extra, means.chars);
        let classes = intents.len();
        let inventory = Inventory::new(examples.iter().map(|example| example.counted.as_slice()));
        let mut lesson = lesson(&examples, means.cost, &inventory);
        let has_nones = examples.iter().any(|example| example.class == classes);
        let mut machines = Machines::new(&lesson, inventory.shared, classes + usize::from(has_nones));
        let mut order: Vec<u32> = (0_u32..).zip(&examples).map(|(number, _)| number).collect();
        machines.train(&lesson, &mut order, ROUNDS);
        if doubt(&mut examples, &mut lesson, &machines, classes) {
            machines.train(&lesson, &mut order, AGAIN);
        }
        let mut counts = Counts::new(inventory.used, machines.width, means.bayes);
        for (place, example) in examples.iter().enumerate() {
            counts.add(&lesson, place, example.weight);
        }
        let trained = Trained { lesson: &lesson, machines: &machines, counts: &counts };
        let certainty = certainty(&Learnt { examples: &examples, inventory: &inventory, trained, classes });
        let wanted = vec![true; inventory.used];
        let linear = Linear::new(inventory, &trained, vec![false; classes], &wanted);
        let all: Vec<usize> = (0..examples.len()).collect();
        let model = Model::new(linear, (&lesson, &all), has_nones);
        Self { ids: intents.iter().map(|intent| intent.id.clone()).collect(), chars: means.chars, model, certainty }
    }

    /// Reads a normalised text without greetings.
    pub(super) fn read(&self, text: &str) -> Reading {
        Reading { scores: self.model.linear.score(&count_first(text, self.chars)) }
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

fn lesson(examples: &[Example], cost: f32, inventory: &Inventory) -> Lesson {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::tests::intent;
    use crate::domain::Handling;

    #[test]
    fn what_is_said_late_counts_where_much_is_learnt() {
        let long = |last: &str| format!("{} {last}", "circumstances ".repeat(60));
        let (restart, restore) = (long("restart"), long("restore"));
        let learnt = |times: usize| {
            let one = intent("restart", Handling::File, &vec![restart.as_str(); times]);
            Intents::train(&[one, intent("restore", Handling::File, &vec![restore.as_str(); times])], &[])
        };
        let much = learnt(PLENTY_EACH);
        assert_eq!((much.likeliest(&restart), much.likeliest(&restore)), (Some(0), Some(1)));
        // The beginnings are the same: nothing tells the two apart.
        let little = learnt(1);
        assert_eq!(little.likeliest(&restart), little.likeliest(&restore));
    }
}
