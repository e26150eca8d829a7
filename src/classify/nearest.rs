//! How near a text comes to single training texts: an index over some examples of each class.

use serde::{Deserialize, Serialize};

use super::machine::Lesson;

/// Examples of one class that are kept, taken evenly from all of them.
const KEPT: usize = 48;

/// The index.
#[derive(Serialize, Deserialize)]
pub(super) struct Nearest {
    classes: Vec<Class>,
}

/// The examples of one class: all that is asked of them lies together.
#[derive(Default, Serialize, Deserialize)]
struct Class {
    examples: usize,
    /// A bit for each row: whether they have it. Then how many have it in the words before.
    has: Vec<(u64, u32)>,
    /// Where the cells of each row they have begin; one more start ends the last.
    starts: Vec<u32>,
    /// Example and weight.
    cells: Vec<(u8, f32)>,
}

impl Nearest {
    /// The index over the texts `taught` of classes below `classes`.
    pub(super) fn new(lesson: &Lesson, taught: &[usize], classes: usize) -> Self {
        let mut by_class: Vec<Vec<usize>> = vec![Vec::new(); classes];
        for example in taught {
            if let Some(all) = by_class.get_mut(lesson.classes[*example]) {
                all.push(*example);
            }
        }
        Self { classes: by_class.iter().map(|all| Class::new(lesson, all)).collect() }
    }

    /// Cosine with the nearest example of `class`, 0 to 1.
    pub(super) fn cosine(&self, features: &[(u32, f32)], class: usize) -> f32 {
        self.classes.get(class).map_or(0.0, |class| class.cosine(features))
    }
}

impl Class {
    fn new(lesson: &Lesson, all: &[usize]) -> Self {
        let kept = all.iter().step_by(all.len().div_ceil(KEPT).max(1));
        let mut cells: Vec<(u32, u8, f32)> = Vec::new();
        let mut examples = 0;
        for (number, example) in (0_u8..).zip(kept) {
            examples += 1;
            let length = lesson.features(*example).map(|(_, x)| x * x).sum::<f32>().sqrt().max(1e-6);
            cells.extend(lesson.features(*example).map(|(row, x)| (row, number, x / length)));
        }
        cells.sort_unstable_by_key(|(row, number, _)| (*row, *number));
        let words = cells.last().map_or(0, |(row, ..)| *row as usize / 64 + 1);
        let mut class = Self { examples, has: vec![(0, 0); words], ..Self::default() };
        for alike in cells.chunk_by(|a, b| a.0 == b.0) {
            class.has[alike[0].0 as usize / 64].0 |= 1 << (alike[0].0 % 64);
            class.starts.push(start(class.cells.len()));
            class.cells.extend(alike.iter().map(|(_, number, x)| (*number, *x)));
        }
        class.starts.push(start(class.cells.len()));
        let mut before = 0;
        for (word, count) in &mut class.has {
            *count = before;
            before += word.count_ones();
        }
        class
    }

    /// The cells of a row.
    fn of(&self, row: u32) -> Option<&[(u8, f32)]> {
        let (word, before) = *self.has.get(row as usize / 64)?;
        let bit = 1_u64 << (row % 64);
        if word & bit == 0 {
            return None;
        }
        let place = (before + (word & (bit - 1)).count_ones()) as usize;
        self.cells.get(*self.starts.get(place)? as usize..*self.starts.get(place + 1)? as usize)
    }

    fn cosine(&self, features: &[(u32, f32)]) -> f32 {
        let mut sums = [0.0_f32; KEPT];
        let mut length = 0.0;
        for (row, x) in features {
            length += x * x;
            for (example, y) in self.of(*row).unwrap_or_default() {
                sums[usize::from(*example)] += x * y;
            }
        }
        let most = sums[..self.examples].iter().fold(0.0_f32, |most, sum| most.max(*sum));
        (most / length.sqrt().max(1e-6)).min(1.0)
    }
}

fn start(cells: usize) -> u32 {
    u32::try_from(cells).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::machine::Rows;
    use super::*;

    #[test]
    fn the_nearest_of_the_class_counts() {
        let shared = Rows::new([vec![(0, 1.0), (1, 1.0)], vec![(2, 3.0)], vec![(0, 2.0)]].into_iter());
        let private = Rows::new((0..3).map(|_| Vec::new()));
        let lesson = Lesson { shared, private, classes: vec![0, 0, 1], costs: vec![1.0; 3] };
        let nearest = Nearest::new(&lesson, &[0, 1, 2], 3);
        for (class, wanted) in [(0, 0.5_f32.sqrt()), (1, 1.0), (2, 0.0)] {
            assert!((nearest.cosine(&[(0, 0.5)], class) - wanted).abs() < 1e-6, "{class}");
        }
    }
}
