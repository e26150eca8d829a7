//! How near a text comes to single training texts: an index over some examples of each class.

use std::ops::Range;

/// Examples of one class that are kept, taken evenly from all of them.
const KEPT: usize = 48;

/// The index.
pub(super) struct Nearest {
    /// Where each row's cells begin.
    starts: Vec<u32>,
    /// Example and weight, by row, examples ascending.
    cells: Vec<(u32, f32)>,
    /// The examples of each class.
    classes: Vec<Range<u32>>,
}

/// An example: its class and its weighed features by row.
pub(super) type Kept<'a> = (usize, &'a [(u32, f32)]);

impl Nearest {
    /// The index over `examples` of classes below `classes`; `rows` is the number of rows.
    pub(super) fn new<'a>(examples: impl Iterator<Item = Kept<'a>>, classes: usize, rows: usize) -> Self {
        let mut by_class: Vec<Vec<&[(u32, f32)]>> = vec![Vec::new(); classes];
        for (class, features) in examples {
            if let Some(all) = by_class.get_mut(class) {
                all.push(features);
            }
        }
        let mut kept: Vec<&[(u32, f32)]> = Vec::new();
        let mut ranges = Vec::with_capacity(classes);
        for all in &by_class {
            let start = number(kept.len());
            kept.extend(all.iter().step_by(all.len().div_ceil(KEPT).max(1)));
            ranges.push(start..number(kept.len()));
        }
        let mut starts = vec![0_u32; rows + 1];
        for (row, _) in kept.iter().copied().flatten() {
            starts[*row as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut cells = vec![(0, 0.0); sum as usize];
        let mut next = starts.clone();
        for (example, features) in (0_u32..).zip(&kept) {
            let length = features.iter().map(|(_, x)| x * x).sum::<f32>().sqrt().max(1e-6);
            for (row, x) in *features {
                let place = &mut next[*row as usize];
                cells[*place as usize] = (example, x / length);
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
    use super::*;

    #[test]
    fn the_nearest_of_the_class_counts() {
        let texts: [Kept<'_>; 3] = [(0, &[(0, 1.0), (1, 1.0)]), (0, &[(2, 3.0)]), (1, &[(0, 2.0)])];
        let nearest = Nearest::new(texts.into_iter(), 3, 3);
        for (class, wanted) in [(0, 0.5_f32.sqrt()), (1, 1.0), (2, 0.0)] {
            assert!((nearest.cosine(&[(0, 0.5)], class) - wanted).abs() < 1e-6, "{class}");
        }
    }
}
