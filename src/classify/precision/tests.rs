//! Thresholds from votes, and what mistaken votes do to them.

use super::*;
use crate::domain::feedback::{agent, voter};

const AIM: Aim = Aim { wanted: 0.95, shipped: 0.95, least: 0.7, mistaken: MISTAKEN };

fn vote(about: i64, actor: &str, outcome: Outcome, at: i64) -> Vote {
    let source = if actor.starts_with("agent:") { FeedbackSource::Agent } else { FeedbackSource::Requester };
    Vote {
        feedback: Feedback {
            about: InboxId(about),
            aspect: Aspect::Article,
            actor: actor.to_owned(),
            source,
            outcome,
            given: Some("vpn".into()),
            wanted: (outcome == Outcome::Right).then(|| "vpn".to_owned()),
            at: Timestamp(at),
        },
        decision: "answer".into(),
        probability: Some(0.97),
    }
}

fn given(probability: f64, right: bool, count: usize) -> Vec<Judged> {
    let one = |number: usize| Judged {
        about: InboxId(i64::try_from(number).unwrap()),
        article: "vpn".into(),
        voter: format!("v{number}"),
        probability,
        answered: probability >= 0.95,
        right,
        at: Timestamp(0),
    };
    (0..count).map(one).collect()
}

#[test]
fn intervals_are_those_of_the_textbook() {
    for (right, wrong, low, high) in
        [(0, 0, 0.0, 1.0), (10, 0, 0.7225, 1.0), (95, 5, 0.8882, 0.9785), (0, 1, 0.0, 0.7935)]
    {
        let found = measured(right, wrong);
        assert!((found.low - low).abs() < 1e-3 && (found.high - high).abs() < 1e-3, "{found:?}");
    }
}

#[test]
fn a_burst_of_one_person_counts_once_and_their_last_word_counts() {
    let mut votes: Vec<Vote> = (0..50).map(|n| vote(n, &voter("angry@x"), Outcome::Wrong, n)).collect();
    votes.push(vote(60, &voter("calm@x"), Outcome::Right, 5));
    let found = judged(&votes);
    assert_eq!(found.len(), 2);
    votes.push(vote(51, &voter("angry@x"), Outcome::Right, 99));
    assert!(judged(&votes).iter().all(|one| one.right));
    // Another day is another matter.
    votes.push(vote(52, &voter("angry@x"), Outcome::Wrong, DAY_MS + 1));
    assert_eq!(judged(&votes).len(), 3);
}

#[test]
fn an_agents_word_settles_it_and_even_votes_are_wrong() {
    let (a, b, c) = (voter("a"), voter("b"), voter("c"));
    for (votes, right) in [
        (vec![vote(1, &a, Outcome::Right, 1)], true),
        (vec![vote(1, &a, Outcome::Right, 1), vote(1, &b, Outcome::Wrong, 2)], false),
        (vec![vote(1, &a, Outcome::Right, 1), vote(1, &b, Outcome::Wrong, 2), vote(1, &c, Outcome::Right, 3)], true),
        (vec![vote(1, &a, Outcome::Right, 3), vote(1, &agent("sato"), Outcome::Wrong, 2)], false),
    ] {
        let found = judged(&votes);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].right, right, "{votes:?}");
    }
    let votes =
        [vote(1, &a, Outcome::Right, 3), vote(1, &agent("sato"), Outcome::Wrong, 2), vote(2, &a, Outcome::Right, 3)];
    assert_eq!(contradictions(&votes).len(), 1);
    assert!(mistaken(&votes) > mistaken(&votes[2..]));
}

#[test]
fn without_votes_the_shipped_threshold_holds() {
    let policy = policy(&[], &AIM);
    assert_eq!((policy.overall.as_ref(), policy.articles.len()), (None, 0));
    assert!((policy.threshold("vpn", 0.95) - 0.95).abs() < 1e-12);
}

#[test]
fn a_wrong_answer_makes_an_article_stricter_until_it_has_earned_trust_again() {
    let threshold = |given: &[Judged]| policy(given, &AIM).articles["vpn"].threshold;
    let wrong = given(0.965, false, 1);
    assert!((threshold(&wrong) - 0.97).abs() < 1e-12, "above the probability it was wrong with");
    assert!(threshold(&given(1.0, false, 1)) > 1.0, "a sure one that was wrong is only suggested");
    let mut regained = wrong.clone();
    regained.extend(given(0.97, true, 12));
    assert!((threshold(&regained) - 0.95).abs() < 1e-12);
    assert!((threshold(&given(0.96, true, 3)) - 0.95).abs() < 1e-12, "right answers change nothing");
    let measured = policy(&regained, &AIM).articles["vpn"].measured;
    assert_eq!((measured.right, measured.wrong), (12, 1));
}

#[test]
fn it_is_lowered_on_proof_only() {
    let overall = |given: &[Judged]| policy(given, &AIM).overall.unwrap().threshold;
    let mut few = given(0.99, true, 40);
    few.extend(given(0.93, true, 40));
    assert!((overall(&few) - 0.95).abs() < 1e-12, "forty are no proof");
    let mut many = given(0.99, true, 600);
    many.extend(given(0.93, true, 600));
    let mixed: Vec<Judged> = (0..1200).map(|n| many[(n % 2) * 600 + n / 2].clone()).collect();
    assert!((overall(&mixed) - 0.92).abs() < 1e-12, "{}", overall(&mixed));
    // Many right ones far above say nothing of what lies below.
    let mut above = given(0.99, true, 5000);
    above.extend(given(0.93, true, 5));
    assert!((overall(&above) - 0.95).abs() < 1e-12);
}

/// xorshift64*: the same numbers on every machine.
struct Dice(u64);

impl Dice {
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn share(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A question as the simulated desk sees it: article, stated probability, and whether the article really answers it. Every fifth
/// article is worse than the calibration says.
fn question(dice: &mut Dice) -> (i32, f64, bool) {
    let article: i32 = (0..30).find(|_| dice.share() < 0.05).unwrap_or(7);
    let stated = 1.0 - dice.share().powi(2) * 0.4;
    let really = if article % 5 == 0 { stated - 0.25 } else { stated };
    (article, stated, dice.share() < really)
}

/// Votes on `count` questions at or above 0.7, of which `noise` say the opposite. A third are judged twice.
fn simulated(dice: &mut Dice, count: i64, noise: f64) -> Vec<Vote> {
    let mut votes = Vec::new();
    for number in 0..count {
        let (article, probability, right) = question(dice);
        let twice = dice.share() < 0.33;
        for second in [false, true] {
            let said = right != (dice.share() < noise);
            if second && !twice || probability < 0.7 {
                continue;
            }
            let outcome = if said { Outcome::Right } else { Outcome::Wrong };
            let mut one = vote(number, &voter(&format!("{number}{second}")), outcome, number * 1000);
            one.feedback.given = Some(format!("a{article}"));
            one.feedback.wanted = None;
            one.probability = Some(probability);
            one.decision = if probability >= 0.95 { "answer" } else { "suggest" }.into();
            votes.push(one);
        }
    }
    votes
}

/// Precision and coverage of the policy learnt from `votes` on new questions.
fn tried(votes: &[Vote], seed: u64) -> (f64, f64) {
    let aim = Aim { mistaken: mistaken(votes), ..AIM };
    let policy = policy(&judged(votes), &aim);
    let (mut answered, mut right, mut dice) = (0.0, 0.0, Dice(seed));
    for _ in 0..40_000 {
        let (article, probability, holds) = question(&mut dice);
        if probability >= policy.threshold(&format!("a{article}"), AIM.shipped) {
            answered += 1.0;
            right += f64::from(u8::from(holds));
        }
    }
    (right / f64::max(answered, 1.0), answered / 40_000.0)
}

#[test]
fn ten_percent_mistaken_votes_cost_at_most_two_points_of_precision() {
    for count in [100, 1_000, 10_000] {
        let (mut clean, mut noisy) = ((0.0, 0.0), (0.0, 0.0));
        for seed in 1..=5 {
            for (sum, noise) in [(&mut clean, 0.0), (&mut noisy, 0.1)] {
                let votes = simulated(&mut Dice(seed * 7919), count, noise);
                let (precision, coverage) = tried(&votes, seed);
                *sum = (sum.0 + precision / 5.0, sum.1 + coverage / 5.0);
            }
        }
        println!("{count} votes: clean {clean:.3?}, with mistakes {noisy:.3?}");
        assert!(noisy.0 >= clean.0 - 0.02, "{count}: {clean:?} {noisy:?}");
        assert!(noisy.1 >= clean.1 * 0.25, "{count}: still answers: {clean:?} {noisy:?}");
        if count >= 10_000 {
            assert!(clean.0 >= 0.95, "{clean:?}");
        }
    }
}
