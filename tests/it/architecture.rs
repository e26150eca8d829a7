//! The layer rules and file sizes, checked on the source text.

use std::fs;
use std::path::{Path, PathBuf};

/// Which modules each top-level module may import. A module without a line here is refused.
const PURE: &[&str] =
    &["domain", "text", "mail", "rulebook", "classify", "decide", "sla", "knowledge", "replay", "report"];
const ALLOWED: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("clock", &["domain"]),
    ("text", &["domain"]),
    ("mail", &["domain", "text"]),
    ("rulebook", &["domain", "text", "sla"]),
    ("classify", &["domain", "text", "rulebook"]),
    ("sla", &["domain"]),
    ("config", &["domain"]),
    ("content", &["domain", "text"]),
    ("store", &["domain"]),
    ("decide", &["domain", "sla", "rulebook"]),
    ("connectors", &["domain", "config", "text", "mail"]),
    ("workers", &["clock", "store", "connectors", "content", "telemetry"]),
    ("console", &["clock", "config", "store", "connectors", "telemetry"]),
    ("telemetry", &["domain"]),
    ("knowledge", &["domain", "text", "classify", "decide", "sla"]),
    ("replay", &["domain", "text", "classify", "decide", "sla"]),
    ("report", &["domain", "text", "classify", "decide", "sla"]),
];
/// Wiring: may import everything.
const WIRING: &[&str] = &["app", "cli"];
/// Beside their own line, these may import every pure module.
const ABOVE_THE_RULES: &[&str] = &["workers", "console"];
const MAX_LINES: usize = 400;

#[test]
fn modules_import_only_what_their_layer_allows() {
    let mut faults = Vec::new();
    let files = rust_files(Path::new("src"));
    assert!(files.len() > 20, "only {} source files found", files.len());
    for file in files {
        let Some(module) = top_module(&file) else { continue };
        if WIRING.contains(&module.as_str()) {
            continue;
        }
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
            faults.push(format!("{}: module `{module}` has no layer rule", file.display()));
            continue;
        };
        // Tests may read the shipped files with the loader.
        if file.file_stem().is_some_and(|name| name.to_string_lossy().ends_with("tests")) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default().replace("$crate::", "crate::");
            for part in code.split("crate::").skip(1) {
                let target: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let above = ABOVE_THE_RULES.contains(&module.as_str()) && PURE.contains(&target.as_str());
                if target != module && !above && !allowed.contains(&target.as_str()) {
                    faults.push(format!("{}:{}: `{module}` may not import `{target}`", file.display(), number + 1));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn no_source_file_is_too_long_to_read() {
    let mut faults = Vec::new();
    for file in rust_files(Path::new("src")).into_iter().chain(rust_files(Path::new("tests"))) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        if lines > MAX_LINES {
            faults.push(format!("{}: {lines} lines, {MAX_LINES} are allowed", file.display()));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn only_the_backend_knows_there_are_two_databases() {
    let mut faults = Vec::new();
    for file in rust_files(Path::new("src")) {
        let text = fs::read_to_string(&file).unwrap();
        let in_store = file.starts_with("src/store");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if !in_store && code.contains("sqlx::") {
                faults.push(format!("{}:{}: only store/ talks to sqlx", file.display(), number + 1));
            }
            if !file.ends_with("supervise.rs") && (code.contains("tokio::spawn(") || code.contains("task::spawn(")) {
                faults.push(format!("{}:{}: only workers/supervise.rs spawns", file.display(), number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn top_module(file: &Path) -> Option<String> {
    let first = file.strip_prefix("src").ok()?.components().next()?.as_os_str().to_str()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (name != "lib" && name != "main").then(|| name.to_owned())
}
