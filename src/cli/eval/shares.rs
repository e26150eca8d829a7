//! Measures over guesses with probabilities. Each takes plain numbers; shares are 0 to 1, `None` where there is nothing
//! to measure.

use std::collections::BTreeMap;

/// `part` of `all` as a share.
#[expect(clippy::cast_precision_loss, reason = "counts of texts are far below 2^52")]
pub(super) fn share(part: usize, all: usize) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
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

/// The largest share of the guesses that can be taken, the most probable first, so that `precision` of them are right.
pub(super) fn coverage_at(guesses: &[(f64, bool)], precision: f64) -> Option<f64> {
    let mut guesses = guesses.to_vec();
    guesses.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut right, mut taken) = (0, 0);
    for (place, (_, holds)) in guesses.iter().enumerate() {
        right += usize::from(*holds);
        if share(right, place + 1).is_some_and(|share| share >= precision) {
            taken = place + 1;
        }
    }
    share(taken, guesses.len())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, wanted: f64) -> bool {
        found.is_some_and(|found| (found - wanted).abs() < 1e-9)
    }

    #[test]
    fn the_measures_are_what_their_names_say() {
        assert!(near(auroc(&[0.9, 0.5], &[0.5, 0.1]), 0.875));
        assert_eq!(auroc(&[], &[0.1]), None);
        assert!(near(reached_by(&[0.1, 0.2, 0.3, 0.4], 0.75), 0.2));
        assert!(near(calibration_error(&[(0.95, true), (0.95, true), (0.05, true)]), (0.1 + 0.95) / 3.0));
        let guesses = [(0.9, true), (0.8, true), (0.7, false), (0.6, true), (0.5, false)];
        assert!(near(coverage_at(&guesses, 1.0), 0.4) && near(coverage_at(&guesses, 0.75), 0.8));
        assert!(near(macro_f1([("a", "a"), ("a", "b"), ("b", "b")].into_iter()), 2.0 / 3.0));
        assert_eq!(macro_f1(std::iter::empty()), None);
    }
}
