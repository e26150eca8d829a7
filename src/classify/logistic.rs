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
        // A long step on nearly separable data overshoots; it is shortened.
        let scale = if longest > 4.0 { 4.0 / longest } else { 1.0 };
        for (weight, part) in weights.iter_mut().zip(&step) {
            *weight -= scale * part;
        }
        if longest < 1e-6 {
            break;
        }
    }
    weights
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
    fn data_decide_when_there_are_enough() {
        let samples: Vec<_> = (0..100).map(|i| sample(f64::from(i) / 100.0, i >= 50)).collect();
        let weights = fit(&samples, &[0.0, 0.0], 0.01);
        assert!(probability(&weights, &[1.0, 0.9]) > 0.95);
        assert!(probability(&weights, &[1.0, 0.1]) < 0.05);
        assert!((probability(&weights, &[1.0, 0.495]) - 0.5).abs() < 0.05);
    }
}
