//! How far a label is believed. People press the wrong button: what everything else that was learnt finds most unlikely
//! counts less. The catalog's own examples are never doubted.

use super::examples::Example;
use super::linear::count;
use super::machine::{Lesson, Machines};

/// Share of labels that are taken to be wrong: more than there are, because scores are surer than they should be.
const WRONG: f32 = 0.3;

/// The labels are judged in two halves, each by what was learnt without it.
const HALVES: usize = 2;

/// Passes over what is left when a half was taken out.
const ROUNDS: usize = 2;

/// Scores are sharpened by this before they are shared out.
const SHARPNESS: f32 = 6.0;

/// Lowers the weight of labels that look wrong, in `examples` and in the costs of `lesson`; returns whether there were
/// labels at all.
pub(super) fn doubt(examples: &mut [Example], lesson: &mut Lesson, machines: &Machines, classes: usize) -> bool {
    let labels: Vec<usize> = (0..examples.len()).filter(|place| !examples[*place].trusted).collect();
    let mut belief = vec![1.0_f32; examples.len()];
    for half in 0..HALVES {
        let judged: Vec<usize> = labels.iter().copied().skip(half).step_by(HALVES).collect();
        let mut taken = vec![false; examples.len()];
        for place in &judged {
            taken[*place] = true;
        }
        let kept = (0_u32..).zip(&taken).filter(|(_, taken)| !**taken);
        let mut kept: Vec<u32> = kept.map(|(number, _)| number).collect();
        let mut others = machines.clone();
        others.forget(lesson, judged.iter().copied());
        others.train(lesson, &mut kept, ROUNDS);
        for place in judged {
            let scores = others.score(lesson.shared.of(place));
            belief[place] = right(&scores[..classes.max(lesson.classes[place] + 1)], lesson.classes[place]);
        }
    }
    for place in &labels {
        lesson.costs[*place] *= belief[*place];
        examples[*place].weight *= belief[*place];
    }
    !labels.is_empty()
}

/// Probability that a label is right by Bayes' rule: a wrong one is any class, a right one is as likely as the class is.
fn right(scores: &[f32], label: usize) -> f32 {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = scores.iter().map(|score| (SHARPNESS * (score - most)).exp()).sum();
    let share = (SHARPNESS * (scores[label] - most)).exp() / sum;
    let (held, pressed) = ((1.0 - WRONG) * share, WRONG / count(scores.len()));
    held / (held + pressed)
}

#[cfg(test)]
mod tests {
    use super::right;

    #[test]
    fn only_what_is_most_unlikely_is_doubted() {
        let scores = [1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0];
        assert!(right(&scores, 0) > 0.9);
        assert!(right(&scores, 1) < 0.1);
        assert!(right(&[-1.0; 10], 3) > 0.65);
    }
}
