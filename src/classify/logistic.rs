//! L2-regularised logistic regression pulled towards given weights instead of towards zero: with little data the given
//! weights stay, with much data the data decide.

/// One observation: features (the first one is 1 for the bias), what happened, and how much it counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<const N: usize> {
    pub(super) features: [f64; N],
    pub(super) holds: bool,
    pub(super) weight: f64,
}

/// The probability for `features` under `weights`, 0 to 1.
pub(super) fn probability<const N: usize>(weights: &[f64; N], features: &[f64; N]) -> f64 {
    sigmoid(dot(weights, features))
}

pub(super) fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

fn dot<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// As [`fit`] with each weight on the side of zero its prior is on: beside a twin a feature may else get a weight against
/// its meaning, which is wrong wherever the two part.
pub(super) fn fit_signed<const N: usize>(samples: &[Sample<N>], prior: &[f64; N], pull: f64) -> [f64; N] {
    let mut samples = samples.to_vec();
    let mut prior = *prior;
    loop {
        let weights = fit(&samples, &prior, pull);
        let wrong: Vec<usize> = (0..N).filter(|at| weights[*at] * prior[*at] < 0.0).collect();
        if wrong.is_empty() {
            return weights;
        }
        for at in wrong {
            prior[at] = 0.0;
            for sample in &mut samples {
                sample.features[at] = 0.0;
            }
        }
    }
}

/// Newton's method, at most 25 steps. `pull` is how many observations' worth of belief `prior` has.
pub(super) fn fit<const N: usize>(samples: &[Sample<N>], prior: &[f64; N], pull: f64) -> [f64; N] {
    let mut weights = *prior;
    for _ in 0..25 {
        let mut gradient = [0.0; N];
        let mut hessian = [[0.0; N]; N];
        for i in 0..N {
            gradient[i] = pull * (weights[i] - prior[i]);
            hessian[i][i] = pull;
        }
        for sample in samples {
            let p = probability(&weights, &sample.features);
            let error = sample.weight * (p - f64::from(u8::from(sample.holds)));
            let curve = sample.weight * (p * (1.0 - p)).max(1e-6);
            for i in 0..N {
                gradient[i] += error * sample.features[i];
                let scaled = curve * sample.features[i];
                for (cell, feature) in hessian[i].iter_mut().zip(&sample.features) {
                    *cell += scaled * feature;
                }
            }
        }
        let step = solve(hessian, gradient);
        let longest = step.iter().fold(0.0_f64, |most, part| most.max(part.abs()));
        // A long step on nearly separable data overshoots; it is shortened, and halved while it leads uphill.
        let mut scale = if longest > 4.0 { 4.0 / longest } else { 1.0 };
        let now = loss(samples, &weights, prior, pull);
        let mut next = walked(&weights, &step, scale);
        while loss(samples, &next, prior, pull) > now && scale > 1e-3 {
            scale /= 2.0;
            next = walked(&weights, &step, scale);
        }
        if loss(samples, &next, prior, pull) > now {
            break;
        }
        weights = next;
        if longest < 1e-6 {
            break;
        }
    }
    weights
}

fn walked<const N: usize>(weights: &[f64; N], step: &[f64; N], scale: f64) -> [f64; N] {
    std::array::from_fn(|at| weights[at] - scale * step[at])
}

/// What the fit makes small: the negative log likelihood and the pull.
fn loss<const N: usize>(samples: &[Sample<N>], weights: &[f64; N], prior: &[f64; N], pull: f64) -> f64 {
    let distance: f64 = weights.iter().zip(prior).map(|(weight, prior)| (weight - prior) * (weight - prior)).sum();
    let missed = |sample: &Sample<N>| {
        let logit = dot(weights, &sample.features);
        let towards = if sample.holds { -logit } else { logit };
        // ln(1 + e^x) without overflow.
        sample.weight * (towards.max(0.0) + (-towards.abs()).exp().ln_1p())
    };
    samples.iter().map(missed).sum::<f64>() + 0.5 * pull * distance
}

/// Solves `matrix · x = right` for a positive definite matrix (the pull makes it so) by elimination.
pub(super) fn solve<const N: usize>(mut matrix: [[f64; N]; N], mut right: [f64; N]) -> [f64; N] {
    for pivot in 0..N {
        let row = matrix[pivot];
        let value = right[pivot];
        for below in pivot + 1..N {
            let factor = matrix[below][pivot] / row[pivot];
            for (cell, above) in matrix[below].iter_mut().zip(&row).skip(pivot) {
                *cell -= factor * above;
            }
            right[below] -= factor * value;
        }
    }
    let mut x = [0.0; N];
    for pivot in (0..N).rev() {
        let known: f64 = (pivot + 1..N).map(|i| matrix[pivot][i] * x[i]).sum();
        x[pivot] = (right[pivot] - known) / matrix[pivot][pivot];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(x: f64, holds: bool) -> Sample<2> {
        Sample { features: [1.0, x], holds, weight: 1.0 }
    }

    #[test]
    fn without_data_the_prior_stays() {
        let weights = fit(&[], &[-1.0, 2.0], 1.0);
        assert!((weights[0] + 1.0).abs() < 1e-9 && (weights[1] - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_prior_far_off_does_not_lead_astray() {
        // A third holds, whatever `x` is: 60 × 0.637 is the least the likelihood alone can lose.
        let samples: Vec<_> = (0..60).map(|i| sample(f64::from(i % 20), i % 3 == 0)).collect();
        let prior = [-4.0, 1.5];
        let weights = fit(&samples, &prior, 0.5);
        assert!(loss(&samples, &weights, &prior, 0.5) < 43.0, "{weights:?}");
    }

    #[test]
    fn data_decide_when_there_are_enough() {
        let samples: Vec<_> = (0..100).map(|i| sample(f64::from(i) / 100.0, i >= 50)).collect();
        let weights = fit(&samples, &[0.0, 0.0], 0.01);
        assert!(probability(&weights, &[1.0, 0.9]) > 0.95);
        assert!(probability(&weights, &[1.0, 0.1]) < 0.05);
        assert!((probability(&weights, &[1.0, 0.495]) - 0.5).abs() < 0.05);
    }
}
