//! Dictionary forms of the words with content in a Japanese text: 届かない, 届きません and 届いた are all 届く. Needs a dictionary in
//! the format of mecab, which a desk may have; nothing here reads files.

use vibrato::{Dictionary, SystemDictionaryBuilder, Tokenizer};

use super::script::{Script, script};

/// What every request holds: light verbs, polite questions, words that stand for others.
#[rustfmt::skip]
const LIGHT: &[&str] = &[
    "する", "なる", "ある", "いる", "居る", "おる", "できる", "出来る", "やる", "いく", "行く", "くる", "来る", "いただく", "頂く", "くださる", "下さる",
    "教える", "知る", "願う", "致す", "いたす", "思う", "考える", "聞く", "伺う", "言う", "いう", "行う", "困る", "欲しい", "ほしい", "よい", "良い", "いい",
    "ない", "場合", "方法", "質問", "お願い", "ため", "為", "とき", "時", "こと", "もの", "ところ", "よう", "方", "中", "際",
];

/// A dictionary, ready for use.
pub struct Lemmas {
    tokenizer: Tokenizer,
}

/// The texts of a dictionary in the format of mecab, as UTF-8.
pub struct Source {
    /// All lexicon files (`*.csv`) one after the other.
    pub words: String,
    /// `matrix.def`.
    pub matrix: String,
    /// `char.def`.
    pub characters: String,
    /// `unk.def`.
    pub unknown: String,
}

/// Why a dictionary cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the dictionary cannot be used: {0}")]
pub struct BadDictionary(#[from] vibrato::errors::VibratoError);

/// The compiled form of a dictionary, for [`Lemmas::read`]; takes seconds.
///
/// # Errors
/// When one of the texts is not in the format of mecab.
pub fn compile(source: &Source) -> Result<Vec<u8>, BadDictionary> {
    let Source { words, matrix, characters, unknown } = source;
    let dictionary = SystemDictionaryBuilder::from_readers(
        words.as_bytes(),
        matrix.as_bytes(),
        characters.as_bytes(),
        unknown.as_bytes(),
    )?;
    let mut bytes = Vec::new();
    dictionary.write(&mut bytes)?;
    Ok(bytes)
}

impl Lemmas {
    /// What [`compile`] gave.
    ///
    /// # Errors
    /// When it is something else.
    pub fn read(compiled: &[u8]) -> Result<Self, BadDictionary> {
        Ok(Self { tokenizer: Tokenizer::new(Dictionary::read(compiled)?) })
    }

    /// Hands the dictionary form of each word with content to `emit`, in order, with where the word begins in bytes.
    pub fn each(&self, text: &str, mut emit: impl FnMut(&str, usize)) {
        let mut worker = self.tokenizer.new_worker();
        worker.reset_sentence(text);
        worker.tokenize();
        for place in 0..worker.num_tokens() {
            let token = worker.token(place);
            if let Some(lemma) = lemma(token.feature(), token.surface()) {
                emit(lemma, token.range_byte().start);
            }
        }
    }
}

/// The dictionary form of a word by its description (class, three finer classes, two of inflection, dictionary form, …); `None` for
/// particles, auxiliaries, pronouns, numbers, affixes and light words.
fn lemma<'t>(description: &'t str, word: &'t str) -> Option<&'t str> {
    let mut parts = description.split(',');
    let (class, finer) = (parts.next()?, parts.next()?);
    let content = match class {
        "名詞" => !matches!(finer, "非自立" | "代名詞" | "数" | "接尾" | "特殊" | "接続詞的"),
        "動詞" | "形容詞" => finer == "自立",
        _ => false,
    };
    let lemma = parts.nth(4).filter(|lemma| *lemma != "*").unwrap_or(word);
    let japanese = |c: char| matches!(script(c), Script::Kanji | Script::Katakana | Script::Hiragana);
    (content && lemma.chars().any(japanese) && !LIGHT.contains(&lemma)).then_some(lemma)
}

#[cfg(test)]
mod tests {
    use super::lemma;

    #[test]
    fn words_with_content_have_a_dictionary_form() {
        for (description, word, wanted) in [
            ("動詞,自立,*,*,五段・カ行イ音便,未然形,届く,トドカ,トドカ", "届か", Some("届く")),
            ("名詞,サ変接続,*,*,*,*,登録,トウロク,トーロク", "登録", Some("登録")),
            ("名詞,一般,*,*,*,*,*", "尼崎っ子", Some("尼崎っ子")),
            ("助詞,格助詞,一般,*,*,*,を,ヲ,ヲ", "を", None),
            ("助動詞,*,*,*,特殊・マス,基本形,ます,マス,マス", "ます", None),
            ("名詞,代名詞,一般,*,*,*,私,ワタシ,ワタシ", "私", None),
            ("動詞,自立,*,*,一段,連用形,教える,オシエ,オシエ", "教え", None),
            ("動詞,非自立,*,*,一段,連用形,いる,イ,イ", "い", None),
            ("名詞,数,*,*,*,*,*", "3", None),
            ("名詞,固有名詞,組織,*,*,*,*", "vpn", None),
        ] {
            assert_eq!(lemma(description, word), wanted, "{word}");
        }
    }
}
