//! `eval intents`: trains the product's intent model on labelled texts and measures it on others. Thresholds come out of
//! the training texts; the test file is only asked.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::measures::{apart, auroc, calibration_error, coverage_at, macro_f1, percentile, reached_by, share};
use crate::classify::IntentModel;
use crate::cli::{Global, out};
use crate::domain::schedule::Objective;
use crate::domain::{Bilingual, Handling, Intent, Labelled, Language, Level, Said, Timestamp};

/// The label of texts that are of no type.
const NONE: &str = "oos";

#[derive(Args)]
pub(super) struct Intents {
    /// Labelled texts to learn from: {"text", "label", "lang"} a line; label "oos" means none of them
    #[arg(long, value_name = "FILE")]
    train: PathBuf,
    /// Labelled texts to measure on
    #[arg(long, value_name = "FILE")]
    test: PathBuf,
    /// More labelled texts to learn and fit thresholds from
    #[arg(long, value_name = "FILE")]
    valid: Option<PathBuf>,
    /// Writes {"text", "label", "predicted", "probability"} a line; predicted is "oos" where the model abstains
    #[arg(long, value_name = "OUT")]
    predictions: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Row {
    text: String,
    label: String,
    #[serde(default)]
    lang: Option<Language>,
}

/// A test text with what the model said.
struct Asked<'a> {
    row: &'a Row,
    intent: &'a str,
    probability: f64,
    predicted: &'a str,
    micros: f64,
}

pub(super) fn run(command: &Intents, global: &Global) -> anyhow::Result<ExitCode> {
    let mut train = rows(&command.train)?;
    if let Some(valid) = &command.valid {
        train.extend(rows(valid)?);
    }
    let test = rows(&command.test)?;
    let (intents, nones) = lessons(&train);
    if intents.is_empty() {
        bail!("{}: every label is \"{NONE}\": there is no request type to learn", command.train.display());
    }
    let begun = Instant::now();
    let model = IntentModel::train(&intents, &nones);
    let train_ms = begun.elapsed().as_secs_f64() * 1e3;
    let asked: Vec<Asked<'_>> = test.iter().map(|row| ask(&model, row)).collect();
    if let Some(path) = &command.predictions {
        write(path, &asked)?;
    }
    let measured = measure(&asked);
    let mut report = json!({
        "queries": asked.len(), "train_examples": train.len(), "intents": intents.len(),
        "threshold": model.abstain_below(), "train_ms": (train_ms * 10.0).round() / 10.0, "latency_us": latency(&asked),
    });
    if let (Value::Object(report), Value::Object(measured)) = (&mut report, measured) {
        report.extend(measured);
    }
    if global.json {
        out::json(&report)?;
    } else {
        print(&report);
    }
    Ok(ExitCode::SUCCESS)
}

fn ask<'a>(model: &'a IntentModel, row: &'a Row) -> Asked<'a> {
    let begun = Instant::now();
    let guess = model.guess(&row.text);
    let micros = begun.elapsed().as_secs_f64() * 1e6;
    let (intent, probability) = guess.map_or((NONE, 0.0), |guess| (guess.intent, guess.probability));
    let predicted = if probability < model.abstain_below() { NONE } else { intent };
    Asked { row, intent, probability, predicted, micros }
}

/// The rows of a file.
fn rows(path: &Path) -> anyhow::Result<Vec<Row>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut rows = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.with_context(|| format!("cannot read {}", path.display()))?;
        if line.trim().is_empty() {
            continue;
        }
        let place = || {
            let wanted = r#"{"text": "…", "label": "…", "lang": "ja" or "en"}"#;
            format!("{}:{}: not a labelled text; a line is {wanted}", path.display(), number + 1)
        };
        rows.push(serde_json::from_str(&line).with_context(place)?);
    }
    if rows.is_empty() {
        bail!("{}: no labelled text in it", path.display());
    }
    Ok(rows)
}

/// The labels as request types in alphabetical order, and the texts of none of them.
fn lessons(rows: &[Row]) -> (Vec<Intent>, Vec<Labelled>) {
    let mut labels: Vec<&str> = rows.iter().map(|row| row.label.as_str()).filter(|label| *label != NONE).collect();
    labels.sort_unstable();
    labels.dedup();
    let mut intents: Vec<Intent> = labels.iter().map(|label| intent(label)).collect();
    let mut nones = Vec::new();
    for row in rows {
        let language = row.lang.unwrap_or(Language::En);
        match labels.binary_search(&row.label.as_str()) {
            Ok(place) => intents[place].examples.push((language, row.text.clone())),
            Err(_) => nones.push(Labelled {
                said: Said::Text(row.text.clone()),
                intent: None,
                language,
                weight: 1.0,
                by: None,
                at: Timestamp(0),
            }),
        }
    }
    (intents, nones)
}

fn intent(id: &str) -> Intent {
    Intent {
        id: id.to_owned(),
        title: Bilingual::default(),
        examples: Vec::new(),
        rules: Vec::new(),
        slots: Vec::new(),
        queue: String::new(),
        impact: Level::Medium,
        urgency: Level::Medium,
        objective: Objective::BusinessDays(1),
        handling: Handling::File,
        approval: false,
        reply: Bilingual::default(),
    }
}

fn measure(asked: &[Asked<'_>]) -> Value {
    let none = |one: &&Asked<'_>| one.row.label == NONE;
    let in_scope: Vec<&Asked<'_>> = asked.iter().filter(|one| !none(one)).collect();
    let outside: Vec<&Asked<'_>> = asked.iter().filter(none).collect();
    let probabilities = |part: &[&Asked<'_>]| -> Vec<f64> { part.iter().map(|one| one.probability).collect() };
    let abstained = |part: &[&Asked<'_>]| part.iter().filter(|one| one.predicted == NONE).count();
    let right = |one: &Asked<'_>| one.predicted == one.row.label;
    let named_right = |one: &Asked<'_>| one.intent == one.row.label;
    let (inside, out) = (probabilities(&in_scope), probabilities(&outside));
    let guesses: Vec<(f64, bool)> = asked.iter().map(|one| (one.probability, named_right(one))).collect();
    let (named, misnamed) = apart(&guesses);
    let answered = asked.iter().filter(|one| one.predicted != NONE);
    let (given, good) = (answered.clone().count(), answered.filter(|one| right(one)).count());
    let at_95 = reached_by(&inside, 0.95);
    let below = |bound: f64| out.iter().filter(|probability| **probability < bound).count();
    json!({
        "accuracy": share(in_scope.iter().filter(|one| right(one)).count(), in_scope.len()),
        "accuracy_without_abstaining": share(in_scope.iter().filter(|one| named_right(one)).count(), in_scope.len()),
        "macro_f1": macro_f1(asked.iter().map(|one| (one.row.label.as_str(), one.predicted))),
        "oos_recall": share(abstained(&outside), outside.len()),
        "oos_precision": share(abstained(&outside), abstained(&in_scope) + abstained(&outside)),
        "auroc": auroc(&inside, &out),
        "auroc_right_wrong": auroc(&named, &misnamed),
        "oos_recall_at_95_retention": at_95.and_then(|bound| share(below(bound), out.len())),
        "ece": calibration_error(&guesses),
        "answered": { "coverage": share(given, asked.len()), "precision": share(good, given) },
        "coverage_at_precision": {
            "80": coverage_at(&guesses, 0.80), "90": coverage_at(&guesses, 0.90),
            "95": coverage_at(&guesses, 0.95), "99": coverage_at(&guesses, 0.99),
        },
    })
}

fn latency(asked: &[Asked<'_>]) -> Value {
    let mut micros: Vec<f64> = asked.iter().map(|one| one.micros).collect();
    let mut at = |share: f64| (percentile(&mut micros, share) * 10.0).round() / 10.0;
    json!({ "p50": at(0.5), "p99": at(0.99) })
}

fn write(path: &Path, asked: &[Asked<'_>]) -> anyhow::Result<()> {
    let fault = || format!("cannot write {}", path.display());
    let mut file = BufWriter::new(File::create(path).with_context(fault)?);
    for one in asked {
        let line = json!({ "text": one.row.text, "label": one.row.label, "predicted": one.predicted,
                           "probability": one.probability });
        writeln!(file, "{line}").with_context(fault)?;
    }
    file.flush().with_context(fault)
}

fn print(report: &Value) {
    let mut table = out::table(["measure", "value"]);
    for (name, value) in report.as_object().into_iter().flatten() {
        match value {
            Value::Object(parts) => {
                for (part, value) in parts {
                    table.add_row([format!("{name} {part}"), shown(value)]);
                }
            }
            value => {
                table.add_row([name.clone(), shown(value)]);
            }
        }
    }
    out::line(table.to_string());
}

fn shown(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if value.is_f64() => format!("{number:.3}"),
        Some(_) => value.to_string(),
        None => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str, label: &str) -> Row {
        Row { text: text.to_owned(), label: label.to_owned(), lang: None }
    }

    #[test]
    fn labels_become_request_types_and_nones_stay_apart() {
        let rows = [row("b one", "b"), row("a one", "a"), row("who knows", NONE), row("b two", "b")];
        let (intents, nones) = lessons(&rows);
        let ids: Vec<(&str, usize)> =
            intents.iter().map(|intent| (intent.id.as_str(), intent.examples.len())).collect();
        assert_eq!(ids, [("a", 1), ("b", 2)]);
        assert!(nones.len() == 1 && nones[0].intent.is_none());
    }

    #[test]
    fn abstaining_is_wrong_for_a_text_that_has_a_type() {
        let rows = [row("1", "a"), row("2", "a"), row("3", NONE), row("4", NONE)];
        let asked: Vec<Asked<'_>> = rows
            .iter()
            .zip([("a", 0.9, "a"), ("a", 0.2, NONE), ("a", 0.1, NONE), ("a", 0.8, "a")])
            .map(|(row, (intent, probability, predicted))| Asked { row, intent, probability, predicted, micros: 1.0 })
            .collect();
        let said = measure(&asked);
        for (name, wanted) in [
            ("/accuracy", 0.5),
            ("/accuracy_without_abstaining", 1.0),
            ("/oos_recall", 0.5),
            ("/oos_precision", 0.5),
            ("/auroc", 0.75),
            ("/answered/coverage", 0.5),
            ("/answered/precision", 0.5),
        ] {
            assert_eq!(said.pointer(name).and_then(Value::as_f64), Some(wanted), "{name}");
        }
    }
}
