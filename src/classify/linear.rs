//! The intent model: one-vs-rest linear support vector machines by dual coordinate descent (L2 loss), beside
//! multinomial naive Bayes over the same features. All classes are trained in one pass over the examples.

use super::features::{SLOTS, weigh};

/// A training text: counted features and its class.
pub(super) struct Example {
    pub(super) counted: Vec<(u32, f32)>,
    pub(super) class: usize,
}

/// Cost of a wrong side: higher for few examples.
const COST_FEW: f32 = 4.0;
const COST_MANY: f32 = 1.0;
const FEW: usize = 2_000;

/// Additive smoothing of naive Bayes.
const SMOOTHING: f32 = 0.1;

/// Share of naive Bayes beside the machines, both standardised over the classes.
const BAYES_SHARE: f32 = 0.6;

/// No row.
const UNSEEN: u32 = u32::MAX;

/// A trained model.
pub(super) struct Linear {
    classes: usize,
    idf: Vec<f32>,
    /// Row of each slot, or [`UNSEEN`].
    rows: Vec<u32>,
    /// Machine weights, row by row, one for each class; the last row is the bias.
    machine: Vec<f32>,
    /// Log probabilities above the floor, row by row; 0 for a feature the class never had.
    bayes: Vec<f32>,
    /// What naive Bayes gives a class for a feature it never had.
    bayes_floor: Vec<f32>,
}

/// What the model says of a text.
pub(super) struct Scores {
    /// Standardised sum of both parts, by class.
    pub(super) combined: Vec<f32>,
    /// The machines' own scores: above 0 on the class's side.
    pub(super) machine: Vec<f32>,
    /// The weighed features the model knows.
    pub(super) features: Vec<(u32, f32)>,
    /// Share of the text's features the training texts have, by count.
    pub(super) known: f32,
}

impl Linear {
    /// Trains on `examples` with classes `0..classes`, `rounds` passes.
    pub(super) fn train(examples: &[&Example], classes: usize, rounds: usize) -> Self {
        let (idf, rows, used) = inventory(examples);
        let mut model = Self {
            classes,
            idf,
            rows,
            machine: vec![0.0; (used + 1) * classes],
            bayes: vec![0.0; used * classes],
            bayes_floor: vec![0.0; classes],
        };
        let rows: Vec<Vec<(usize, f32)>> = examples.iter().map(|example| model.in_rows(example)).collect();
        model.train_machines(examples, &rows, rounds);
        model.train_bayes(examples, &rows, used);
        model
    }

    fn row(&self, slot: u32) -> Option<usize> {
        let row = self.rows[slot as usize];
        (row != UNSEEN).then_some(row as usize)
    }

    /// A training text's weighed features by row: looked up once, used in every round.
    fn in_rows(&self, example: &Example) -> Vec<(usize, f32)> {
        self.weighed(example).into_iter().filter_map(|(slot, x)| Some((self.row(slot)?, x))).collect()
    }

    fn train_machines(&mut self, examples: &[&Example], weighed: &[Vec<(usize, f32)>], rounds: usize) {
        let classes = self.classes;
        let cost = if examples.len() < FEW { COST_FEW } else { COST_MANY };
        let diagonal = 0.5 / cost;
        let bias_at = self.machine.len() - classes;
        let mut alphas = vec![0.0_f32; examples.len() * classes];
        let mut order: Vec<usize> = (0..examples.len()).collect();
        let mut state = 0x2545_f491_u64;
        let mut scores = vec![0.0_f32; classes];
        for _ in 0..rounds {
            shuffle(&mut order, &mut state);
            for at in &order {
                let features = &weighed[*at];
                scores.copy_from_slice(&self.machine[bias_at..]);
                for (row, x) in features {
                    add(&self.machine[row * classes..(row + 1) * classes], *x, &mut scores);
                }
                let norm: f32 = 1.0 + features.iter().map(|(_, x)| x * x).sum::<f32>();
                let own = &mut alphas[at * classes..(at + 1) * classes];
                let mut moved = false;
                for (class, (alpha, score)) in own.iter_mut().zip(scores.iter_mut()).enumerate() {
                    let side = if class == examples[*at].class { 1.0 } else { -1.0 };
                    let gradient = side * *score - 1.0 + diagonal * *alpha;
                    let wanted = (*alpha - gradient / (norm + diagonal)).max(0.0);
                    *score = (wanted - *alpha) * side;
                    moved |= score.abs() > 1e-6;
                    *alpha = wanted;
                }
                if moved {
                    self.move_weights(features, &scores, bias_at);
                }
            }
        }
    }

    fn add_scores(&self, features: &[(u32, f32)], scores: &mut [f32]) {
        for (slot, x) in features {
            if let Some(row) = self.row(*slot) {
                add(&self.machine[row * self.classes..(row + 1) * self.classes], *x, scores);
            }
        }
    }

    fn move_weights(&mut self, features: &[(usize, f32)], steps: &[f32], bias_at: usize) {
        add(steps, 1.0, &mut self.machine[bias_at..]);
        for (row, x) in features {
            add(steps, *x, &mut self.machine[row * steps.len()..(row + 1) * steps.len()]);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of features are far below 2^24")]
    fn train_bayes(&mut self, examples: &[&Example], weighed: &[Vec<(usize, f32)>], used: usize) {
        let classes = self.classes;
        let mut totals = vec![0.0_f32; classes];
        for (example, features) in examples.iter().zip(weighed) {
            for (row, x) in features {
                self.bayes[row * classes + example.class] += x;
                totals[example.class] += x;
            }
        }
        let spread = SMOOTHING * used as f32;
        for (floor, total) in self.bayes_floor.iter_mut().zip(&totals) {
            *floor = (SMOOTHING / (total + spread).max(1e-6)).ln();
        }
        // Most classes have few of the features: the logarithm is taken only where there is something.
        for cell in self.bayes.iter_mut().filter(|cell| **cell > 0.0) {
            *cell = (*cell / SMOOTHING).ln_1p();
        }
    }

    /// The scores of a text's counted features.
    #[expect(clippy::cast_precision_loss, reason = "counts of features are far below 2^24")]
    pub(super) fn score(&self, counted: &[(u32, f32)]) -> Scores {
        let features = weigh(counted, &self.idf);
        let mut machine = self.machine[self.machine.len() - self.classes..].to_vec();
        self.add_scores(&features, &mut machine);
        let all: f32 = features.iter().map(|(_, x)| x).sum();
        let mut bayes: Vec<f32> = self.bayes_floor.iter().map(|floor| all * floor).collect();
        for (slot, x) in &features {
            if let Some(row) = self.row(*slot) {
                add(&self.bayes[row * self.classes..(row + 1) * self.classes], *x, &mut bayes);
            }
        }
        let known = features.len() as f32 / counted.len().max(1) as f32;
        let (a, b) = (standardised(&machine), standardised(&bayes));
        let combined = a.iter().zip(&b).map(|(a, b)| a + BAYES_SHARE * b).collect();
        Scores { combined, machine, features, known }
    }

    /// Share of the features' squared weight that `class`'s own examples have, 0 to 1.
    pub(super) fn class_share(&self, features: &[(u32, f32)], class: usize) -> f32 {
        let (mut shared, mut all) = (0.0, 1e-6);
        for (slot, x) in features {
            all += x * x;
            if self.row(*slot).is_some_and(|row| self.bayes[row * self.classes + class] > 0.0) {
                shared += x * x;
            }
        }
        shared / all
    }

    /// A training text as the model weighs it.
    pub(super) fn weighed(&self, example: &Example) -> Vec<(u32, f32)> {
        weigh(&example.counted, &self.idf)
    }
}

/// `sums += x · row`.
fn add(row: &[f32], x: f32, sums: &mut [f32]) {
    for (sum, cell) in sums.iter_mut().zip(row) {
        *sum += x * cell;
    }
}

/// The idf of each slot (0: in no example), the row of each slot, and how many rows there are.
#[expect(clippy::cast_precision_loss, reason = "counts of examples are far below 2^24")]
fn inventory(examples: &[&Example]) -> (Vec<f32>, Vec<u32>, usize) {
    let mut having = vec![0_u32; SLOTS];
    for example in examples {
        for (slot, _) in &example.counted {
            having[*slot as usize] += 1;
        }
    }
    let mut rows = vec![UNSEEN; SLOTS];
    let mut used = 0_u32;
    for (row, count) in rows.iter_mut().zip(&having) {
        if *count > 0 {
            *row = used;
            used += 1;
        }
    }
    let all = examples.len() as f32;
    let idf =
        having.iter().map(|df| if *df == 0 { 0.0 } else { 1.0 + ((1.0 + all) / (1.0 + *df as f32)).ln() }).collect();
    (idf, rows, used as usize)
}

/// Mean 0, deviation 1 over the classes.
#[expect(clippy::cast_precision_loss, reason = "counts of classes are far below 2^24")]
fn standardised(scores: &[f32]) -> Vec<f32> {
    let count = scores.len().max(1) as f32;
    let mean = scores.iter().sum::<f32>() / count;
    let deviation = (scores.iter().map(|s| (s - mean) * (s - mean)).sum::<f32>() / count).sqrt().max(1e-6);
    scores.iter().map(|s| (s - mean) / deviation).collect()
}

/// Fisher–Yates with a fixed generator (xorshift): training twice gives the same model.
fn shuffle(order: &mut [usize], state: &mut u64) {
    for last in (1..order.len()).rev() {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        let other = usize::try_from(*state % (last as u64 + 1)).unwrap_or_default();
        order.swap(last, other);
    }
}
