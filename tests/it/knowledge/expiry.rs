//! Texts that were kept long enough: gone from the database, while the model goes on with what it keeps of them.

use std::fs;

use madoguchi::classify::IntentModel;
use madoguchi::clock::Clock;
use madoguchi::content;
use madoguchi::domain::*;
use madoguchi::replay::teach;
use madoguchi::workers::sweep::{Keep, Sweeper};

use crate::store::{Desk, NOW, ids, on_both, opening, received};

on_both! {
    an_expired_text_leaves_only_its_features
    the_model_answers_the_same_from_features
}

const DAY_MS: i64 = 86_400_000;
const SECRET: &str = "機密の相談である銀河鉄道の運賃";

fn taught(id: InboxId, text: &str, intent: &str) -> Taught {
    Taught {
        inbox_id: id,
        said: Said::Text(text.into()),
        language: Language::Ja,
        intent: Some(intent.into()),
        article: None,
        source: FeedbackSource::Agent,
        weight: 1.0,
        at: NOW,
    }
}

fn sweeper(desk: &Desk, days_later: i64, keep: Keep) -> Sweeper {
    let clock = Clock::fixed(NOW.plus_ms(days_later * DAY_MS));
    Sweeper { store: desk.store.clone(), clock, keep }
}

/// How many texts of examples and how many messages went.
async fn swept(desk: &Desk, days_later: i64, keep: Keep) -> (usize, usize) {
    let swept = sweeper(desk, days_later, keep).once().await.unwrap();
    (swept.texts, swept.messages)
}

/// A message in a ticket that is closed, taught to the model.
async fn closed(desk: &Desk) -> InboxId {
    let mut raw = received("a", "a");
    raw.raw = format!("Subject: a\r\n\r\n{SECRET}").into_bytes();
    desk.store.accept(&[raw], NOW).await.unwrap();
    let item = desk.claim("filer", NOW, 1).await.remove(0);
    let mut changes = opening(&item);
    let message = changes.message.as_mut().unwrap();
    (message.text, message.reply_text) = (SECRET.into(), SECRET.into());
    changes.tickets[0].status = Status::Closed;
    desk.store.settle("filer", &[changes], NOW).await.unwrap();
    desk.store.put_learned(&Policy::default(), &[taught(item.id, SECRET, "vpn")], "{}", NOW).await.unwrap();
    item.id
}

/// Whether the text stands anywhere in the files of the database.
fn in_file(desk: &Desk) -> bool {
    let mut found = false;
    for entry in fs::read_dir(desk.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = fs::read(path).unwrap();
            found |= bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        }
    }
    found
}

async fn an_expired_text_leaves_only_its_features(desk: Desk) {
    let id = closed(&desk).await;
    let keep = Keep { texts_days: 365, messages_days: 0, ..Keep::default() };
    assert_eq!(swept(&desk, 300, keep).await, (0, 0));
    assert_eq!(desk.store.learned().await.unwrap().examples[0].text(), Some(SECRET));
    // The example loses its text first; the message stays as long as it is wanted.
    assert_eq!(swept(&desk, 366, keep).await, (1, 0));
    assert_eq!(swept(&desk, 366, keep).await, (0, 0));
    let example = desk.store.learned().await.unwrap().examples.remove(0);
    assert_eq!((example.text(), example.intent.as_deref(), example.inbox_id), (None, Some("vpn"), id));
    assert!(matches!(&example.said, Said::Features(features) if features.len() > 10));
    assert!(!desk.is_sqlite() || in_file(&desk), "the message is still there");
    // Then the message itself.
    let short = Keep { texts_days: 365, messages_days: 400, ..Keep::default() };
    assert_eq!(swept(&desk, 399, short).await, (0, 0));
    assert_eq!(swept(&desk, 401, short).await, (0, 1));
    assert_eq!(desk.store.learned().await.unwrap().examples[0], example);
    assert_eq!(desk.store.ticket_messages(TicketId(id.0)).await.unwrap().len(), 1, "only our reply is left");
    assert!(!desk.is_sqlite() || !in_file(&desk), "the text is gone from the file");
    // A ticket that is open keeps its messages however old they are.
    desk.store.accept(&[received("open", "open")], NOW).await.unwrap();
    let item = desk.claim("filer", NOW, 1).await;
    desk.store.settle("filer", &[opening(&item[0])], NOW).await.unwrap();
    assert_eq!(swept(&desk, 5000, short).await, (0, 0));
    assert_eq!(ids(&item).len(), 1);
    // What a person wants erased leaves nothing at all.
    desk.store.forget(&[id], NOW).await.unwrap();
    assert_eq!(desk.store.learned().await.unwrap().examples, []);
}

#[expect(clippy::cast_precision_loss, reason = "counts of texts are small")]
async fn the_model_answers_the_same_from_features(desk: Desk) {
    let (content, _) = content::load("intents".as_ref(), "knowledge-base".as_ref());
    let (mut intents, mut labels, mut asked) = (content.intents, Vec::new(), Vec::new());
    let rows = desk.fill(200).await;
    let mut number = 0_usize;
    for intent in &mut intents {
        let id = intent.id.clone();
        intent.examples.retain(|(_, text)| {
            number += 1;
            match number % 4 {
                0 if labels.len() < rows.len() => labels.push(taught(rows[labels.len()], text, &id)),
                1 => asked.push(text.clone()),
                _ => return true,
            }
            false
        });
    }
    assert!(labels.len() == 200 && asked.len() > 200);
    desk.store.put_learned(&Policy::default(), &labels, "{}", NOW).await.unwrap();
    let model = async || {
        let learned = desk.store.learned().await.unwrap();
        let (_, labelled) = teach::lessons(&learned.examples);
        IntentModel::train(&intents, &labelled)
    };
    let before = model().await;
    let keep = Keep { texts_days: 30, messages_days: 0, ..Keep::default() };
    assert_eq!(swept(&desk, 31, keep).await, (200, 0));
    let after = model().await;
    let mut same = 0;
    for text in &asked {
        let (one, other) = (before.guess(text).unwrap(), after.guess(text).unwrap());
        same += usize::from(one.intent == other.intent && (one.probability - other.probability).abs() < 0.02);
    }
    assert!(same as f64 >= asked.len() as f64 * 0.98, "{same} of {}", asked.len());
    let without = IntentModel::train(&intents, &[]);
    let moved = asked
        .iter()
        .filter(|text| without.guess(text).map(|one| one.intent) != after.guess(text).map(|one| one.intent));
    assert!(moved.count() > 0, "the features teach something");
}
