//! How near a text comes to single training texts: an index over some examples of each class.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::machine::Lesson;

/// Examples of one class that are kept, taken evenly from all of them.
const KEPT: usize = 48;

/// The index.
#[derive(Serialize, Deserialize)]
pub(super) struct Nearest {
    /// Where each row's cells begin.
    starts: Vec<u32>,
    /// Example and weight, by row, examples ascending.
    cells: Vec<(u32, f32)>,
    /// The examples of each class.
    classes: Vec<Range<u32>>,
}

impl Nearest {
    /// The index over the texts `taught` of classes below `classes`; `rows` is the number of rows.
    pub(super) fn new(lesson: &Lesson, taught: &[usize], classes: usize, rows: usize) -> Self {
        let mut by_class: Vec<Vec<usize>> = vec![Vec::new(); classes];
        for example in taught {
            if let Some(all) = by_class.get_mut(lesson.classes[*example]) {
                all.push(*example);
            }
        }
        let mut kept: Vec<usize> = Vec::new();
        let mut ranges = Vec::with_capacity(classes);
        for all in &by_class {
            let start = number(kept.len());
            kept.extend(all.iter().step_by(all.len().div_ceil(KEPT).max(1)));
            ranges.push(start..number(kept.len()));
        }
        let mut starts = vec![0_u32; rows + 1];
        for (row, _) in kept.iter().flat_map(|example| lesson.features(*example)) {
            starts[row as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut cells = vec![(0, 0.0); sum as usize];
        let mut next = starts.clone();
        for (number, example) in (0_u32..).zip(&kept) {
            let length = lesson.features(*example).map(|(_, x)| x * x).sum::<f32>().sqrt().max(1e-6);
            for (row, x) in lesson.features(*example) {
                let place = &mut next[row as usize];
                cells[*place as usize] = (number, x / length);
                *place += 1;
            }
        }
        Self { starts, cells, classes: ranges }
    }

    /// Cosine with the nearest example of `class`, 0 to 1.
    pub(super) fn cosine(&self, features: &[(u32, f32)], class: usize) -> f32 {
        let Some(range) = self.classes.get(class) else { return 0.0 };
        let mut sums = vec![0.0_f32; range.len()];
        let mut length = 0.0;
        for (row, x) in features {
            length += x * x;
            let cells = &self.cells[self.starts[*row as usize] as usize..self.starts[*row as usize + 1] as usize];
            let first = cells.partition_point(|(example, _)| *example < range.start);
            for (example, y) in cells[first..].iter().take_while(|(example, _)| *example < range.end) {
                sums[(example - range.start) as usize] += x * y;
            }
        }
        (sums.into_iter().fold(0.0_f32, f32::max) / length.sqrt().max(1e-6)).min(1.0)
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
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
        let nearest = Nearest::new(&lesson, &[0, 1, 2], 3, 3);
        for (class, wanted) in [(0, 0.5_f32.sqrt()), (1, 1.0), (2, 0.0)] {
            assert!((nearest.cosine(&[(0, 0.5)], class) - wanted).abs() < 1e-6, "{class}");
        }
    }
}
