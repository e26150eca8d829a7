//! One-vs-rest linear support vector machines with squared hinge loss, trained by dual coordinate descent: all classes in
//! one pass over the examples (Hsieh et al., ICML 2008). Examples can be taken out again without starting anew.

/// Sparse training texts: for each, the rows it has and their weights.
pub(super) struct Rows {
    starts: Vec<usize>,
    cells: Vec<(u32, f32)>,
}

impl Rows {
    pub(super) fn new(texts: impl Iterator<Item = Vec<(u32, f32)>>) -> Self {
        let mut rows = Self { starts: vec![0], cells: Vec::new() };
        for text in texts {
            rows.cells.extend(text);
            rows.starts.push(rows.cells.len());
        }
        rows
    }

    pub(super) fn of(&self, example: usize) -> &[(u32, f32)] {
        &self.cells[self.starts[example]..self.starts[example + 1]]
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }
}

/// What is learnt from.
pub(super) struct Lesson {
    /// Features that several texts have.
    pub(super) shared: Rows,
    /// Features of one text only. Their weights follow from how hard the text pulls: training need not touch them.
    pub(super) private: Rows,
    /// The class of each text.
    pub(super) classes: Vec<usize>,
    /// What a wrong side of each text costs.
    pub(super) costs: Vec<f32>,
}

impl Lesson {
    /// All features of a text.
    pub(super) fn features(&self, example: usize) -> impl Iterator<Item = (u32, f32)> {
        self.shared.of(example).iter().chain(self.private.of(example)).copied()
    }
}

/// The machines while they are trained. `width` is the number of classes, rounded up so that loops have no remainder.
#[derive(Clone)]
pub(super) struct Machines {
    pub(super) width: usize,
    /// Row by row, one weight for each class; the last row is the bias.
    pub(super) weights: Vec<f32>,
    /// How hard each example pulls at each class.
    alphas: Vec<f32>,
}

/// Lanes that loops over classes are cut into.
pub(super) const LANES: usize = 8;

impl Machines {
    /// Untrained; `rows` is the number of shared features.
    pub(super) fn new(lesson: &Lesson, rows: usize, classes: usize) -> Self {
        let width = classes.next_multiple_of(LANES);
        Self { width, weights: vec![0.0; (rows + 1) * width], alphas: vec![0.0; lesson.shared.len() * width] }
    }

    /// At most `rounds` passes over the examples of `order`, each in another order; fewer when nothing moves any more.
    pub(super) fn train(&mut self, lesson: &Lesson, order: &mut [u32], rounds: usize) {
        let mut state = 0x2545_f491_u64;
        let mut sides = Sides { scores: vec![0.0; self.width], steps: vec![0.0; self.width] };
        for _ in 0..rounds {
            shuffle(order, &mut state);
            let mut longest = 0.0_f32;
            for example in order.iter() {
                longest = longest.max(self.visit(lesson, *example as usize, &mut sides));
            }
            if longest < STILL {
                break;
            }
        }
    }

    /// Moves all machines for one example; returns the longest step.
    fn visit(&mut self, lesson: &Lesson, example: usize, sides: &mut Sides) -> f32 {
        let width = self.width;
        let features = lesson.shared.of(example);
        sides.scores.copy_from_slice(&self.weights[self.weights.len() - width..]);
        gather(&self.weights, features, &mut sides.scores);
        let norm = 1.0 + features.iter().map(|(_, x)| x * x).sum::<f32>();
        // What a text alone has answers to its own pull only, as the cost does.
        let private: f32 = lesson.private.of(example).iter().map(|(_, x)| x * x).sum();
        let diagonal = 0.5 / lesson.costs[example] + private;
        let rate = 1.0 / (norm + diagonal);
        let own = lesson.classes[example];
        let alphas = &mut self.alphas[example * width..][..width];
        // All classes are first treated as the wrong side; the right one is done again by itself.
        let right = alphas.get(own).copied().unwrap_or_default();
        let mut longest = 0.0_f32;
        for ((alpha, score), step) in alphas.iter_mut().zip(&sides.scores).zip(&mut sides.steps) {
            let wanted = (*alpha - (diagonal * *alpha - *score - 1.0) * rate).max(0.0);
            *step = *alpha - wanted;
            longest = longest.max(step.abs());
            *alpha = wanted;
        }
        if own < width {
            let wanted = (right - (diagonal * right + sides.scores[own] - 1.0) * rate).max(0.0);
            sides.steps[own] = wanted - right;
            longest = longest.max(sides.steps[own].abs());
            alphas[own] = wanted;
        }
        self.step(features, &sides.steps);
        longest
    }

    fn step(&mut self, features: &[(u32, f32)], steps: &[f32]) {
        let bias = self.weights.len() - self.width;
        for (weight, step) in self.weights[bias..].iter_mut().zip(steps) {
            *weight += step;
        }
        scatter(&mut self.weights, features, steps);
    }

    /// Takes examples out: what they pulled at is let go.
    pub(super) fn forget(&mut self, lesson: &Lesson, examples: impl Iterator<Item = usize>) {
        let width = self.width;
        for example in examples {
            let own = lesson.classes[example];
            let alphas = &mut self.alphas[example * width..][..width];
            let steps: Vec<f32> =
                alphas.iter().enumerate().map(|(class, alpha)| if class == own { -*alpha } else { *alpha }).collect();
            alphas.fill(0.0);
            self.step(lesson.shared.of(example), &steps);
        }
    }

    /// The machines' scores for features that texts share.
    pub(super) fn score(&self, features: &[(u32, f32)]) -> Vec<f32> {
        let mut scores = self.weights[self.weights.len() - self.width..].to_vec();
        gather(&self.weights, features, &mut scores);
        scores
    }

    /// How an example pulls at each class: times its weight of a private feature, that feature's weights.
    pub(super) fn pull(&self, lesson: &Lesson, example: usize, pull: &mut [f32]) {
        for (pull, alpha) in pull.iter_mut().zip(&self.alphas[example * self.width..][..self.width]) {
            *pull = -*alpha;
        }
        if let Some(own) = pull.get_mut(lesson.classes[example]) {
            *own = -*own;
        }
    }
}

/// A pass that moves nothing further than this is the last one.
const STILL: f32 = 1e-3;

/// Room for one example's scores and steps.
struct Sides {
    scores: Vec<f32>,
    steps: Vec<f32>,
}

/// Classes that are summed up together: as many as fit the registers of any processor.
const BLOCK: usize = 32;

/// Adds each feature's weights, times the feature, to `sums`: block by block of classes.
fn gather(weights: &[f32], features: &[(u32, f32)], sums: &mut [f32]) {
    let width = sums.len();
    let mut at = 0;
    while at + BLOCK <= width {
        gather_block::<BLOCK>((weights, at), features, sums);
        at += BLOCK;
    }
    while at + LANES <= width {
        gather_block::<LANES>((weights, at), features, sums);
        at += LANES;
    }
}

fn gather_block<const B: usize>((weights, at): (&[f32], usize), features: &[(u32, f32)], sums: &mut [f32]) {
    let width = sums.len();
    let Some(sums) = sums[at..].first_chunk_mut::<B>() else { return };
    let mut own = *sums;
    for (row, x) in features {
        let Some(row) = weights[*row as usize * width + at..].first_chunk::<B>() else { return };
        for lane in 0..B {
            own[lane] += x * row[lane];
        }
    }
    *sums = own;
}

/// Adds `steps`, times the feature, to each feature's weights.
fn scatter(weights: &mut [f32], features: &[(u32, f32)], steps: &[f32]) {
    let mut at = 0;
    while at + BLOCK <= steps.len() {
        scatter_block::<BLOCK>((weights, at), features, steps);
        at += BLOCK;
    }
    while at + LANES <= steps.len() {
        scatter_block::<LANES>((weights, at), features, steps);
        at += LANES;
    }
}

fn scatter_block<const B: usize>((weights, at): (&mut [f32], usize), features: &[(u32, f32)], steps: &[f32]) {
    let Some(own) = steps[at..].first_chunk::<B>() else { return };
    for (row, x) in features {
        let start = *row as usize * steps.len() + at;
        let Some(row) = weights[start..].first_chunk_mut::<B>() else { return };
        for lane in 0..B {
            row[lane] += x * own[lane];
        }
    }
}

/// Fisher–Yates with a fixed generator (xorshift): training twice gives the same machines.
fn shuffle(order: &mut [u32], state: &mut u64) {
    for last in (1..order.len()).rev() {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        let other = usize::try_from(*state % (last as u64 + 1)).unwrap_or_default();
        order.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson() -> Lesson {
        let texts = [vec![(0, 1.0)], vec![(0, 0.8), (2, 0.6)], vec![(1, 1.0)], vec![(1, 0.8), (2, 0.6)]];
        let private = Rows::new(texts.iter().map(|_| Vec::new()));
        Lesson { shared: Rows::new(texts.into_iter()), private, classes: vec![0, 0, 1, 1], costs: vec![4.0; 4] }
    }

    fn score(machines: &Machines, row: usize, class: usize) -> f32 {
        let bias = machines.weights.len() - machines.width;
        machines.weights[row * machines.width + class] + machines.weights[bias + class]
    }

    #[test]
    fn classes_are_told_apart() {
        let lesson = lesson();
        let mut machines = Machines::new(&lesson, 3, 2);
        machines.train(&lesson, &mut [0, 1, 2, 3], 50);
        assert!(score(&machines, 0, 0) > 0.5 && score(&machines, 0, 1) < -0.5);
        assert!(score(&machines, 1, 1) > 0.5 && score(&machines, 1, 0) < -0.5);
    }

    #[test]
    fn private_features_train_like_shared_ones() {
        let texts = [vec![(0, 1.0), (1, 0.5)], vec![(0, 0.8), (2, 0.6)]];
        let (classes, costs) = (vec![0, 1], vec![4.0; 2]);
        let all = Rows::new(texts.into_iter());
        let none = Rows::new([vec![], vec![]].into_iter());
        let whole = Lesson { shared: all, private: none, classes: classes.clone(), costs: costs.clone() };
        let shared = Rows::new([vec![(0, 1.0)], vec![(0, 0.8)]].into_iter());
        let private = Rows::new([vec![(1, 0.5)], vec![(2, 0.6)]].into_iter());
        let split = Lesson { shared, private, classes, costs };
        let (mut a, mut b) = (Machines::new(&whole, 3, 2), Machines::new(&split, 1, 2));
        a.train(&whole, &mut [0, 1], 100);
        b.train(&split, &mut [0, 1], 100);
        let mut pull = vec![0.0; b.width];
        for (example, x) in [(0, 0.5), (1, 0.6)] {
            b.pull(&split, example, &mut pull);
            for (pull, wanted) in pull.iter().zip(&a.weights[(example + 1) * a.width..][..2]) {
                assert!((pull * x - wanted).abs() < 0.01, "{} {wanted}", pull * x);
            }
        }
    }

    #[test]
    fn a_forgotten_example_leaves_nothing() {
        let lesson = lesson();
        let mut with = Machines::new(&lesson, 3, 2);
        with.train(&lesson, &mut [0, 1, 2, 3], 50);
        with.forget(&lesson, [1, 3].into_iter());
        with.train(&lesson, &mut [0, 2], 200);
        let mut without = Machines::new(&lesson, 3, 2);
        without.train(&lesson, &mut [0, 2], 200);
        for (a, b) in with.weights.iter().zip(&without.weights) {
            assert!((a - b).abs() < 0.01, "{a} {b}");
        }
    }
}
