//! Text for Discord: nothing in it can ping, format or break out, and it is cut into posts. Pure.

/// The longest post, counted in UTF-16 units: however Discord counts, it is not too long.
const LIMIT: usize = 2000;
/// Characters that mean something in Discord's Markdown.
const SPECIAL: &[char] = &['\\', '*', '_', '~', '`', '|', '>', '<', '#', '[', ']'];
/// An invisible character that ends a word.
const BREAK: char = '\u{200b}';
const FENCE: &str = "```";

/// `text` with every mark of Markdown made visible and every mention made dead. Web addresses stay as they are.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(length) = address(rest) {
            out.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        match c {
            '\r' => {}
            '@' if is_everyone(rest) => out.extend(['@', BREAK]),
            c if SPECIAL.contains(&c) => out.extend(['\\', c]),
            c => out.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// The two words that ping a whole room.
fn is_everyone(text: &str) -> bool {
    let begins = |word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    begins("@everyone") || begins("@here")
}

/// The length of the web address that `text` begins with. It ends at the first character that could mean anything else.
fn address(text: &str) -> Option<usize> {
    const SAFE: &str = "-._~:/?&=+,;%!$()'#@";
    let start = ["https://", "http://"].iter().find(|start| text.starts_with(**start))?;
    let body = &text[start.len()..];
    let ends = |(at, c): &(usize, char)| {
        !c.is_ascii_alphanumeric() && !SAFE.contains(*c) || *c == '@' && is_everyone(&body[*at..])
    };
    let length = start.len() + body.char_indices().find(ends).map_or(body.len(), |(at, _)| at);
    // Two of these side by side format, should Discord not take it for an address.
    let is_plain = !["~~", "__"].iter().any(|mark| text[..length].contains(mark));
    (length > start.len() && is_plain).then_some(length)
}

/// `text` as posts of at most 2,000 characters, escaped. Fenced blocks of code stay blocks; one that is cut is closed and
/// opened again.
#[must_use]
pub fn parts(text: &str) -> Vec<String> {
    let mut posts = Posts::default();
    for block in blocks(text) {
        match block {
            Block::Text(line) => posts.line(&escape(line), None),
            // Discord takes an empty block for the beginning of a longer one.
            Block::Code { lines, .. } if lines.iter().all(|line| line.trim().is_empty()) => {}
            Block::Code { language, lines } => {
                let opening = format!("{FENCE}{language}");
                posts.line(&opening, None);
                for line in lines {
                    // A fence inside would end the block.
                    let line = line.replace('\r', "").replace(FENCE, &format!("`{BREAK}`{BREAK}`"));
                    posts.line(&line, Some(&opening));
                }
                posts.raw(FENCE);
            }
        }
    }
    posts.finish()
}

enum Block<'a> {
    Text(&'a str),
    Code { language: &'a str, lines: Vec<&'a str> },
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let lines: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches('\r')).collect();
    let mut blocks = Vec::new();
    let mut next = 0;
    while let Some(line) = lines.get(next) {
        next += 1;
        let language = line.trim().strip_prefix(FENCE).filter(|word| is_language(word));
        let end = language.and_then(|_| lines.iter().skip(next).position(|line| line.trim() == FENCE));
        match language.zip(end) {
            Some((language, length)) => {
                blocks.push(Block::Code { language, lines: lines.iter().skip(next).take(length).copied().collect() });
                next += length + 1;
            }
            None => blocks.push(Block::Text(line)),
        }
    }
    blocks
}

fn is_language(word: &str) -> bool {
    word.len() <= 20 && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '#'))
}

#[derive(Default)]
struct Posts {
    done: Vec<String>,
    open: String,
    has_lines: bool,
}

impl Posts {
    /// Adds a line; inside of a code block `fence` is its opening line, and room is kept for its end.
    fn line(&mut self, line: &str, fence: Option<&str>) {
        let reserve = FENCE.len() + 1;
        let mut rest = line;
        loop {
            let used = width(&self.open) + usize::from(self.has_lines);
            let room = LIMIT.saturating_sub(used + reserve);
            if width(rest) <= room {
                return self.raw(rest);
            }
            let head = fence.map_or(0, |fence| width(fence) + 1);
            // A line that fits into a post of its own is not cut.
            if width(rest) + head + reserve > LIMIT {
                let cut = cut_at(rest, room, fence.is_some());
                if cut > 0 {
                    self.raw(&rest[..cut]);
                    rest = &rest[cut..];
                }
            }
            self.next(fence);
        }
    }

    fn raw(&mut self, line: &str) {
        if self.has_lines {
            self.open.push('\n');
        }
        self.open.push_str(line);
        self.has_lines = true;
    }

    fn next(&mut self, fence: Option<&str>) {
        if fence.is_some() {
            self.raw(FENCE);
        }
        self.close();
        if let Some(fence) = fence {
            self.raw(fence);
        }
    }

    fn close(&mut self) {
        let post = std::mem::take(&mut self.open);
        self.has_lines = false;
        // Discord refuses posts without a visible character.
        if !post.chars().all(|c| c.is_whitespace() || c == BREAK) {
            self.done.push(post);
        }
    }

    fn finish(mut self) -> Vec<String> {
        self.close();
        self.done
    }
}

fn width(text: &str) -> usize {
    text.encode_utf16().count()
}

/// How many bytes of `line` go into `room`: up to a blank when there is one near, never between a mark and what it escapes.
fn cut_at(line: &str, room: usize, is_code: bool) -> usize {
    const NEAR: usize = 200;
    let mut used = 0;
    let mut cut = 0;
    let mut blank = 0;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if !escaped {
            cut = at;
        }
        used += c.len_utf16();
        if used > room {
            break;
        }
        escaped = !is_code && !escaped && c == '\\';
        if c.is_whitespace() {
            blank = at + c.len_utf8();
        }
    }
    if blank > 0 && cut - blank < NEAR { blank } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_formats_or_pings() {
        let cases = [
            ("*a* _b_ ~~c~~ ||d||", r"\*a\* \_b\_ \~\~c\~\~ \|\|d\|\|"),
            ("<@123> <#4> <@&5> <:x:6>", r"\<@123\> \<\#4\> \<@&5\> \<:x:6\>"),
            ("@everyone @Here a@b.example", "@\u{200b}everyone @\u{200b}Here a@b.example"),
            ("# big\n-# small\n> quote", "\\# big\n-\\# small\n\\> quote"),
            ("[pay](https://x.example/)", r"\[pay\](https://x.example/)"),
            ("`code` \\*", r"\`code\` \\\*"),
            ("https://a.example/b_c?d=1 x_y", r"https://a.example/b_c?d=1 x\_y"),
            ("https://a.example/@everyone", "https://a.example/@\u{200b}everyone"),
            ("https:// *", r"https:// \*"),
            ("再起動してください。", "再起動してください。"),
        ];
        for (text, expected) in cases {
            assert_eq!(escape(text), expected, "{text}");
        }
    }

    #[test]
    fn a_code_block_stays_one_and_cannot_be_left() {
        let text = "まず:\n```sh\nrm *_x_*\necho ``` @everyone\n```\n終わり*";
        let posts = parts(text);
        assert_eq!(posts.len(), 1);
        assert!(posts[0].starts_with("まず:\n```sh\nrm *_x_*\n"), "{posts:?}");
        assert_eq!(posts[0].matches(FENCE).count(), 2);
        assert!(posts[0].ends_with("\n```\n終わり\\*"));
        let open = parts("```\nnever closed *x*");
        assert_eq!(open, ["\\`\\`\\`\nnever closed \\*x\\*"]);
    }

    #[test]
    fn long_texts_become_posts_with_whole_blocks() {
        let lines: Vec<String> = (0..300).map(|n| format!("line {n} with some words")).collect();
        let code = lines.join(
            "
",
        );
        let posts = parts(&format!("前文\n```log\n{code}\n```\n後文"));
        assert!(posts.len() > 3);
        for post in &posts {
            assert!(width(post) <= LIMIT);
            assert_eq!(post.matches(FENCE).count() % 2, 0, "{post}");
        }
        let all = posts.join("\n");
        for n in 0..300 {
            assert!(all.contains(&format!("line {n} with")), "{n}");
        }
        let long = parts(&"あ*".repeat(3000));
        assert!(long.iter().all(|post| width(post) <= LIMIT && !post.ends_with('\\')));
        assert_eq!(long.concat(), escape(&"あ*".repeat(3000)));
        assert!(parts(" \n \u{200b}").is_empty());
    }
}
