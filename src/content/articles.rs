//! Articles: `knowledge-base/{ja,en}/SLUG.md`, and the synonym groups beside them.

use std::collections::HashMap;
use std::path::Path;

use chrono::NaiveDate;

use crate::domain::{Article, ArticleStatus, Language, Visibility};
use crate::text::normalise;

use super::source::{Section, Source};
use super::{Content, Files, is_id};

const KEYS: &[&str] =
    &["id", "language", "title", "questions", "tags", "visibility", "answer_alone", "review_by", "status"];
const FENCE: &str = "+++";

pub(super) fn load(dir: &Path, files: &mut Files, content: &mut Content) {
    if !dir.is_dir() {
        files.fault(dir, 0, "cannot read the directory: it is not there");
        return;
    }
    for language in Language::ALL {
        let folder = dir.join(language.as_str());
        if !folder.is_dir() {
            // A desk may answer in one language only, but not in none.
            continue;
        }
        for path in files.list(&folder) {
            if path.extension().is_none_or(|extension| extension != "md") {
                files.fault(&path, 0, "not an article: articles are .md files");
                continue;
            }
            let Some(text) = files.read(&path) else { continue };
            let Some(article) = article(&path, &text, *language, files) else { continue };
            match article.status {
                ArticleStatus::Active => content.articles.push(article),
                ArticleStatus::Draft | ArticleStatus::Retired => content.shelved.push(article),
            }
        }
    }
    if Language::ALL.iter().all(|language| !dir.join(language.as_str()).is_dir()) {
        files.fault(dir, 0, "holds neither `ja` nor `en`: articles live in these directories");
    }
    let path = dir.join("synonyms.toml");
    if path.exists() {
        content.synonyms = synonyms(&path, files);
    }
}

/// Cuts a file into front matter and body. `Err` holds the line at fault and why.
pub(super) fn split(text: &str) -> Result<(&str, &str), (usize, &'static str)> {
    let rest = text
        .strip_prefix(FENCE)
        .and_then(|rest| rest.strip_prefix('\n'))
        .ok_or((1, "the front matter is missing: the first line must be `+++`"))?;
    if let Some(body) = rest.strip_prefix(FENCE) {
        return Ok(("", body));
    }
    let end = rest.find("\n+++").ok_or((1, "the front matter does not end: write `+++` on a line of its own"))?;
    let body = &rest[end + 1 + FENCE.len()..];
    if !(body.is_empty() || body.starts_with('\n')) {
        let line = 3 + rest[..end].matches('\n').count();
        return Err((line, "the line that ends the front matter must hold `+++` and nothing else"));
    }
    Ok((&rest[..=end], body))
}

pub(super) fn article(path: &Path, text: &str, language: Language, files: &mut Files) -> Option<Article> {
    let (front, body) = match split(text) {
        Ok(parts) => parts,
        Err((line, message)) => {
            files.fault(path, line, message);
            return None;
        }
    };
    if body.trim().is_empty() {
        files.fault(path, 2 + front.matches('\n').count(), "the article has no text after the front matter");
        return None;
    }
    let mut source = Source::new(path, front, 1, files);
    let top = source.parse(front);
    if source.faults > 0 {
        return None;
    }
    let section = source.open(top.get_ref(), 0..0, "", KEYS);
    let id = section.text(&mut source, "id");
    check_id(&section, path, &mut source);
    let written = section.word::<Language>(&mut source, "language");
    if let (Some(written), Some(place)) = (written, section.find("language"))
        && written != language
    {
        source.fault(&place.span(), format!("the article says `{written}` but lies in `{language}`"));
    }
    let title = section.text(&mut source, "title");
    let visibility = section.word::<Visibility>(&mut source, "visibility");
    let answer_alone = section.flag(&mut source, "answer_alone").unwrap_or_default();
    let questions = questions(&section, &mut source);
    let tags = section.texts(&mut source, "tags").into_iter().map(|tag| tag.value).collect();
    let review_by = review_by(&section, &mut source);
    let status = match section.find("status") {
        Some(_) => section.word::<ArticleStatus>(&mut source, "status"),
        None => Some(ArticleStatus::Active),
    };
    if source.faults > 0 {
        return None;
    }
    Some(Article {
        id: id?.value,
        language,
        title: title?.value,
        questions,
        body: body.trim().to_owned(),
        tags,
        visibility: visibility?,
        answer_alone,
        review_by,
        status: status?,
    })
}

fn check_id(section: &Section<'_, '_>, path: &Path, source: &mut Source<'_>) {
    let Some(place) = section.find("id") else { return };
    let Some(id) = place.get_ref().as_str() else { return };
    let slug = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if id != slug {
        source.fault(&place.span(), format!("the id is `{id}` but the file is called `{slug}.md`"));
    } else if !is_id(id) {
        source.fault(&place.span(), format!("`{id}` cannot be an id: write a-z, 0-9, - and _"));
    }
}

fn questions(section: &Section<'_, '_>, source: &mut Source<'_>) -> Vec<String> {
    let found = section.texts(source, "questions");
    if found.is_empty() && source.faults == 0 {
        source.fault(&section.span(), "no `questions`: write how people ask for this");
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    for question in &found {
        let line = source.line(&question.span);
        if let Some(first) = seen.insert(normalise(&question.value), line) {
            source.fault(&question.span, format!("the question is on line {first} already"));
        }
    }
    found.into_iter().map(|question| question.value).collect()
}

/// A date as a string or as a TOML date.
fn review_by(section: &Section<'_, '_>, source: &mut Source<'_>) -> Option<NaiveDate> {
    let value = section.find("review_by")?;
    let written = match (value.get_ref().as_str(), value.get_ref().as_datetime()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(date)) => date.to_string(),
        (None, None) => String::new(),
    };
    let date = NaiveDate::parse_from_str(&written, "%Y-%m-%d").ok();
    if date.is_none() {
        source.fault(&value.span(), "`review_by` is not a date: write \"2027-04-01\"");
    }
    date
}

fn synonyms(path: &Path, files: &mut Files) -> Vec<Vec<String>> {
    let Some(text) = files.read(path) else { return Vec::new() };
    let mut source = Source::new(path, &text, 0, files);
    let top = source.parse(&text);
    let section = source.open(top.get_ref(), 0..0, "", &["groups"]);
    let Some(value) = section.find("groups") else {
        source.fault(&(0..0), "`groups` is missing: write groups = [[\"word\", \"same\"], …]");
        return Vec::new();
    };
    let Some(groups) = value.get_ref().as_array() else {
        source.fault(&value.span(), "`groups` must be a list of lists of words");
        return Vec::new();
    };
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut all = Vec::new();
    for group in groups {
        let line = source.line(&group.span());
        let Some(words) = group.get_ref().as_array() else {
            source.fault(&group.span(), "a group must be a list of words");
            continue;
        };
        let mut members = Vec::new();
        for word in words {
            let Some(text) = word.get_ref().as_str().filter(|text| !text.trim().is_empty()) else {
                source.fault(&word.span(), "a word of a group must be a string that is not empty");
                continue;
            };
            if let Some(first) = seen.insert(normalise(text), line) {
                source.fault(&word.span(), format!("`{text}` is in the group on line {first} already"));
            }
            members.push(text.to_owned());
        }
        if members.len() < 2 {
            source.fault(&group.span(), "a group needs two words or more");
        }
        all.push(members);
    }
    all
}
