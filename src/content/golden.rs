//! `knowledge-base/golden.jsonl`: the cases the desk must get right, one a line.

use std::path::Path;

use serde::Deserialize;

use super::Files;
use crate::domain::{Fault, Golden, Language, Wanted};

/// The file's name in the knowledge base.
const FILE: &str = "golden.jsonl";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    text: String,
    lang: Language,
    article: Option<String>,
    intent: Option<String>,
    #[serde(default)]
    none: bool,
    #[serde(default)]
    important: bool,
}

/// The cases under `knowledge_base_dir`, in file order; none when there is no such file. Lines with faults are left out.
#[must_use]
pub fn golden(knowledge_base_dir: &Path) -> (Vec<Golden>, Vec<Fault>) {
    let path = knowledge_base_dir.join(FILE);
    let mut files = Files::default();
    let mut cases = Vec::new();
    if !path.exists() {
        return (cases, files.faults);
    }
    let Some(text) = files.read(&path) else { return (cases, files.faults) };
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        match case(line) {
            Ok(case) => cases.push(case),
            Err(message) => files.fault(&path, number, message),
        }
    }
    (cases, files.faults)
}

fn case(line: &str) -> Result<Golden, String> {
    let line: Line = serde_json::from_str(line).map_err(|fault| fault.to_string())?;
    let wanted = match (line.article, line.intent, line.none) {
        (Some(article), None, false) => Wanted::Article(article),
        (None, Some(intent), false) => Wanted::Intent(intent),
        (None, None, true) => Wanted::Nothing,
        _ => return Err("write exactly one of \"article\": \"…\", \"intent\": \"…\", \"none\": true".to_owned()),
    };
    if line.text.trim().is_empty() {
        return Err("the text is empty".to_owned());
    }
    Ok(Golden { text: line.text, language: line.lang, wanted, important: line.important })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_faults_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let lines = [
            r#"{"text":"VPNが切れる","lang":"ja","article":"vpn-slow","important":true}"#,
            "",
            r#"{"text":"hello","lang":"en","none":true}"#,
            r#"{"text":"x","lang":"en"}"#,
            r#"{"text":"x","lang":"fr","none":true}"#,
            r#"{"text":"x","lang":"en","article":"a","intent":"b"}"#,
            r#"{"text":" ","lang":"en","none":true}"#,
            r#"{"text":"x","lang":"en","none":true,"colour":1}"#,
        ];
        std::fs::write(dir.path().join(FILE), lines.join("\n")).unwrap();
        let (cases, faults) = golden(dir.path());
        assert_eq!(cases.len(), 2);
        assert!(cases[0].important && cases[1].wanted == Wanted::Nothing);
        assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [4, 5, 6, 7, 8]);
    }

    #[test]
    fn the_shipped_cases_name_what_ships() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (cases, faults) = golden(&root.join("knowledge-base"));
        assert_eq!(faults, []);
        assert!(cases.len() >= 60, "{}", cases.len());
        let (content, _) = super::super::load(&root.join("intents"), &root.join("knowledge-base"));
        for case in &cases {
            let known = match &case.wanted {
                Wanted::Article(id) => content.articles.iter().any(|article| article.id == *id),
                Wanted::Intent(id) => content.intents.iter().any(|intent| intent.id == *id),
                Wanted::Nothing => true,
            };
            assert!(known, "{case:?}");
            let copied = content.articles.iter().any(|article| article.questions.contains(&case.text));
            assert!(!copied, "{case:?} is a question variant");
        }
    }
}
