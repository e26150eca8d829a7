//! TOML with the line of every value, read key by key so that all faults of a file come out at once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Files;

/// A TOML text and the faults found in it.
pub(super) struct Source<'a> {
    path: &'a Path,
    /// Byte offsets at which lines begin.
    lines: Vec<usize>,
    /// Lines of the file before the text (front matter begins on line 2).
    lines_before: usize,
    files: &'a mut Files,
    /// Faults reported through this source.
    pub(super) faults: usize,
}

/// A value and where it stands.
#[derive(Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// An entry of a list that takes texts and tables.
pub(super) enum Text<'t, 'i> {
    Plain(String),
    Table(Section<'t, 'i>),
}

/// A table and where it stands. Reading is by key; keys not in `known` are faults when the section is opened.
pub(super) struct Section<'t, 'i> {
    table: &'t DeTable<'i>,
    span: Range<usize>,
    name: String,
}

impl<'a> Source<'a> {
    pub(super) fn new(path: &'a Path, text: &str, lines_before: usize, files: &'a mut Files) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { path, lines, lines_before, files, faults: 0 }
    }

    /// Whether an earlier run found no fault in these very files.
    pub(super) const fn is_known(&self) -> bool {
        self.files.known
    }

    pub(super) fn fault(&mut self, span: &Range<usize>, message: impl Into<String>) {
        let line = self.line(span);
        self.faults += 1;
        self.files.fault(self.path, line, message);
    }

    /// The line `span` begins on, counted from 1 in the file.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.lines.partition_point(|start| *start <= span.start) + self.lines_before
    }

    /// The top table of `text`; syntax faults are reported and what can be read is read.
    pub(super) fn parse<'i>(&mut self, text: &'i str) -> Spanned<DeTable<'i>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            self.fault(&span, error.message().replace('\n', ", "));
        }
        table
    }

    /// Opens a table; keys that are not `known` are faults.
    pub(super) fn open<'t, 'i>(
        &mut self,
        table: &'t DeTable<'i>,
        span: Range<usize>,
        name: &str,
        known: &[&str],
    ) -> Section<'t, 'i> {
        for key in table.keys() {
            let written: &str = key.get_ref();
            if !known.contains(&written) {
                let place = if name.is_empty() { String::new() } else { format!(" in {name}") };
                self.fault(&key.span(), format!("unknown key `{written}`{place}; known: {}", known.join(", ")));
            }
        }
        Section { table, span, name: name.to_owned() }
    }
}

impl<'t, 'i> Section<'t, 'i> {
    /// Where the section begins.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The value of `key` with its span.
    pub(super) fn find(&self, key: &str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    fn missing(&self, source: &mut Source<'_>, key: &str) {
        let message = if self.name.is_empty() {
            format!("`{key}` is missing")
        } else {
            format!("`{key}` is missing in {}", self.name)
        };
        source.fault(&self.span, message);
    }

    /// A string that must be there and not be blank.
    pub(super) fn text(&self, source: &mut Source<'_>, key: &str) -> Option<At<String>> {
        if self.find(key).is_none() {
            self.missing(source, key);
            return None;
        }
        let found = self.optional_text(source, key)?;
        if found.value.trim().is_empty() {
            source.fault(&found.span, format!("`{key}` is empty"));
            return None;
        }
        Some(found)
    }

    /// A string that may be missing.
    pub(super) fn optional_text(&self, source: &mut Source<'_>, key: &str) -> Option<At<String>> {
        let value = self.find(key)?;
        let Some(text) = value.get_ref().as_str() else {
            source.fault(&value.span(), format!("`{key}` must be a string, not {}", value.get_ref().type_str()));
            return None;
        };
        Some(At { value: text.to_owned(), span: value.span() })
    }

    /// A word of a closed set, or anything else that is read from a string; it must be there.
    pub(super) fn word<T: FromStr>(&self, source: &mut Source<'_>, key: &str) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.text(source, key)?;
        match text.value.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                source.fault(&text.span, format!("`{key}`: {error}"));
                None
            }
        }
    }

    /// `true` or `false`; `None` when missing or wrong.
    pub(super) fn flag(&self, source: &mut Source<'_>, key: &str) -> Option<bool> {
        let value = self.find(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            source.fault(&value.span(), format!("`{key}` must be true or false"));
        }
        flag
    }

    /// A list of strings, none of them blank; empty when missing.
    pub(super) fn texts(&self, source: &mut Source<'_>, key: &str) -> Vec<At<String>> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            source.fault(&value.span(), format!("`{key}` must be a list of strings"));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in list {
            match item.get_ref().as_str() {
                Some(text) if !text.trim().is_empty() => texts.push(At { value: text.to_owned(), span: item.span() }),
                Some(_) => source.fault(&item.span(), format!("an entry of `{key}` is empty")),
                None => source.fault(&item.span(), format!("an entry of `{key}` must be a string")),
            }
        }
        texts
    }

    /// A string or a list of strings, none of them blank; empty when missing.
    pub(super) fn one_or_more(&self, source: &mut Source<'_>, key: &str) -> Vec<At<String>> {
        match self.find(key) {
            Some(value) if value.get_ref().as_str().is_some() => self.text(source, key).into_iter().collect(),
            Some(value) if value.get_ref().as_array().is_some_and(|list| list.is_empty()) => {
                source.fault(&value.span(), format!("`{key}` is empty: leave it out"));
                Vec::new()
            }
            Some(_) | None => self.texts(source, key),
        }
    }

    /// A table whose keys are free: each with its string, or its list of strings.
    pub(super) fn pairs(&self, source: &mut Source<'_>, key: &str) -> Vec<(At<String>, Vec<At<String>>)> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            source.fault(&value.span(), format!("`{key}` must be a table"));
            return Vec::new();
        };
        let inner = Section { table, span: value.span(), name: self.inner_name(key) };
        let named =
            |name: &Spanned<std::borrow::Cow<'_, str>>| At { value: name.get_ref().to_string(), span: name.span() };
        let mut pairs = Vec::new();
        for name in table.keys() {
            let name = named(name);
            let values = inner.one_or_more(source, &name.value);
            pairs.push((name, values));
        }
        pairs
    }

    /// A table of whole numbers from 0 on.
    pub(super) fn counts(&self, source: &mut Source<'_>, key: &str) -> BTreeMap<String, u32> {
        let Some(value) = self.find(key) else { return BTreeMap::new() };
        let Some(table) = value.get_ref().as_table() else {
            source.fault(&value.span(), format!("`{key}` must be a table: {{ support = 60 }}"));
            return BTreeMap::new();
        };
        let inner = Section { table, span: value.span(), name: self.inner_name(key) };
        let names: Vec<String> = table.keys().map(|name| name.get_ref().to_string()).collect();
        names.into_iter().filter_map(|name| inner.count(source, &name).map(|count| (name, count))).collect()
    }

    /// A whole number from 0 on; `None` when missing or wrong.
    pub(super) fn count(&self, source: &mut Source<'_>, key: &str) -> Option<u32> {
        let value = self.find(key)?;
        let count =
            value.get_ref().as_integer().and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
        if count.is_none() {
            source.fault(&value.span(), format!("`{key}` must be a whole number from 0 on"));
        }
        count
    }

    /// A number; `None` when missing or wrong.
    pub(super) fn number(&self, source: &mut Source<'_>, key: &str) -> Option<f64> {
        let value = self.find(key)?;
        let text = match value.get_ref() {
            DeValue::Float(number) => Some(number.as_str()),
            DeValue::Integer(number) => Some(number.as_str()),
            _ => None,
        };
        let number = text.and_then(|text| text.parse().ok());
        if number.is_none() {
            source.fault(&value.span(), format!("`{key}` must be a number"));
        }
        number
    }

    /// `true`, `false`, or missing, which is `false`.
    pub(super) fn flag_or_missing(&self, source: &mut Source<'_>, key: &str) -> bool {
        self.flag(source, key).unwrap_or_default()
    }

    /// A list of strings and tables, each with its span; empty when missing.
    pub(super) fn texts_and_tables(
        &self,
        source: &mut Source<'_>,
        key: &str,
        known: &[&str],
    ) -> Vec<(Text<'t, 'i>, Range<usize>)> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            source.fault(&value.span(), format!("`{key}` must be a list"));
            return Vec::new();
        };
        let mut items = Vec::new();
        for item in list {
            match (item.get_ref().as_str(), item.get_ref().as_table()) {
                (Some(text), _) if !text.trim().is_empty() => items.push((Text::Plain(text.to_owned()), item.span())),
                (_, Some(table)) => {
                    let section = source.open(table, item.span(), &self.inner_name(key), known);
                    items.push((Text::Table(section), item.span()));
                }
                (..) => source.fault(&item.span(), format!("an entry of `{key}` must be a text or a table")),
            }
        }
        items
    }

    /// The table under `key`; a fault when there is something else.
    pub(super) fn section(&self, source: &mut Source<'_>, key: &str, known: &[&str]) -> Option<Section<'t, 'i>> {
        let value = self.find(key)?;
        let Some(table) = value.get_ref().as_table() else {
            source.fault(&value.span(), format!("`{key}` must be a table"));
            return None;
        };
        Some(source.open(table, value.span(), &self.inner_name(key), known))
    }

    /// The tables of the list under `key`, in order; empty when missing.
    pub(super) fn sections(&self, source: &mut Source<'_>, key: &str, known: &[&str]) -> Vec<Section<'t, 'i>> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            source.fault(&value.span(), format!("`{key}` must be written as [[{}]]", self.inner_name(key)));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in list {
            match item.get_ref().as_table() {
                Some(table) => {
                    sections.push(source.open(table, item.span(), &format!("[[{}]]", self.inner_name(key)), known));
                }
                None => source.fault(&item.span(), format!("an entry of `{key}` must be a table")),
            }
        }
        sections
    }

    fn inner_name(&self, key: &str) -> String {
        let outer = self.name.trim_matches(['[', ']']);
        if outer.is_empty() { key.to_owned() } else { format!("{outer}.{key}") }
    }
}
