//! `eval faq`: articles, questions whose right articles are known, and perhaps a history, through the engine of the desk.
//!
//! The engine is built from articles and history alone; the questions are only asked.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{Global, out};
use super::measures::{Said, answered, apart, auroc, calibration_error, coverage_at, percentile};
use super::ranking::Ranking;
use super::read_lines;
use crate::classify::Engine;
use crate::content::dictionary;
use crate::domain::catalog::{Catalog, Desk, SendLimits, Thresholds};
use crate::domain::{Article, ArticleStatus, Confirmed, Language, Visibility};
use crate::text::language;
use crate::text::lemmas::Lemmas;

/// Articles in a ranked list.
const LISTED: usize = 100;

/// Precisions whose coverage is shown.
const PRECISIONS: [f64; 4] = [0.80, 0.90, 0.95, 0.99];

#[derive(Args)]
pub(super) struct Faq {
    /// Articles, one JSON object a line: id, title, body, questions, lang
    #[arg(long, value_name = "FILE")]
    articles: PathBuf,
    /// Questions: id, text, relevant (article id → grade)
    #[arg(long, value_name = "FILE")]
    queries: PathBuf,
    /// Past questions with the article that answered: text, article; oldest first
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Search with a dictionary in the format of mecab, too: Debian's mecab-ipadic puts one into /usr/share/mecab/dic/ipadic
    #[arg(long, value_name = "DIR")]
    dictionary: Option<PathBuf>,
    /// Write the ranked lists here, in TREC's format
    #[arg(long, value_name = "FILE")]
    run: Option<PathBuf>,
    /// Answer what is at least this probable
    #[arg(long, value_name = "0..1", default_value_t = 0.95)]
    answer_precision: f64,
}

#[derive(Deserialize)]
struct ArticleLine {
    id: String,
    title: String,
    body: String,
    #[serde(default)]
    questions: Vec<String>,
    lang: Option<Language>,
}

#[derive(Deserialize)]
struct QueryLine {
    id: String,
    text: String,
    relevant: BTreeMap<String, u32>,
}

#[derive(Deserialize)]
struct HistoryLine {
    text: String,
    article: String,
}

/// What the engine said to all questions.
#[derive(Default)]
struct Told {
    ranking: Ranking,
    /// The first article of each list; nothing found is probability 0 and wrong.
    said: Vec<Said>,
    latency_us: Vec<f64>,
    /// The lists in TREC's format.
    lists: String,
}

pub(super) fn run(command: &Faq, global: &Global) -> anyhow::Result<ExitCode> {
    anyhow::ensure!((0.0..=1.0).contains(&command.answer_precision), "--answer-precision is a share of 0 to 1");
    let articles: Vec<Article> = read_lines(&command.articles)?.into_iter().map(article).collect();
    let queries: Vec<QueryLine> = read_lines(&command.queries)?;
    let history = match &command.history {
        Some(file) => confirmed(read_lines(file)?, &articles),
        None => Vec::new(),
    };
    let catalog = catalog(articles);
    let lemmas = command.dictionary.as_deref().map(lemmas).transpose()?;
    let started = Instant::now();
    let engine = Engine::taught_with(&catalog, &history, &[], lemmas.as_ref())?;
    let index_ms = started.elapsed().as_secs_f64() * 1e3;
    let mut told = ask(&engine, &queries)?;
    if let Some(file) = &command.run {
        std::fs::write(file, &told.lists).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let mut document = document(&engine, &mut told, command.answer_precision);
    document["articles"] = catalog.articles.len().into();
    document["history"] = history.len().into();
    document["index_ms"] = round(index_ms).into();
    let weights = engine.order_weights().into_iter().map(|(name, weight)| (name.to_owned(), round(weight)));
    document["order"] = json!(weights.collect::<BTreeMap<String, f64>>());
    if global.json {
        out::json(&document)?;
    } else {
        show(&document);
    }
    Ok(ExitCode::SUCCESS)
}

fn lemmas(directory: &Path) -> anyhow::Result<Arc<Lemmas>> {
    let compiled = dictionary::load(directory).map_err(anyhow::Error::msg)?;
    Ok(Arc::new(Lemmas::read(&compiled)?))
}

fn article(line: ArticleLine) -> Article {
    let language = line.lang.or_else(|| language::detect(&line.title)).unwrap_or(Language::En);
    Article {
        id: line.id,
        language,
        title: line.title,
        questions: line.questions,
        body: line.body,
        tags: Vec::new(),
        visibility: Visibility::Public,
        answer_alone: true,
        review_by: None,
        status: ArticleStatus::Active,
    }
}

fn confirmed(lines: Vec<HistoryLine>, articles: &[Article]) -> Vec<Confirmed> {
    let languages: HashMap<&str, Language> =
        articles.iter().map(|article| (article.id.as_str(), article.language)).collect();
    lines
        .into_iter()
        .map(|line| {
            let language = language::detect(&line.text).or_else(|| languages.get(line.article.as_str()).copied());
            Confirmed { text: line.text, article: line.article, language: language.unwrap_or(Language::En) }
        })
        .collect()
}

/// A desk that has these articles and nothing else.
fn catalog(articles: Vec<Article>) -> Catalog {
    let language = articles.first().map_or(Language::En, |article| article.language);
    Catalog {
        content: String::new(),
        version: "eval".to_owned(),
        desk: Desk {
            name: String::new(),
            language,
            timezone: chrono_tz::UTC,
            mailboxes: Vec::new(),
            chats: Vec::new(),
            triage: Vec::new(),
        },
        intents: Vec::new(),
        articles,
        synonyms: Vec::new(),
        queues: Vec::new(),
        rulebook: crate::domain::Rulebook::default(),
        calendars: Vec::new(),
        thresholds: Thresholds { answer: 1.0, suggest: 1.0, intent: 1.0 },
        policy: crate::domain::Policy::default(),
        limits: SendLimits {
            automatic_per_sender_day: 0,
            automatic_per_ticket: 0,
            questions_per_ticket: 0,
            reopen_within_days: 0,
        },
        service: crate::domain::ServiceRules::default(),
    }
}

fn ask(engine: &Engine, queries: &[QueryLine]) -> anyhow::Result<Told> {
    let mut told = Told::default();
    for query in queries {
        // What a message costs: everything that is found in it, not the articles alone.
        let started = Instant::now();
        let found = engine.classify_text("", &query.text, None);
        told.latency_us.push(started.elapsed().as_secs_f64() * 1e6);
        let listed = engine.rank(&query.text, None, LISTED);
        let ids: Vec<&str> = listed.iter().map(|candidate| candidate.article.as_str()).collect();
        let grades = query.relevant.iter().filter(|(_, grade)| **grade > 0);
        let relevant: HashMap<&str, u32> = grades.map(|(id, grade)| (id.as_str(), *grade)).collect();
        told.ranking.add(&ids, &relevant);
        let first = found.articles.first();
        told.said.push(
            first.map_or((0.0, false), |first| (first.probability, relevant.contains_key(first.article.as_str()))),
        );
        for (rank, candidate) in (1..).zip(&listed) {
            let score = candidate.probability;
            writeln!(told.lists, "{} Q0 {} {rank} {score:.9} madoguchi", query.id, candidate.article)?;
        }
    }
    Ok(told)
}

fn document(engine: &Engine, told: &mut Told, precision: f64) -> Value {
    let mean = told.ranking.mean();
    let at = |target: f64| {
        // Fitted on the history; without one the probability itself must reach the target.
        let threshold = engine.threshold(target).unwrap_or(target);
        let (coverage, precision) = answered(&told.said, threshold);
        json!({ "target_precision": target, "threshold": round(threshold), "coverage": round(coverage),
                "precision": precision.map(round) })
    };
    let possible: Vec<Value> = PRECISIONS
        .iter()
        .map(|target| json!({ "precision": target, "coverage": coverage_at(&told.said, *target).map(round) }))
        .collect();
    let (right, wrong) = apart(&told.said);
    json!({
        "queries": mean.queries,
        "p_at_1": round(mean.p_at_1),
        "success_at_3": round(mean.success_at_3),
        "success_at_5": round(mean.success_at_5),
        "mrr": round(mean.mrr),
        "map": round(mean.map),
        "recall_at_10": round(mean.recall_at_10),
        "ndcg_at_10": round(mean.ndcg_at_10),
        "answered": at(precision),
        "answered_at": PRECISIONS.map(at),
        "coverage_at_precision": possible,
        "auroc": auroc(&right, &wrong).map(round),
        "calibration_error": calibration_error(&told.said).map(round),
        "latency_us": { "p50": round(percentile(&mut told.latency_us, 0.5)), "p99": round(percentile(&mut told.latency_us, 0.99)) },
    })
}

fn round(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

fn show(document: &Value) {
    let mut table = out::table(["measure", "value"]);
    for (name, value) in document.as_object().into_iter().flatten() {
        match value {
            Value::Object(parts) if name != "order" => {
                for (part, value) in parts {
                    table.add_row([format!("{name} {part}"), value.to_string()]);
                }
            }
            Value::Array(rows) => {
                for row in rows {
                    table.add_row([name.clone(), row.to_string()]);
                }
            }
            Value::Object(_) => {}
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                table.add_row([name.clone(), value.to_string()]);
            }
        }
    }
    out::line(table.to_string());
}
