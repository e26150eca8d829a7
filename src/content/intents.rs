//! Request types: `intents/NAME.toml`.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::domain::schedule::Objective;
use crate::domain::{Bilingual, Choice, Handling, Intent, Language, Level, Rule, Slot};
use crate::text::normalise;

use super::pattern::{Letters, Sound, compile};
use super::source::{At, Section, Source};
use super::{Content, Files, Place, is_id};

const KEYS: &[&str] = &[
    "id",
    "queue",
    "impact",
    "urgency",
    "objective",
    "handling",
    "approval",
    "title",
    "examples",
    "rules",
    "slots",
    "reply",
];
const RULE_KEYS: &[&str] = &["id", "pattern", "certain", "examples", "counterexamples"];
const SLOT_KEYS: &[&str] = &["name", "required", "find", "choices", "title", "ask"];
const LANGUAGE_KEYS: &[&str] = &["ja", "en"];

/// What was seen so far, to find repeats over all files.
#[derive(Default)]
struct Seen {
    intents: HashMap<String, Place>,
    rules: HashMap<String, Place>,
    examples: HashMap<String, (String, Place)>,
    /// Sound patterns of slots: many intents ask for a host in the same words, and compiling is what takes time.
    slot_patterns: HashSet<String>,
}

impl Seen {
    fn place(source: &Source<'_>, path: &Path, span: &Range<usize>) -> Place {
        Place { file: path.display().to_string(), line: source.line(span) }
    }
}

pub(super) fn load(dir: &Path, files: &mut Files, content: &mut Content) {
    let mut seen = Seen::default();
    let listed = files.list(dir).into_iter();
    let paths: Vec<PathBuf> = listed.filter(|path| !path.ends_with(super::rules::FILE)).collect();
    for path in &paths {
        if path.extension().is_none_or(|extension| extension != "toml") {
            files.fault(path, 0, "not an intent: intents are .toml files");
            continue;
        }
        let Some(text) = files.read(path) else { continue };
        let mut source = Source::new(path, &text, 0, files);
        let top = source.parse(&text);
        if source.faults > 0 {
            continue;
        }
        let section = source.open(top.get_ref(), 0..0, "", KEYS);
        let mut reader = Reader { path, source, seen: &mut seen };
        if let Some((intent, queue)) = reader.intent(&section) {
            content.queue_places.insert(intent.id.clone(), queue);
            content.intents.push(intent);
        }
    }
    if !paths.is_empty() && content.intents.is_empty() && files.faults.is_empty() {
        files.fault(dir, 0, "holds no intent");
    }
}

struct Reader<'a, 's> {
    path: &'a Path,
    source: Source<'a>,
    seen: &'s mut Seen,
}

impl Reader<'_, '_> {
    /// The intent and where its queue is named; `None` when anything is wrong with it.
    fn intent(&mut self, section: &Section<'_, '_>) -> Option<(Intent, Place)> {
        let source = &mut self.source;
        let id = section.text(source, "id");
        let queue = section.text(source, "queue");
        let impact = section.word::<Level>(source, "impact");
        let urgency = section.word::<Level>(source, "urgency");
        let objective = section.word::<Objective>(source, "objective");
        let handling = section.word::<Handling>(source, "handling");
        let approval = section.flag(source, "approval").unwrap_or_default();
        let title = self.bilingual(section, "title");
        let reply = match section.find("reply") {
            Some(_) => self.bilingual(section, "reply"),
            None => Some(Bilingual::default()),
        };
        if let Some(id) = &id {
            self.check_id(id);
        }
        let name = id.as_ref().map(|id| id.value.clone()).unwrap_or_default();
        let examples = self.examples(section, &name);
        let rules = self.rules(section);
        let slots = self.slots(section);
        if self.source.faults > 0 {
            return None;
        }
        let queue = queue?;
        let place = Seen::place(&self.source, self.path, &queue.span);
        let intent = Intent {
            id: name,
            title: title?,
            examples,
            rules,
            slots,
            queue: queue.value,
            impact: impact?,
            urgency: urgency?,
            objective: objective?,
            handling: handling?,
            approval,
            reply: reply?,
        };
        Some((intent, place))
    }

    fn check_id(&mut self, id: &At<String>) {
        if !is_id(&id.value) {
            self.source.fault(&id.span, format!("`{}` cannot be an id: write a-z, 0-9, - and _", id.value));
        }
        let place = Seen::place(&self.source, self.path, &id.span);
        if let Some(first) = self.seen.intents.get(&id.value) {
            let message = format!("intent `{}` is defined already in {}:{}", id.value, first.file, first.line);
            self.source.fault(&id.span, message);
        } else {
            self.seen.intents.insert(id.value.clone(), place);
        }
    }

    fn bilingual(&mut self, section: &Section<'_, '_>, key: &str) -> Option<Bilingual> {
        let source = &mut self.source;
        if section.find(key).is_none() {
            source.fault(&section.span(), format!("`{key}` is missing: write {key}.ja and {key}.en"));
            return None;
        }
        let texts = section.section(source, key, LANGUAGE_KEYS)?;
        let ja = texts.text(source, "ja");
        let en = texts.text(source, "en");
        Some(Bilingual { ja: ja?.value, en: en?.value })
    }

    fn examples(&mut self, section: &Section<'_, '_>, intent: &str) -> Vec<(Language, String)> {
        let mut examples = Vec::new();
        let Some(lists) = section.section(&mut self.source, "examples", LANGUAGE_KEYS) else {
            if section.find("examples").is_none() {
                self.source.fault(&section.span(), "`examples` is missing: write examples.ja and examples.en");
            }
            return examples;
        };
        for language in Language::ALL {
            let found = lists.texts(&mut self.source, language.as_str());
            if found.is_empty() {
                self.source
                    .fault(&lists.span(), format!("no examples in `{language}`: write some sentences people send"));
            }
            for example in found {
                self.check_example(&example, intent);
                examples.push((*language, example.value));
            }
        }
        examples
    }

    /// The same sentence cannot mean two intents, and twice in one intent is a slip.
    fn check_example(&mut self, example: &At<String>, intent: &str) {
        let key = normalise(&example.value);
        let place = Seen::place(&self.source, self.path, &example.span);
        if let Some((other, first)) = self.seen.examples.get(&key) {
            let message = format!("this example is in `{other}` already ({}:{})", first.file, first.line);
            self.source.fault(&example.span, message);
        } else {
            self.seen.examples.insert(key, (intent.to_owned(), place));
        }
    }

    fn rules(&mut self, section: &Section<'_, '_>) -> Vec<Rule> {
        let mut rules = Vec::new();
        for rule in section.sections(&mut self.source, "rules", RULE_KEYS) {
            let id = rule.text(&mut self.source, "id");
            let pattern = rule.text(&mut self.source, "pattern");
            let certain = rule.flag(&mut self.source, "certain").unwrap_or_default();
            let regex = pattern.as_ref().and_then(|pattern| self.compile(pattern, Letters::AsWritten));
            if let Some(id) = &id {
                self.check_rule_id(id);
            }
            self.check_rule_examples(&rule, regex.as_ref().and_then(Sound::regex));
            if let (Some(id), Some(pattern), Some(_)) = (id, pattern, regex) {
                rules.push(Rule { id: id.value, pattern: pattern.value, certain });
            }
        }
        rules
    }

    fn check_rule_id(&mut self, id: &At<String>) {
        let place = Seen::place(&self.source, self.path, &id.span);
        if let Some(first) = self.seen.rules.get(&id.value) {
            let message = format!("rule `{}` is defined already in {}:{}", id.value, first.file, first.line);
            self.source.fault(&id.span, message);
        } else {
            self.seen.rules.insert(id.value.clone(), place);
        }
    }

    fn check_rule_examples(&mut self, rule: &Section<'_, '_>, regex: Option<&Regex>) {
        let examples = rule.texts(&mut self.source, "examples");
        let counterexamples = rule.texts(&mut self.source, "counterexamples");
        if examples.is_empty() {
            self.source.fault(&rule.span(), "the rule has no examples: write a sentence it must match");
        }
        let Some(regex) = regex else { return };
        for example in &examples {
            if !regex.is_match(&normalise(&example.value)) {
                let message = format!(
                    "the rule does not match its example `{}` (rules see NFKC lower case: `{}`)",
                    example.value,
                    normalise(&example.value)
                );
                self.source.fault(&example.span, message);
            }
        }
        for example in &counterexamples {
            if let Some(found) = regex.find(&normalise(&example.value)) {
                let message = format!("the rule matches its counterexample at `{}`", found.as_str());
                self.source.fault(&example.span, message);
            }
        }
    }

    fn slots(&mut self, section: &Section<'_, '_>) -> Vec<Slot> {
        let mut slots: Vec<Slot> = Vec::new();
        for slot in section.sections(&mut self.source, "slots", SLOT_KEYS) {
            let name = slot.text(&mut self.source, "name");
            let required = slot.flag(&mut self.source, "required").unwrap_or_default();
            let find: Vec<String> = slot
                .texts(&mut self.source, "find")
                .into_iter()
                .filter(|pattern| self.is_sound(pattern))
                .map(|pattern| pattern.value)
                .collect();
            let choices = self.choices(&slot);
            let title = self.bilingual(&slot, "title");
            let ask = self.bilingual(&slot, "ask");
            let (Some(name), Some(title), Some(ask)) = (name, title, ask) else { continue };
            if !is_id(&name.value) {
                self.source
                    .fault(&name.span, format!("`{}` cannot be a slot name: write a-z, 0-9, - and _", name.value));
            }
            if slots.iter().any(|other| other.name == name.value) {
                self.source.fault(&name.span, format!("slot `{}` is there twice", name.value));
            }
            slots.push(Slot { name: name.value, title, required, find, choices, ask });
        }
        slots
    }

    fn choices(&mut self, slot: &Section<'_, '_>) -> Vec<Choice> {
        let mut choices = Vec::new();
        for choice in slot.sections(&mut self.source, "choices", &["value", "pattern", "title"]) {
            let value = choice.text(&mut self.source, "value");
            let pattern = choice.text(&mut self.source, "pattern");
            let (Some(value), Some(pattern)) = (value, pattern) else { continue };
            if self.is_sound(&pattern) {
                let title = Bilingual { ja: value.value.clone(), en: value.value.clone() };
                let title = if choice.find("title").is_some() {
                    self.bilingual(&choice, "title").unwrap_or(title)
                } else {
                    title
                };
                choices.push(Choice { value: value.value, pattern: pattern.value, title });
            }
        }
        choices
    }

    fn is_sound(&mut self, pattern: &At<String>) -> bool {
        if self.seen.slot_patterns.contains(&pattern.value) {
            return true;
        }
        let sound = self.compile(pattern, Letters::AnyCase).is_some();
        if sound {
            self.seen.slot_patterns.insert(pattern.value.clone());
        }
        sound
    }

    fn compile(&mut self, pattern: &At<String>, letters: Letters) -> Option<Sound> {
        compile(&mut self.source, pattern, letters)
    }
}
