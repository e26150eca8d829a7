//! Measures of guesses with probabilities, for request types and for articles alike. Each takes plain numbers; shares are 0 to 1,
//! `None` where there is nothing to measure.

use std::collections::BTreeMap;

/// What was guessed, with the machine's probability and whether it was right.
pub(super) type Said = (f64, bool);

/// `part` of `all` as a share.
#[expect(clippy::cast_precision_loss, reason = "counts of texts are far below 2^52")]
pub(super) fn share(part: usize, all: usize) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

/// Share answered and share of those that were right, when everything at least as probable as `threshold` is answered.
/// Nothing answered: precision is `None`.
pub(super) fn answered(said: &[Said], threshold: f64) -> (f64, Option<f64>) {
    let given = said.iter().filter(|(probability, _)| *probability >= threshold).count();
    let right = said.iter().filter(|(probability, right)| *probability >= threshold && *right).count();
    (share(given, said.len()).unwrap_or_default(), share(right, given))
}

/// The largest share that could be answered with at least `precision`, had the threshold been known: how well the
/// probabilities sort right from wrong, not how they were used. Equally probable ones are answered together.
pub(super) fn coverage_at(said: &[Said], precision: f64) -> Option<f64> {
    let mut sorted = said.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut right, mut most) = (0, 0);
    for (given, (probability, holds)) in (1..).zip(&sorted) {
        right += usize::from(*holds);
        let tied = sorted.get(given).is_some_and(|next| next.0.total_cmp(probability).is_eq());
        if !tied && share(right, given).is_some_and(|share| share >= precision) {
            most = given;
        }
    }
    share(most, said.len())
}

/// Area under the receiver's curve: how often a text of `positive` scores above one of `negative`; ties count half.
#[expect(clippy::cast_precision_loss, reason = "counts of texts are far below 2^52")]
pub(super) fn auroc(positive: &[f64], negative: &[f64]) -> Option<f64> {
    if positive.is_empty() || negative.is_empty() {
        return None;
    }
    let mut negative = negative.to_vec();
    negative.sort_by(f64::total_cmp);
    let wins = |score: &f64| {
        let below = negative.partition_point(|other| other < score);
        let equal = negative.partition_point(|other| other <= score) - below;
        below as f64 + equal as f64 / 2.0
    };
    Some(positive.iter().map(wins).sum::<f64>() / (positive.len() as f64 * negative.len() as f64))
}

/// The probabilities of the right ones and of the wrong ones.
pub(super) fn apart(said: &[Said]) -> (Vec<f64>, Vec<f64>) {
    let (right, wrong): (Vec<&Said>, Vec<&Said>) = said.iter().partition(|(_, right)| *right);
    let probabilities = |part: Vec<&Said>| part.into_iter().map(|(probability, _)| *probability).collect();
    (probabilities(right), probabilities(wrong))
}

/// The score that `kept` of `scores` reach.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
pub(super) fn reached_by(scores: &[f64], kept: f64) -> Option<f64> {
    let mut scores = scores.to_vec();
    scores.sort_by(f64::total_cmp);
    let below = ((1.0 - kept) * scores.len() as f64) as usize;
    scores.get(below).copied()
}

/// Expected calibration error: mean distance of probability and share of right ones in ten equal ranges of probability,
/// weighted by how many fall into each.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 9")]
pub(super) fn calibration_error(guesses: &[(f64, bool)]) -> Option<f64> {
    let mut ranges = [(0.0, 0.0); 10];
    for (probability, right) in guesses {
        let range = &mut ranges[((probability * 10.0) as usize).min(9)];
        range.0 += probability;
        range.1 += f64::from(u8::from(*right));
    }
    let distance: f64 = ranges.iter().map(|(said, held)| (said - held).abs()).sum();
    (!guesses.is_empty()).then(|| distance / guesses.len() as f64)
}

/// Mean F1 over the labels that occur among the true ones; pairs of (true, predicted).
pub(super) fn macro_f1<'l>(pairs: impl Iterator<Item = (&'l str, &'l str)>) -> Option<f64> {
    // For each label: how often it is true, predicted, both.
    let mut seen: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for (label, predicted) in pairs {
        seen.entry(label).or_default()[0] += 1;
        seen.entry(predicted).or_default()[1] += 1;
        if label == predicted {
            seen.entry(label).or_default()[2] += 1;
        }
    }
    let scores: Vec<f64> = seen
        .values()
        .filter(|[label, ..]| *label > 0)
        .filter_map(|[label, predicted, both]| share(2 * both, label + predicted))
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "counts of labels are far below 2^52")]
    let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
    (!scores.is_empty()).then_some(mean)
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

    fn near(found: Option<f64>, wanted: f64) -> bool {
        found.is_some_and(|found| (found - wanted).abs() < 1e-9)
    }

    #[test]
    fn the_measures_are_what_their_names_say() {
        let said = [(0.9, true), (0.8, true), (0.7, false), (0.6, true), (0.2, false)];
        assert_eq!(answered(&said, 0.75), (0.4, Some(1.0)));
        assert_eq!(answered(&said, 0.95), (0.0, None));
        assert!(near(coverage_at(&said, 1.0), 0.4) && near(coverage_at(&said, 0.75), 0.8));
        assert!(near(coverage_at(&[(0.5, true), (0.5, false)], 1.0), 0.0), "ties are answered together");
        assert_eq!(coverage_at(&[], 1.0), None);
        let (right, wrong) = apart(&said);
        assert!(near(auroc(&right, &wrong), 5.0 / 6.0));
        assert!(near(auroc(&[0.9, 0.5], &[0.5, 0.1]), 0.875));
        assert_eq!(auroc(&[], &[0.1]), None);
        assert!(near(reached_by(&[0.1, 0.2, 0.3, 0.4], 0.75), 0.2));
        assert!(near(calibration_error(&said), (0.1 + 0.2 + 0.7 + 0.4 + 0.2) / 5.0));
        assert!(near(calibration_error(&[(0.95, true), (0.95, true), (0.05, true)]), (0.1 + 0.95) / 3.0));
        assert!(near(macro_f1([("a", "a"), ("a", "b"), ("b", "b")].into_iter()), 2.0 / 3.0));
        assert_eq!(macro_f1(std::iter::empty()), None);
        assert!((percentile(&mut [3.0, 1.0, 2.0], 0.5) - 2.0).abs() < 1e-9 && percentile(&mut [], 0.5).abs() < 1e-9);
    }
}
