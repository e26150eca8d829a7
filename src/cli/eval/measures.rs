//! Measures of ranked lists and of probabilities.

use std::collections::HashMap;

/// Sums over questions of the measures of a ranked list, each 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Ranking {
    pub(super) queries: usize,
    pub(super) p_at_1: f64,
    pub(super) success_at_3: f64,
    pub(super) success_at_5: f64,
    pub(super) mrr: f64,
    pub(super) map: f64,
    pub(super) recall_at_10: f64,
    pub(super) ndcg_at_10: f64,
}

impl Ranking {
    /// Adds one question: `found` is best first, `relevant` has the grade of each article that answers (above 0).
    #[expect(clippy::cast_precision_loss, reason = "places in a list are small")]
    pub(super) fn add(&mut self, found: &[&str], relevant: &HashMap<&str, u32>) {
        let hits: Vec<usize> =
            (1..).zip(found).filter(|(_, id)| relevant.contains_key(**id)).map(|(rank, _)| rank).collect();
        let first = hits.first().copied();
        let within = |rank: usize| f64::from(u8::from(first.is_some_and(|first| first <= rank)));
        let all = relevant.len().max(1) as f64;
        self.queries += 1;
        self.p_at_1 += within(1);
        self.success_at_3 += within(3);
        self.success_at_5 += within(5);
        self.mrr += first.map_or(0.0, |first| 1.0 / first as f64);
        self.map += (1..).zip(&hits).map(|(count, rank)| f64::from(count) / *rank as f64).sum::<f64>() / all;
        self.recall_at_10 += hits.iter().filter(|rank| **rank <= 10).count() as f64 / all;
        let mut grades: Vec<u32> = relevant.values().copied().collect();
        grades.sort_unstable_by_key(|grade| std::cmp::Reverse(*grade));
        let reached = gain(found.iter().map(|id| relevant.get(id).copied().unwrap_or_default()));
        self.ndcg_at_10 += reached / gain(grades.into_iter()).max(1e-9);
    }

    /// The mean over the questions added.
    #[expect(clippy::cast_precision_loss, reason = "counts of questions are far below 2^52")]
    pub(super) fn mean(mut self) -> Self {
        let count = self.queries.max(1) as f64;
        for sum in [
            &mut self.p_at_1,
            &mut self.success_at_3,
            &mut self.success_at_5,
            &mut self.mrr,
            &mut self.map,
            &mut self.recall_at_10,
            &mut self.ndcg_at_10,
        ] {
            *sum /= count;
        }
        self
    }
}

/// Discounted gain of the first ten grades.
fn gain(grades: impl Iterator<Item = u32>) -> f64 {
    (2_u32..).zip(grades.take(10)).map(|(place, grade)| (f64::from(grade).exp2() - 1.0) / f64::from(place).log2()).sum()
}

/// What was answered, with the machine's probability and whether it was right.
pub(super) type Said = (f64, bool);

/// Share answered and share of those that were right, when everything at least as probable as `threshold` is answered.
/// Nothing answered: precision is `None`.
#[expect(clippy::cast_precision_loss, reason = "counts of questions are far below 2^52")]
pub(super) fn answered(said: &[Said], threshold: f64) -> (f64, Option<f64>) {
    let given = said.iter().filter(|(probability, _)| *probability >= threshold).count();
    let right = said.iter().filter(|(probability, right)| *probability >= threshold && *right).count();
    let coverage = given as f64 / said.len().max(1) as f64;
    (coverage, (given > 0).then(|| right as f64 / given as f64))
}

/// The largest share that could be answered with at least `precision`, had the threshold been known: how well the
/// probabilities sort right from wrong, not how they were used.
#[expect(clippy::cast_precision_loss, reason = "counts of questions are far below 2^52")]
pub(super) fn coverage_at(said: &[Said], precision: f64) -> f64 {
    let mut sorted = said.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut right, mut most) = (0, 0);
    for (given, (probability, holds)) in (1..).zip(&sorted) {
        right += usize::from(*holds);
        let tied = sorted.get(given).is_some_and(|next| next.0.total_cmp(probability).is_eq());
        if !tied && right as f64 >= precision * given as f64 {
            most = given;
        }
    }
    most as f64 / said.len().max(1) as f64
}

/// The chance that a right one has a higher probability than a wrong one; `None` without both.
#[expect(clippy::cast_precision_loss, reason = "counts of questions are far below 2^52")]
pub(super) fn auroc(said: &[Said]) -> Option<f64> {
    let of = |wanted: bool| said.iter().filter(move |(_, right)| *right == wanted).map(|(probability, _)| *probability);
    let pairs = of(true).count() * of(false).count();
    let won = |right: f64| {
        of(false).map(|wrong| if right > wrong { 1.0 } else { f64::from(u8::from(right >= wrong)) / 2.0 }).sum::<f64>()
    };
    (pairs > 0).then(|| of(true).map(won).sum::<f64>() / pairs as f64)
}

/// How far probabilities are from what happened: the mean over ten equally wide ranges, by how many fall in each.
#[expect(clippy::cast_precision_loss, reason = "counts of questions are far below 2^52")]
pub(super) fn calibration_error(said: &[Said]) -> f64 {
    let mut bins = [(0.0, 0.0); 10];
    for (probability, right) in said {
        let bin = (0_u8..9).find(|bin| *probability < f64::from(bin + 1) / 10.0).map_or(9, usize::from);
        bins[bin].0 += probability;
        bins[bin].1 += f64::from(u8::from(*right));
    }
    bins.iter().map(|(said, happened): &(f64, f64)| (said - happened).abs()).sum::<f64>() / said.len().max(1) as f64
}

/// The value at `share` (0 to 1) of the sorted values; 0 of none.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a small count"
)]
pub(super) fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len().saturating_sub(1) as f64 * share).round() as usize;
    values.get(place).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn lists_are_measured() {
        let mut ranking = Ranking::default();
        ranking.add(&["a", "b", "c"], &HashMap::from([("b", 2), ("x", 1)]));
        ranking.add(&["a"], &HashMap::from([("a", 1)]));
        ranking.add(&[], &HashMap::from([("a", 1)]));
        let mean = ranking.mean();
        assert_eq!(mean.queries, 3);
        assert!(near(mean.p_at_1, 1.0 / 3.0) && near(mean.success_at_3, 2.0 / 3.0), "{mean:?}");
        assert!(near(mean.mrr, 0.5) && near(mean.map, (0.25 + 1.0) / 3.0), "{mean:?}");
        assert!(near(mean.recall_at_10, 0.5), "{mean:?}");
        let graded = (3.0 / 3.0_f64.log2()) / (3.0 + 1.0 / 3.0_f64.log2());
        assert!(near(mean.ndcg_at_10, (graded + 1.0) / 3.0), "{mean:?}");
    }

    #[test]
    fn probabilities_are_measured() {
        let said = [(0.9, true), (0.8, true), (0.7, false), (0.6, true), (0.2, false)];
        assert_eq!(answered(&said, 0.75), (0.4, Some(1.0)));
        assert_eq!(answered(&said, 0.95), (0.0, None));
        assert!(near(coverage_at(&said, 1.0), 0.4) && near(coverage_at(&said, 0.75), 0.8));
        assert!(near(coverage_at(&[(0.5, true), (0.5, false)], 1.0), 0.0), "ties are answered together");
        assert_eq!(auroc(&said), Some(5.0 / 6.0));
        assert_eq!(auroc(&[(0.5, true)]), None);
        assert!(near(calibration_error(&said), (0.1 + 0.2 + 0.7 + 0.4 + 0.2) / 5.0));
        assert!(near(percentile(&mut [3.0, 1.0, 2.0], 0.5), 2.0) && near(percentile(&mut [], 0.5), 0.0));
    }
}
