//! An article's Markdown as tidy plain text: links as `text (URL)`, lists with `・` or `-`, code as it is.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::domain::Language;

const CODE_INDENT: &str = "    ";

/// `markdown` as plain text in paragraphs, without a blank line at either end. HTML in it is left out.
#[must_use]
pub fn plain_text(markdown: &str, language: Language) -> String {
    let mut page = Page { bullet: if language == Language::Ja { "・" } else { "- " }, ..Page::default() };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        page.take(event);
    }
    page.end_line();
    page.text.trim_matches('\n').to_owned()
}

#[derive(Default)]
struct Page {
    text: String,
    line: String,
    bullet: &'static str,
    /// One entry for each open list: the next number, or `None` for bullets.
    lists: Vec<Option<u64>>,
    quotes: usize,
    /// Where the text of each open link began, and its address.
    links: Vec<(usize, String)>,
    in_code: bool,
    /// Cells written in the current table row.
    cells: usize,
}

impl Page {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.in_code => {
                for line in text.lines() {
                    self.line.push_str(CODE_INDENT);
                    self.line.push_str(line);
                    self.end_line();
                }
            }
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.line.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak => self.end_line(),
            Event::Rule => {
                self.blank();
                self.line.push_str("----");
                self.end_line();
                self.blank();
            }
            Event::TaskListMarker(done) => self.line.push_str(if done { "[x] " } else { "[ ] " }),
            Event::Html(_) | Event::InlineHtml(_) | Event::FootnoteReference(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => {
                self.blank();
                self.line.push_str(if self.bullet == "・" { "■ " } else { "" });
            }
            Tag::BlockQuote(_) => {
                self.blank();
                self.quotes += 1;
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.end_line();
                self.in_code = true;
            }
            Tag::List(first) => {
                self.end_line();
                if self.lists.is_empty() {
                    self.blank();
                }
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push((self.line.len(), dest_url.to_string()));
            }
            Tag::Table(_) => self.blank(),
            Tag::TableRow | Tag::TableHead => self.cells = 0,
            Tag::TableCell => {
                self.line.push_str(if self.cells == 0 { "" } else { " | " });
                self.cells += 1;
            }
            Tag::Paragraph if self.lists.is_empty() => self.blank(),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Item | TagEnd::TableRow | TagEnd::TableHead => self.end_line(),
            TagEnd::Heading(_) | TagEnd::Table => self.blank(),
            TagEnd::BlockQuote(_) => {
                self.end_line();
                self.quotes = self.quotes.saturating_sub(1);
                self.blank();
            }
            TagEnd::CodeBlock => {
                self.in_code = false;
                self.blank();
            }
            TagEnd::List(_) => {
                self.end_line();
                self.lists.pop();
                if self.lists.is_empty() {
                    self.blank();
                }
            }
            TagEnd::Link | TagEnd::Image => self.end_link(),
            _ => {}
        }
    }

    fn item(&mut self) {
        self.end_line();
        self.line.push_str(&"  ".repeat(self.lists.len().saturating_sub(1)));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.line.push_str(&number.to_string());
                self.line.push_str(". ");
                *number += 1;
            }
            Some(None) | None => self.line.push_str(self.bullet),
        }
    }

    /// Appends the address unless the text shows it already.
    fn end_link(&mut self) {
        let Some((start, url)) = self.links.pop() else { return };
        let shown = self.line.get(start..).unwrap_or_default().trim();
        let address = url.strip_prefix("mailto:").unwrap_or(&url);
        if url.is_empty() || shown == address || shown == url {
            return;
        }
        let parts = if shown.is_empty() { ["", address, ""] } else { [" (", address, ")"] };
        self.line.extend(parts);
    }

    fn end_line(&mut self) {
        if !self.line.is_empty() || self.in_code {
            self.text.push_str(&"> ".repeat(self.quotes));
            self.text.push_str(self.line.trim_end());
            self.text.push('\n');
            self.line.clear();
            // What follows a break inside a link belongs to a new line.
            self.links.iter_mut().for_each(|(start, _)| *start = 0);
        }
    }

    fn blank(&mut self) {
        self.end_line();
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_block_reads_as_plain_text() {
        let markdown = "# VPN\n\nOpen **the app** and\nsee [the guide](https://kb.example/vpn) or <https://a.example>.\n\n\
            - one\n- two\n  1. inner\n  2. `code`\n\n```sh\nsudo vpn up\n  --fast\n```\n> quoted\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<b>x</b>";
        let wanted = "VPN\n\nOpen the app and\nsee the guide (https://kb.example/vpn) or https://a.example.\n\n\
            - one\n- two\n  1. inner\n  2. code\n\n    sudo vpn up\n      --fast\n\n> quoted\n\na | b\n1 | 2\n\nx";
        assert_eq!(plain_text(markdown, Language::En), wanted);
    }

    #[test]
    fn japanese_uses_its_own_marks() {
        let markdown = "## 手順\n\n1. 開く\n2. 閉じる\n\n* 注意\n\n連絡先は[窓口](mailto:support@desk.example)です。";
        assert_eq!(
            plain_text(markdown, Language::Ja),
            "■ 手順\n\n1. 開く\n2. 閉じる\n\n・注意\n\n連絡先は窓口 (support@desk.example)です。"
        );
        assert_eq!(plain_text("", Language::Ja), "");
        assert_eq!(plain_text("<script>x()</script>", Language::Ja), "");
    }

    #[test]
    fn deep_and_broken_input_ends() {
        let deep = "> ".repeat(2_000) + "x";
        assert!(plain_text(&deep, Language::En).ends_with('x'));
        assert!(plain_text(&"[".repeat(5_000), Language::En).starts_with('['));
    }
}
