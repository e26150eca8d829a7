//! Words that say nothing by themselves, and endings that are cut.

/// English words the search ignores: function words, and what every request says (`please`, `help`, `want`).
#[rustfmt::skip]
const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "ask", "at", "be", "because",
    "been", "before", "being", "but", "by", "can", "could", "dear", "did", "do", "does", "doing", "don't", "for", "from",
    "get", "getting", "go", "got", "had", "has", "have", "having", "hello", "help", "here", "hi", "how", "i", "i'd",
    "i'll", "i'm", "i've", "if", "in", "into", "is", "it", "its", "it's", "just", "kindly", "know", "let", "like", "me",
    "may", "might", "my", "need", "now", "of", "on", "onto", "or", "our", "ours", "please", "question", "regards", "shall", "she",
    "he", "should", "so", "some", "such", "sure", "tell", "than", "thank", "thanks", "that", "the", "their", "them",
    "then", "there", "these", "they", "this", "those", "to", "too", "try", "trying", "us", "very", "want", "was", "way",
    "we", "were", "what", "what's", "when", "where", "which", "while", "who", "why", "will", "wish", "with", "would",
    "yes", "you", "your", "yours",
];

/// Whether the search ignores the lower-case English word.
#[must_use]
pub fn is_stop_word(word: &str) -> bool {
    // Longest stop word: `question`, `getting`, `because`.
    word.len() <= 8 && STOP_WORDS.contains(&word)
}

/// The part of a lower-case English word its inflected forms share: endings are only cut, never replaced.
///
/// `change`, `changes`, `changed` and `changing` give `chang`; `policy` and `policies` give `polic`.
#[must_use]
pub fn stem(word: &str) -> &str {
    if word.len() < 4 || !word.is_ascii() || word.contains('\'') {
        return word;
    }
    let base = plural(word);
    let verb = ["ing", "ed"].into_iter().find_map(|ending| base.strip_suffix(ending)).filter(|rest| has_vowel(rest));
    let base = match verb {
        Some(rest) if rest.len() >= 3 => undouble(rest),
        _ => base,
    };
    match base.strip_suffix(['e', 'y']) {
        Some(rest) if rest.len() >= 3 => rest,
        _ => base,
    }
}

fn plural(word: &str) -> &str {
    if let Some(rest) = word.strip_suffix("ies").filter(|rest| rest.len() >= 3) {
        return rest;
    }
    for ending in ["sses", "shes", "ches", "xes"] {
        if word.ends_with(ending) {
            return &word[..word.len() - 2];
        }
    }
    let Some(rest) = word.strip_suffix('s') else { return word };
    if rest.ends_with(['s', 'u', 'i']) { word } else { rest }
}

/// `stopp` → `stop`; `ll`, `ss` and `zz` stay: `install`, `access`.
fn undouble(word: &str) -> &str {
    let bytes = word.as_bytes();
    match bytes {
        [.., before, last] if before == last && !b"lsz".contains(last) => &word[..word.len() - 1],
        _ => word,
    }
}

fn has_vowel(word: &str) -> bool {
    word.bytes().any(|b| b"aeiouy".contains(&b))
}

/// Particles and endings of Japanese sentences in hiragana, longest first within each list.
const ENDINGS: &[&str] = &[
    "していただけますでしょうか",
    "いただけますでしょうか",
    "していただけますか",
    "いただけますか",
    "ていただきたいです",
    "できませんでした",
    "していただきたい",
    "ていただきたい",
    "してください",
    "でしょうか",
    "てください",
    "できません",
    "できない",
    "ください",
    "できます",
    "ありますか",
    "ました",
    "ません",
    "ますか",
    "ですか",
    "します",
    "された",
    "される",
    "したい",
    "しない",
    "です",
    "ます",
    "した",
    "して",
    "する",
    "たい",
    "ない",
    "か",
    "が",
    "を",
    "は",
    "に",
    "で",
    "と",
    "も",
    "の",
    "て",
    "た",
    "る",
    "よ",
    "ね",
];

/// Particles at the beginning of a hiragana run: what stands between a kanji or katakana word and the next word.
const BEGINNINGS: &[&str] = &[
    "について",
    "における",
    "として",
    "から",
    "まで",
    "より",
    "への",
    "では",
    "には",
    "とは",
    "でも",
    "など",
    "が",
    "を",
    "は",
    "に",
    "で",
    "と",
    "も",
    "の",
    "へ",
    "や",
];

/// A hiragana run without particles at its beginning and common endings: where the rest begins (bytes), and the rest.
#[must_use]
pub fn trim_particles(run: &str) -> (usize, &str) {
    let begun = BEGINNINGS.iter().find_map(|particle| run.strip_prefix(particle)).unwrap_or(run);
    let offset = run.len() - begun.len();
    let rest = ENDINGS.iter().find_map(|ending| begun.strip_suffix(ending)).unwrap_or(begun);
    (offset, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for forms in [
            &["change", "changes", "changed", "changing"][..],
            &["policy", "policies"],
            &["stop", "stops", "stopped", "stopping"],
            &["install", "installs", "installed", "installing"],
            &["access", "accesses", "accessed"],
            &["reset", "resets", "resetting"],
            &["box", "boxes"],
            &["server", "servers"],
        ] {
            for form in forms {
                assert_eq!(stem(form), stem(forms[0]), "{form}");
            }
        }
        for word in ["status", "this", "vpn", "can't", "string", "bring", "need"] {
            assert!(stem(word).len() + 1 >= word.len().min(4), "{word} → {}", stem(word));
        }
    }

    #[test]
    fn particles_are_trimmed() {
        assert_eq!(trim_particles("がつながらない"), (3, "つながら"));
        assert_eq!(trim_particles("してください").1, "");
        assert_eq!(trim_particles("を").1, "");
    }
}
