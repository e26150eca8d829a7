//! What people said, what was learnt from it, and decisions as they were made.

use madoguchi::domain::*;

use super::{Desk, NOW, on_both, opening, received};

on_both! {
    one_persons_votes_on_one_answer_count_once_and_the_last_one_wins
    a_vote_is_written_with_its_cause_or_not_at_all
    a_vote_outlives_the_message_it_judges
    what_was_learnt_is_read_back_whole
    past_decisions_come_in_pages_with_everything_they_saw
}

fn vote(about: i64, actor: &str, outcome: Outcome, at: i64) -> Feedback {
    Feedback {
        about: InboxId(about),
        aspect: Aspect::Article,
        actor: actor.into(),
        source: FeedbackSource::Requester,
        outcome,
        given: Some("vpn".into()),
        wanted: (outcome == Outcome::Right).then(|| "vpn".to_owned()),
        at: NOW.plus_ms(at),
    }
}

fn saying(feedback: Vec<Feedback>) -> Changes {
    Changes { feedback, ..Changes::default() }
}

async fn one_persons_votes_on_one_answer_count_once_and_the_last_one_wins(desk: Desk) {
    // A burst in one batch, in several, and one that arrives late.
    let burst = (0..20).map(|n| vote(1, "angry", Outcome::Wrong, n)).collect();
    desk.store.apply(&saying(burst), NOW).await.unwrap();
    for n in 20..25 {
        desk.store.apply(&saying(vec![vote(1, "angry", Outcome::Wrong, n)]), NOW).await.unwrap();
    }
    let other = Feedback { aspect: Aspect::Queue, ..vote(1, "angry", Outcome::Wrong, 0) };
    let changes = saying(vec![vote(1, "calm", Outcome::Right, 1), vote(1, "angry", Outcome::Right, 30), other]);
    desk.store.apply(&changes, NOW).await.unwrap();
    desk.store.apply(&saying(vec![vote(1, "angry", Outcome::Wrong, 29)]), NOW).await.unwrap();
    let votes: Vec<Feedback> = desk.store.votes().await.unwrap().into_iter().map(|vote| vote.feedback).collect();
    let articles: Vec<&Feedback> = votes.iter().filter(|vote| vote.aspect == Aspect::Article).collect();
    assert_eq!(votes.len(), 3);
    assert_eq!(articles, [&vote(1, "angry", Outcome::Right, 30), &vote(1, "calm", Outcome::Right, 1)]);
    assert_eq!(desk.store.votes_since(NOW).await.unwrap(), 2);
}

async fn a_vote_is_written_with_its_cause_or_not_at_all(desk: Desk) {
    let stored = desk.filed("a").await;
    let outdated = Ticket { version: 7, ..stored.clone() };
    let changes = Changes { tickets: vec![outdated], ..saying(vec![vote(stored.id.0, "a", Outcome::Wrong, 0)]) };
    assert!(desk.store.apply(&changes, NOW).await.is_err());
    assert_eq!(desk.store.votes().await.unwrap(), []);
    let changes = Changes { tickets: vec![stored.clone()], ..changes };
    desk.store.apply(&changes, NOW).await.unwrap();
    assert_eq!(desk.store.votes().await.unwrap().len(), 1);
}

/// Files a message that was answered.
async fn answered(desk: &Desk, name: &str, probability: f64) -> InboxId {
    desk.store.accept(&[received(name, name)], NOW).await.unwrap();
    let item = desk.claim("filer", NOW, 1).await.remove(0);
    let mut changes = opening(&item);
    let settled = changes.settled.as_mut().unwrap();
    settled.decided.as_mut().unwrap().decision = Decision::Answer { article: "vpn".into(), probability };
    settled.seen = Some(Box::new(Seen {
        at: NOW,
        known: Known { automatic_to_sender: 2, ..Known::default() },
        envelope: Envelope { references: vec!["r@x".into()], spam: true, ..Envelope::default() },
        digest: "d".into(),
        ..Seen::default()
    }));
    desk.store.settle("filer", &[changes], NOW).await.unwrap();
    item.id
}

async fn a_vote_outlives_the_message_it_judges(desk: Desk) {
    let id = answered(&desk, "a", 0.961_234_5).await;
    desk.store.apply(&saying(vec![vote(id.0, "a", Outcome::Wrong, 0)]), NOW).await.unwrap();
    let texts = desk.store.judged_texts(Timestamp(0)).await.unwrap();
    assert_eq!(texts.iter().map(|one| (one.inbox_id, one.text.as_str())).collect::<Vec<_>>(), [(id, "つながりません")]);
    assert_eq!(desk.store.judged_texts(NOW.plus_ms(1)).await.unwrap(), [], "older than may be learnt from");
    desk.store.forget(&[id], NOW).await.unwrap();
    let votes = desk.store.votes().await.unwrap();
    assert_eq!((votes[0].decision.as_str(), votes[0].probability), ("answer", Some(0.961_235)));
    assert_eq!(desk.store.judged_texts(Timestamp(0)).await.unwrap(), []);
}

fn labelled(id: i64) -> Taught {
    Taught {
        inbox_id: InboxId(id),
        said: Said::Text("vpnが切れます".into()),
        language: Language::Ja,
        intent: None,
        article: Some("vpn".into()),
        source: FeedbackSource::Agent,
        weight: 0.25,
        at: NOW,
    }
}

async fn what_was_learnt_is_read_back_whole(desk: Desk) {
    assert_eq!(desk.store.learned().await.unwrap(), Learned::default());
    assert_eq!(desk.store.model_in_force().await.unwrap(), 0);
    let measured = Measured { right: 3, wrong: 1, low: 0.300_641_842_582_402_6, high: 0.954_412_734_4 };
    let bar = Bar { threshold: 0.97, measured };
    let mut policy = Policy { wanted: 0.95, overall: Some(bar.clone()), ..Policy::default() };
    policy.articles.insert("vpn".into(), bar);
    let first = desk.store.put_learned(&policy, &[labelled(1), labelled(2)], "{}", NOW).await.unwrap();
    desk.store.note_learn_run("{\"refused\":\"worse\"}", NOW.plus_ms(5)).await.unwrap();
    let learned = desk.store.learned().await.unwrap();
    assert_eq!(learned, Learned { model: first, policy: policy.clone(), examples: vec![labelled(1), labelled(2)] });
    let last = desk.store.last_learn_run().await.unwrap().unwrap();
    assert_eq!((last.in_force, last.made_at), (false, NOW.plus_ms(5)));
    // The next one takes its place whole, and what is erased is not taught any more.
    let second = desk.store.put_learned(&policy, &[labelled(2), labelled(3)], "{}", NOW).await.unwrap();
    assert!(second > first);
    assert_eq!(desk.store.model_in_force().await.unwrap(), second);
    desk.store.forget(&[InboxId(3)], NOW).await.unwrap();
    assert_eq!(desk.store.learned().await.unwrap().examples, [labelled(2)]);
}

async fn past_decisions_come_in_pages_with_everything_they_saw(desk: Desk) {
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(answered(&desk, name, 0.9).await);
    }
    // Decided before it was kept what a decision saw.
    desk.filed("old").await;
    desk.store.apply(&saying(vec![vote(ids[1].0, "a", Outcome::Right, 0)]), NOW).await.unwrap();
    assert_eq!(desk.store.past_count(Timestamp(0)).await.unwrap(), 4);
    let first = desk.store.past(Timestamp(0), InboxId(0), 2).await.unwrap();
    assert_eq!((first.past.len(), first.lost.len(), first.last), (2, 0, Some(ids[1])));
    let past = &first.past[1];
    assert_eq!(past.message.references, ["r@x"]);
    assert_eq!((past.message.text.as_str(), past.message.subject.as_str()), ("つながりません\n> quoted", "VPN"));
    assert_eq!(past.message.attachments.len(), 1);
    assert!(past.message.spam && past.seen.known().automatic_to_sender == 2);
    assert_eq!(past.judged[0].outcome, Outcome::Right);
    let rest = desk.store.past(Timestamp(0), ids[1], 9).await.unwrap();
    assert_eq!((rest.past.len(), rest.lost.len()), (1, 1));
    assert_eq!(desk.store.past(Timestamp(0), rest.last.unwrap(), 9).await.unwrap().last, None);
    assert_eq!(desk.store.past_count(NOW).await.unwrap(), 0, "they arrived before");
    // What is erased cannot be decided again.
    desk.store.forget(&ids[..1], NOW).await.unwrap();
    assert_eq!(desk.store.past(Timestamp(0), InboxId(0), 1).await.unwrap().last, Some(ids[1]));
}
