//! What people label is learnt, and cannot be used to spoil the model.

use std::path::Path;

use super::examples::gather;
use super::features;
use super::tests::intent;
use super::*;
use crate::content;
use crate::domain::{Handling, Intent, Labelled, Said, Timestamp};

fn label(text: &str, intent: Option<&str>, by: Option<&str>, at_ms: i64) -> Labelled {
    Labelled {
        said: Said::Text(text.to_owned()),
        intent: intent.map(str::to_owned),
        language: Language::En,
        weight: 1.0,
        by: by.map(str::to_owned),
        at: Timestamp(at_ms),
    }
}

fn two() -> Vec<Intent> {
    vec![
        intent("restart", Handling::File, &["please restart web01", "reboot the server"]),
        intent("restore", Handling::File, &["restore the file from backup"]),
    ]
}

/// Class and weight of each example after those of the catalog.
fn learnt(labels: &[Labelled]) -> Vec<(usize, f32)> {
    gather(&two(), labels, features::READ_CHARS)
        .into_iter()
        .skip(3)
        .map(|example| (example.class, example.weight))
        .collect()
}

#[test]
fn each_thing_counts_once() {
    let again = |text: &str| label(text, Some("restore"), None, 0);
    assert_eq!(learnt(&[again("bring back my file"), again("bring back my file")]), [(1, 1.0)]);
    assert_eq!(learnt(&[again("Restore the file from backup")]), []);
    let burst: Vec<Labelled> =
        (0..4).map(|i| label(&format!("strange words {i}x {i}"), Some("restore"), Some("sato"), i)).collect();
    // Names and numbers are one word to an intent: these four texts are the same one.
    assert_eq!(learnt(&burst).len(), 1);
    let words = ["apple", "pear", "plum", "cherry"];
    let burst: Vec<Labelled> = (0..4).zip(words).map(|(i, w)| label(w, Some("restore"), Some("sato"), i)).collect();
    assert_eq!(learnt(&burst), [(1, 0.25); 4]);
    let slow: Vec<Labelled> =
        (0..4).zip(words).map(|(i, w)| label(w, Some("restore"), Some("sato"), i * 3_600_000)).collect();
    assert_eq!(learnt(&slow), [(1, 1.0); 4]);
}

#[test]
fn contradictions_and_strangers_teach_nothing() {
    let both = [label("turn it round", Some("restart"), None, 0), label("turn it round", Some("restore"), None, 0)];
    assert_eq!(learnt(&both), []);
    assert_eq!(learnt(&[label("anything", Some("gone"), None, 0)]), []);
    let weightless = Labelled { weight: 0.0, ..label("anything", Some("restore"), None, 0) };
    let broken = Labelled { weight: f32::NAN, ..label("anything else", Some("restore"), None, 0) };
    let unreadable = Labelled { said: Said::Features(vec![77, 1]), ..label("", Some("restore"), None, 0) };
    assert_eq!(learnt(&[weightless, broken, unreadable]), []);
    assert_eq!(learnt(&[label("what is for lunch", None, None, 0)]), [(2, 1.0)]);
}

#[test]
fn features_teach_as_the_text_does() {
    let text = "昨日のデータを元に戻してください";
    let kept = Labelled { said: Said::Features(features_of("", text)), ..label("", Some("restore"), None, 0) };
    let learnt = |label| gather(&two(), &[label], features::READ_CHARS);
    let (a, b) = (learnt(kept), learnt(label(text, Some("restore"), None, 0)));
    assert_eq!(a.last().map(|example| &example.counted), b.last().map(|example| &example.counted));
    let model = IntentModel::train(&two(), &[label(text, Some("restore"), None, 0)]);
    assert_eq!(model.guess("データを元に戻して").map(|guess| guess.intent), Some("restore"));
}

/// Texts with their intents' ids.
type Told = Vec<(String, String)>;

/// The shipped examples: half of a part as the catalog, half as labels, the rest to ask.
fn shipped() -> (Vec<Intent>, Told, Told) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (content, _) = content::load(&root.join("intents"), &root.join("knowledge-base"));
    let (mut intents, mut labels, mut asked) = (content.intents, Vec::new(), Vec::new());
    let mut number = 0_usize;
    for intent in &mut intents {
        let id = intent.id.clone();
        intent.examples.retain(|(_, text)| {
            number += 1;
            match number % 5 {
                0 => asked.push((id.clone(), text.clone())),
                1 | 3 => labels.push((id.clone(), text.clone())),
                _ => return true,
            }
            false
        });
    }
    (intents, labels, asked)
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "counts of texts are small")]
fn wrong_labels_do_little_harm() {
    let (intents, labels, asked) = shipped();
    let right = |labels: &[Labelled]| {
        let model = IntentModel::train(&intents, labels);
        let found = asked.iter().filter(|(id, text)| model.guess(text).is_some_and(|guess| guess.intent == id));
        found.count() as f64 / asked.len() as f64
    };
    // Every tenth label is another intent's, in three ways.
    let given = |wrong: Option<usize>| -> Vec<Labelled> {
        let said = |(place, (id, text)): (usize, &(String, String))| {
            let other = &intents[(place * 7 + 3) % intents.len()].id;
            let id = if wrong.is_some_and(|way| place % 10 == 3 * way) { other } else { id };
            label(text, Some(id), None, 0)
        };
        labels.iter().enumerate().map(said).collect()
    };
    let (nothing, good) = (right(&[]), right(&given(None)));
    let spoilt = (0..3).map(|way| right(&given(Some(way)))).sum::<f64>() / 3.0;
    assert!(good > nothing + 0.05, "{nothing} {good}");
    // By cross-validation it is 1.3 points; 265 texts show it to about one point.
    assert!(spoilt > good - 0.03, "{good} {spoilt}");
}

#[test]
fn training_twice_gives_the_same_model() {
    let (intents, labels, asked) = shipped();
    let labels: Vec<Labelled> = labels.iter().map(|(id, text)| label(text, Some(id), None, 0)).collect();
    let (one, other) = (IntentModel::train(&intents, &labels), IntentModel::train(&intents, &labels));
    for (_, text) in asked.iter().step_by(5) {
        assert_eq!(one.guess(text), other.guess(text));
    }
}
