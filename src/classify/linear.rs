//! The trained intent model: support vector machines beside multinomial naive Bayes over the same features, both in one
//! table of 8-bit weights with a scale for each row.

use serde::{Deserialize, Serialize};

use super::features::{SLOTS, is_word, weigh};
use super::machine::{LANES, Lesson, Machines};

/// Additive smoothing of naive Bayes.
const SMOOTHING: f32 = 0.1;

/// No row.
pub(super) const UNSEEN: u32 = u32::MAX;

/// Which slots the training texts have.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Inventory {
    /// In how many texts each slot is.
    having: Vec<u32>,
    texts: u32,
    /// Row of each slot, or [`UNSEEN`]. Slots of several texts come first.
    rows: Vec<u32>,
    /// Rows of slots that several texts have.
    pub(super) shared: usize,
    /// All rows.
    pub(super) used: usize,
    /// 0 for a slot in no text.
    pub(super) idf: Vec<f32>,
}

impl Inventory {
    pub(super) fn new<'a>(texts: impl Iterator<Item = &'a [(u16, u16)]>) -> Self {
        let mut having = vec![0_u32; SLOTS];
        let mut all = 0;
        for text in texts {
            all += 1;
            for (slot, _) in text {
                having[usize::from(*slot)] += 1;
            }
        }
        let mut rows = vec![UNSEEN; SLOTS];
        let mut used = 0_u32;
        let mut shared = 0;
        for private in [false, true] {
            for (row, count) in rows.iter_mut().zip(&having) {
                if *count > 0 && (*count == 1) == private {
                    *row = used;
                    used += 1;
                }
            }
            shared = if private { shared } else { used as usize };
        }
        let mut inventory = Self { having, texts: all, rows, shared, used: used as usize, idf: vec![0.0; SLOTS] };
        inventory.rate();
        inventory
    }

    /// As if `texts` had never been there; rows stay where they are.
    pub(super) fn without<'a>(&self, texts: impl Iterator<Item = &'a [(u16, u16)]>) -> Self {
        let mut left = self.clone();
        for text in texts {
            left.texts -= 1;
            for (slot, _) in text {
                left.having[usize::from(*slot)] -= 1;
            }
        }
        left.rate();
        left
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of texts are far below 2^24")]
    fn rate(&mut self) {
        let all = self.texts as f32 + 1.0;
        for (idf, having) in self.idf.iter_mut().zip(&self.having) {
            *idf = if *having == 0 { 0.0 } else { 1.0 + (all / (1.0 + *having as f32)).ln() };
        }
    }

    /// The rows of `texts`, by row.
    pub(super) fn rows_of<'a>(&self, texts: impl Iterator<Item = &'a [(u16, u16)]>) -> Vec<bool> {
        let mut found = vec![false; self.used];
        for (slot, _) in texts.flatten() {
            if let Some(row) = self.row(*slot) {
                found[row] = true;
            }
        }
        found
    }

    fn row(&self, slot: u16) -> Option<usize> {
        let row = self.rows[usize::from(slot)];
        (row != UNSEEN).then_some(row as usize)
    }
}

/// Weights of naive Bayes before the logarithm: row by row, one for each class.
#[derive(Clone)]
pub(super) struct Counts {
    width: usize,
    /// What naive Bayes counts beside the machines, both standardised over the classes.
    share: f32,
    cells: Vec<f32>,
    totals: Vec<f32>,
}

impl Counts {
    pub(super) fn new(rows: usize, width: usize, share: f32) -> Self {
        Self { width, share, cells: vec![0.0; rows * width], totals: vec![0.0; width] }
    }

    /// Adds `times` of an example's features to its class; a negative `times` takes them out again.
    pub(super) fn add(&mut self, lesson: &Lesson, example: usize, times: f32) {
        let class = lesson.classes[example];
        for (row, x) in lesson.features(example) {
            let cell = &mut self.cells[row as usize * self.width + class];
            *cell += times * x;
            // What rounding leaves of a feature that was taken out is nothing.
            if *cell < 1e-4 {
                *cell = 0.0;
            }
            self.totals[class] += times * x;
        }
    }
}

/// What a model is made of.
#[derive(Clone, Copy)]
pub(super) struct Trained<'a> {
    pub(super) lesson: &'a Lesson,
    pub(super) machines: &'a Machines,
    pub(super) counts: &'a Counts,
}

/// A trained model.
#[derive(Serialize, Deserialize)]
pub(super) struct Linear {
    /// Classes that may be named; machines after them (texts of no class) are only measured.
    pub(super) classes: usize,
    width: usize,
    inventory: Inventory,
    /// Row by row: the machines' weights, then naive Bayes, each in 127ths of the row's scale.
    cells: Vec<i8>,
    scales: Vec<[f32; 2]>,
    bias: Vec<f32>,
    bayes_share: f32,
    /// What naive Bayes gives a class for a feature it never had.
    floor: Vec<f32>,
    /// Classes that were left out of the training have no score.
    closed: Vec<bool>,
}

/// What the model says of a text.
pub(super) struct Scores {
    /// Standardised sum of both parts, by class.
    pub(super) combined: Vec<f32>,
    /// The machines' own scores: above 0 on the class's side.
    pub(super) machine: Vec<f32>,
    /// Naive Bayes: log likelihood by class.
    pub(super) bayes: Vec<f32>,
    /// The weighed features the model knows.
    pub(super) features: Vec<(u16, f32)>,
    /// The sum of their weights.
    pub(super) mass: f32,
    /// Share of the text's features the training texts have, by count.
    pub(super) known: f32,
    /// The same for single words.
    pub(super) known_words: f32,
    /// How many different words the text has.
    pub(super) words: usize,
}

impl Linear {
    /// The model of what was learnt. `closed` classes are never named. It knows the rows that are `wanted`: who asks for
    /// few texts need not make the whole table.
    pub(super) fn new(inventory: Inventory, learnt: &Trained<'_>, closed: Vec<bool>, wanted: &[bool]) -> Self {
        let Trained { lesson, machines, counts } = *learnt;
        let width = machines.width;
        let (used, shared) = (inventory.used, inventory.shared);
        let spread = SMOOTHING * count(used);
        let floor = counts.totals.iter().map(|total| (SMOOTHING / (total.max(0.0) + spread).max(1e-6)).ln()).collect();
        let mut cells = vec![0_i8; 2 * width * used];
        let mut scales = vec![[0.0; 2]; used];
        let mut logs = vec![0.0_f32; width];
        for row in (0..shared).filter(|row| wanted[*row]) {
            for (log, cell) in logs.iter_mut().zip(&counts.cells[row * width..][..width]) {
                *log = log_share(*cell);
            }
            let (first, second) = cells[row * 2 * width..][..2 * width].split_at_mut(width);
            scales[row] = [quantise(&machines.weights[row * width..][..width], 0, first), quantise(&logs, 1, second)];
        }
        // What only one text has gets its weights from that text's pull, and is known of its class only.
        let (mut pull, mut pulled) = (vec![0.0; width], vec![0_i8; width]);
        for (example, class) in lesson.classes.iter().enumerate() {
            let rows = lesson.private.of(example);
            if !rows.iter().any(|(row, _)| wanted[*row as usize]) {
                continue;
            }
            machines.pull(lesson, example, &mut pull);
            let scale = quantise(&pull, 0, &mut pulled);
            for (row, x) in rows {
                let row = *row as usize;
                cells[row * 2 * width..][..width].copy_from_slice(&pulled);
                cells[(row * 2 + 1) * width + class] = 127;
                scales[row] = [scale * x, log_share(counts.cells[row * width + class]) / 127.0];
            }
        }
        let bias = machines.weights[shared * width..].to_vec();
        let (classes, bayes_share) = (closed.len(), counts.share);
        Self { classes, width, inventory, cells, scales, bias, bayes_share, floor, closed }
    }

    /// The scores of a text's counted features.
    pub(super) fn score(&self, counted: &[(u16, u16)]) -> Scores {
        let features = weigh(counted, &self.inventory.idf);
        let mut machine = self.bias.clone();
        let mass: f32 = features.iter().map(|(_, x)| x).sum();
        let mut bayes: Vec<f32> = self.floor.iter().map(|floor| mass * floor).collect();
        let width = self.width;
        // Where each feature's cells begin, and what they are worth to the machines and to naive Bayes.
        let of = |(slot, x): &(u16, f32)| {
            let row = self.inventory.row(*slot)?;
            Some((row * 2 * width, self.scales[row].map(|scale| x * scale)))
        };
        let known: Vec<(usize, [f32; 2])> = features.iter().filter_map(of).collect();
        gather(&self.cells, &known.iter().map(|(start, [x, _])| (*start, *x)), &mut machine);
        gather(&self.cells, &known.iter().map(|(start, [_, x])| (start + width, *x)), &mut bayes);
        let words = counted.iter().filter(|(slot, _)| is_word(*slot)).count();
        let known_words = features.iter().filter(|(slot, _)| is_word(*slot)).count();
        Scores {
            combined: self.combine(&machine, &bayes),
            known: count(features.len()) / count(counted.len().max(1)),
            known_words: count(known_words) / count(words.max(1)),
            machine,
            bayes,
            features,
            mass,
            words,
        }
    }

    fn combine(&self, machine: &[f32], bayes: &[f32]) -> Vec<f32> {
        let (a, b) = (self.standard(machine), self.standard(bayes));
        let sums = machine.iter().zip(bayes).zip(&self.closed);
        sums.map(
            |((x, y), closed)| {
                if *closed { f32::NEG_INFINITY } else { (x - a.0) * a.1 + self.bayes_share * (y - b.0) * b.1 }
            },
        )
        .collect()
    }

    /// Mean and the inverse of the deviation over the open classes.
    fn standard(&self, scores: &[f32]) -> (f32, f32) {
        let open = || scores.iter().zip(&self.closed).filter(|(_, closed)| !**closed).map(|(score, _)| *score);
        let number = count(open().count().max(1));
        let mean = open().sum::<f32>() / number;
        let deviation = (open().map(|s| (s - mean) * (s - mean)).sum::<f32>() / number).sqrt();
        (mean, 1.0 / deviation.max(1e-6))
    }

    /// Share of the features' squared weight that `class`'s own examples have, 0 to 1: of all features, and of words.
    pub(super) fn class_share(&self, features: &[(u16, f32)], class: usize) -> [f32; 2] {
        let (mut shared, mut all) = ([0.0; 2], [1e-6; 2]);
        for (slot, x) in features {
            let has = self.inventory.row(*slot).is_some_and(|row| self.cells[(row * 2 + 1) * self.width + class] > 0);
            let square = x * x;
            all[0] += square;
            shared[0] += if has { square } else { 0.0 };
            if is_word(*slot) {
                all[1] += square;
                shared[1] += if has { square } else { 0.0 };
            }
        }
        [shared[0] / all[0], shared[1] / all[1]]
    }

    /// A text as the model weighs it, by row.
    pub(super) fn in_rows(&self, features: &[(u16, f32)]) -> Vec<(u32, f32)> {
        in_rows(&self.inventory, features)
    }
}

/// Weighed features by row; unknown ones are dropped.
pub(super) fn in_rows(inventory: &Inventory, features: &[(u16, f32)]) -> Vec<(u32, f32)> {
    features
        .iter()
        .map(|(slot, x)| (inventory.rows[usize::from(*slot)], *x))
        .filter(|(row, _)| *row != UNSEEN)
        .collect()
}

/// Naive Bayes' logarithm above the floor. Most classes have few of the features: 0 for what a class never had.
fn log_share(cell: f32) -> f32 {
    if cell > 0.0 { (cell / SMOOTHING).ln_1p() } else { 0.0 }
}

/// Writes `values` in 127ths of the largest; returns the scale. What is above 0 becomes at least `least`.
fn quantise(values: &[f32], least: i8, cells: &mut [i8]) -> f32 {
    let most = values.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    let (scale, inverse) = (most / 127.0, if most > 0.0 { 127.0 / most } else { 0.0 });
    for (cell, value) in cells.iter_mut().zip(values) {
        let value = value * inverse;
        #[expect(clippy::cast_possible_truncation, reason = "between -127 and 127 by the scale")]
        let rounded = (value + if value < 0.0 { -0.5 } else { 0.5 }) as i8;
        *cell = if value > 0.0 { rounded.max(least) } else { rounded };
    }
    scale
}

/// Classes that are summed up together: as many as fit the registers of any processor.
const BLOCK: usize = 24;

/// Adds the cells that begin at each start, times their worth, to `sums`: block by block of classes.
fn gather(cells: &[i8], starts: &(impl Iterator<Item = (usize, f32)> + Clone), sums: &mut [f32]) {
    let mut at = 0;
    while at + BLOCK <= sums.len() {
        gather_block::<BLOCK>((cells, at), starts.clone(), sums);
        at += BLOCK;
    }
    while at + LANES <= sums.len() {
        gather_block::<LANES>((cells, at), starts.clone(), sums);
        at += LANES;
    }
}

fn gather_block<const B: usize>(
    (cells, at): (&[i8], usize),
    starts: impl Iterator<Item = (usize, f32)>,
    sums: &mut [f32],
) {
    let Some(sums) = sums[at..].first_chunk_mut::<B>() else { return };
    let mut own = *sums;
    for (start, x) in starts {
        let Some(row) = cells[start + at..].first_chunk::<B>() else { return };
        let row = row.map(f32::from);
        for lane in 0..B {
            own[lane] += x * row[lane];
        }
    }
    *sums = own;
}

#[expect(clippy::cast_precision_loss, reason = "counts of features and classes are far below 2^24")]
pub(super) const fn count(number: usize) -> f32 {
    number as f32
}
