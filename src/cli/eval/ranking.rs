//! Measures of ranked lists.

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
}
