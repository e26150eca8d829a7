//! Articles back into files: what is written reads back as the same article, or it is not written.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use super::{Files, articles};
use crate::domain::{Article, ArticleStatus, Fault, Language};

/// Why an article's file was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteFault {
    /// It would not be read back as the same article.
    #[error("the article would not be sound: {}", .0.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("; "))]
    Unsound(Vec<Fault>),
    /// The file cannot be written.
    #[error("cannot write {}", .0.display())]
    Io(PathBuf, #[source] io::Error),
}

/// Where an article lives.
#[must_use]
pub fn file_of(knowledge_base: &Path, id: &str, language: Language) -> PathBuf {
    knowledge_base.join(language.as_str()).join(format!("{id}.md"))
}

/// An article as a file. `notes` become comments on top of the front matter, one a line.
#[must_use]
pub fn render(article: &Article, notes: &[String]) -> String {
    let mut text = String::from("+++\n");
    for note in notes {
        // A comment ends with its line, and TOML allows no control characters in it.
        let note: String = note.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let _ = writeln!(text, "# {note}");
    }
    let _ = writeln!(text, "id = {}", quoted(&article.id));
    let _ = writeln!(text, "language = {}", quoted(article.language.as_str()));
    let _ = writeln!(text, "title = {}", quoted(&article.title));
    text.push_str("questions = [\n");
    for question in &article.questions {
        let _ = writeln!(text, "    {},", quoted(question));
    }
    text.push_str("]\n");
    let tags: Vec<String> = article.tags.iter().map(|tag| quoted(tag)).collect();
    let _ = writeln!(text, "tags = [{}]", tags.join(", "));
    let _ = writeln!(text, "visibility = {}", quoted(article.visibility.as_str()));
    let _ = writeln!(text, "answer_alone = {}", article.answer_alone);
    if let Some(day) = article.review_by {
        let _ = writeln!(text, "review_by = \"{day}\"");
    }
    if article.status != ArticleStatus::Active {
        let _ = writeln!(text, "status = {}", quoted(article.status.as_str()));
    }
    let _ = write!(text, "+++\n\n{}\n", article.body);
    text
}

/// Whether `article` can be written to a file and read back as the same.
///
/// # Errors
/// What is wrong with it.
pub fn sound(article: &Article) -> Result<(), Vec<Fault>> {
    let path = file_of(Path::new(""), &article.id, article.language);
    let mut files = Files::default();
    let read = articles::article(&path, &render(article, &[]).replace("\r\n", "\n"), article.language, &mut files);
    if !files.faults.is_empty() {
        return Err(files.faults);
    }
    if read.as_ref() == Some(article) {
        return Ok(());
    }
    let message = "it does not read back as the same text: blanks around the text and Windows line ends are not kept";
    Err(vec![Fault { file: path.display().to_string(), line: 0, message: message.to_owned() }])
}

/// Writes `article` to its file under `knowledge_base`. A front matter that says the same already is left as it stands there, with
/// its comments. The file is either the old or the new one, never a part of it.
///
/// # Errors
/// The article is not sound, or the file cannot be written.
pub fn write(knowledge_base: &Path, article: &Article) -> Result<PathBuf, WriteFault> {
    sound(article).map_err(WriteFault::Unsound)?;
    let path = file_of(knowledge_base, &article.id, article.language);
    let failed = |fault| WriteFault::Io(path.clone(), fault);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let text = std::fs::read_to_string(&path)
        .ok()
        .and_then(|old| with_front_matter_of(&old, article, &path))
        .unwrap_or_else(|| render(article, &[]));
    // Hidden, so that a reader of the folder passes it over.
    let beside = path.with_file_name(format!(".{}.md.new", article.id));
    std::fs::write(&beside, text).map_err(failed)?;
    std::fs::rename(&beside, &path).map_err(failed)?;
    Ok(path)
}

/// Removes an article's file. One that is gone already is no fault.
///
/// # Errors
/// The file cannot be removed.
pub fn remove(knowledge_base: &Path, id: &str, language: Language) -> Result<PathBuf, WriteFault> {
    let path = file_of(knowledge_base, id, language);
    match std::fs::remove_file(&path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(WriteFault::Io(path, fault)),
        Ok(()) | Err(_) => Ok(path),
    }
}

/// `article` under the front matter of `old`, when that says the same.
fn with_front_matter_of(old: &str, article: &Article, path: &Path) -> Option<String> {
    let read = articles::article(path, old, article.language, &mut Files::default())?;
    if (Article { body: article.body.clone(), ..read }) != *article {
        return None;
    }
    let (front, _) = articles::split(old).ok()?;
    Some(format!("+++\n{front}+++\n\n{}\n", article.body))
}

/// A TOML basic string. JSON's escapes are TOML's, but for the delete character, which JSON leaves alone.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Visibility;

    fn article() -> Article {
        Article {
            id: "vpn-fails".into(),
            language: Language::Ja,
            title: "VPN に「つながらない」\\ \"quoted\"".into(),
            questions: vec!["VPNが切れる".into(), "tab\tand\u{7f}".into()],
            body: "一行目\n\n+++\n[リンク](https://x.example/?a=1&b=2)\n\"\"\"\n'''".into(),
            tags: vec!["known-error".into()],
            visibility: Visibility::Internal,
            answer_alone: false,
            review_by: chrono::NaiveDate::from_ymd_opt(2027, 4, 1),
            status: ArticleStatus::Draft,
        }
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        for change in [
            |_: &mut Article| {},
            |article: &mut Article| article.status = ArticleStatus::Retired,
            |article: &mut Article| article.review_by = None,
            |article: &mut Article| article.tags.clear(),
        ] {
            let mut one = article();
            change(&mut one);
            assert!(sound(&one).is_ok(), "{:?}", sound(&one));
        }
        let notes = ["from T-1\nid = \"other\"".to_owned()];
        let mut files = Files::default();
        let path = Path::new("ja/vpn-fails.md");
        let read = articles::article(path, &render(&article(), &notes), Language::Ja, &mut files);
        assert_eq!((read, files.faults), (Some(article()), vec![]));
    }

    #[test]
    fn what_would_not_read_back_is_refused() {
        for change in [
            |article: &mut Article| article.body.clear(),
            |article: &mut Article| article.body.push('\n'),
            |article: &mut Article| article.body = "a\r\nb".into(),
            |article: &mut Article| article.questions.clear(),
            |article: &mut Article| article.questions.push("ＶＰＮが切れる".into()),
            |article: &mut Article| article.id = "../vpn".into(),
            |article: &mut Article| article.title = " ".into(),
        ] {
            let mut one = article();
            change(&mut one);
            assert!(sound(&one).is_err(), "{one:?}");
        }
    }

    #[test]
    fn comments_of_the_front_matter_outlive_a_new_text() {
        let dir = tempfile::tempdir().unwrap();
        let path = file_of(dir.path(), "vpn-fails", Language::Ja);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, render(&article(), &["asked for by the network team".to_owned()])).unwrap();
        write(dir.path(), &Article { body: "別の答え".into(), ..article() }).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("# asked for by") && text.contains("別の答え") && !text.contains("一行目"), "{text}");
        write(dir.path(), &Article { title: "別の題".into(), ..article() }).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().contains("別の題"));
        remove(dir.path(), "vpn-fails", Language::Ja).unwrap();
        remove(dir.path(), "vpn-fails", Language::Ja).unwrap();
        assert!(!path.exists());
    }
}
