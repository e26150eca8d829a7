//! A dictionary in the format of mecab from its directory, as Debian's `mecab-ipadic` installs it: text files in EUC-JP.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use encoding_rs::EUC_JP;
use sha2::{Digest, Sha256};

use crate::text::lemmas::{Source, compile};

const MATRIX: &str = "matrix.def";
const CHARACTERS: &str = "char.def";
const UNKNOWN: &str = "unk.def";

/// How a desk gets a dictionary.
const ADVICE: &str = "install the Debian package mecab-ipadic, which puts one into /usr/share/mecab/dic/ipadic";

/// A digest over names, sizes and times of a dictionary's files, by which it is known again.
///
/// # Errors
/// In words for people, when `dir` holds no dictionary.
pub fn fingerprint(dir: &Path) -> Result<String, String> {
    let mut digest = Sha256::new();
    for file in files(dir)? {
        let known = file.metadata().ok();
        let changed =
            known.as_ref().and_then(|known| known.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok());
        digest.update(file.as_os_str().as_encoded_bytes());
        digest.update(known.map_or(0, |known| known.len()).to_le_bytes());
        digest.update(changed.unwrap_or_default().as_nanos().to_le_bytes());
    }
    Ok(hex::encode(&digest.finalize()[..16]))
}

/// The compiled dictionary of `dir`, for [`crate::text::lemmas::Lemmas::read`]; takes seconds.
///
/// # Errors
/// In words for people, when `dir` holds no dictionary or a damaged one.
pub fn load(dir: &Path) -> Result<Vec<u8>, String> {
    let mut words = String::new();
    for file in files(dir)?.iter().filter(|file| file.extension().is_some_and(|kind| kind == "csv")) {
        words.push_str(&read(file)?);
    }
    let source = Source {
        words,
        matrix: read(&dir.join(MATRIX))?,
        characters: read(&dir.join(CHARACTERS))?,
        unknown: read(&dir.join(UNKNOWN))?,
    };
    compile(&source).map_err(|fault| format!("{}: {fault}", dir.display()))
}

/// The files a dictionary is made of, in order of name.
fn files(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(dir).map_err(|fault| format!("{}: {fault}; {ADVICE}", dir.display()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| file.extension().is_some_and(|kind| kind == "csv"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(format!("{} holds no words (*.csv); {ADVICE}", dir.display()));
    }
    for name in [MATRIX, CHARACTERS, UNKNOWN] {
        let file = dir.join(name);
        if !file.is_file() {
            return Err(format!("{} is missing; {ADVICE}", file.display()));
        }
        files.push(file);
    }
    Ok(files)
}

fn read(file: &Path) -> Result<String, String> {
    let bytes = std::fs::read(file).map_err(|fault| format!("{}: {fault}", file.display()))?;
    // Some dictionaries come in UTF-8.
    Ok(String::from_utf8(bytes).unwrap_or_else(|bytes| EUC_JP.decode(bytes.as_bytes()).0.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::lemmas::Lemmas;

    #[test]
    fn forms_of_a_word_are_one_word() {
        let lemmas = Lemmas::read(&load(Path::new("/usr/share/mecab/dic/ipadic")).unwrap()).unwrap();
        let found = |text: &str| {
            let mut found = Vec::new();
            lemmas.each(text, |lemma, start| {
                assert!(start < text.len() && text.is_char_boundary(start));
                found.push(lemma.to_owned());
            });
            found
        };
        assert_eq!(found("荷物が届かないのですが"), ["荷物", "届く"]);
        assert_eq!(found("荷物は届きましたか"), ["荷物", "届く"]);
        assert_eq!(found("印鑑を登録する方法を教えてください。"), ["印鑑", "登録"]);
        assert!(found("").is_empty());
    }

    #[test]
    fn without_a_dictionary_people_are_told_how_to_get_one() {
        let nowhere = Path::new("/nowhere/at/all");
        let empty = tempfile::tempdir().unwrap();
        let partial = tempfile::tempdir().unwrap();
        std::fs::write(partial.path().join("Noun.csv"), "").unwrap();
        for dir in [nowhere, empty.path(), partial.path()] {
            for said in [fingerprint(dir).unwrap_err(), load(dir).unwrap_err()] {
                assert!(said.contains("mecab-ipadic") && said.contains(&dir.display().to_string()), "{said}");
            }
        }
    }
}
