//! `format=flowed` (RFC 3676): joins the lines a mailer broke for width alone.

/// The text with its soft line breaks removed; with `delsp` the space before a soft break was added by the mailer, too.
#[must_use]
pub fn unfold(text: &str, delsp: DelSp) -> String {
    let mut out = String::with_capacity(text.len());
    // Depth of quoting of a line that goes on; `None` at the start of a paragraph.
    let mut open: Option<usize> = None;
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let depth = line.bytes().take_while(|byte| *byte == b'>').count();
        let content = &line[depth..];
        // The space before an own line that begins with `>` stays: without it the line could not be told from a quote any more.
        let stuffed = if depth == 0 && content.starts_with(" >") { None } else { content.strip_prefix(' ') };
        let content = stuffed.unwrap_or(content);
        // A signature separator ends with a space, yet it is never soft (§4.3).
        let is_separator = content == "-- ";
        if open == Some(depth) && !is_separator {
            out.push_str(content);
        } else {
            if !out.is_empty() || open.is_some() {
                out.push('\n');
            }
            if depth > 0 {
                out.push_str(&line[..depth]);
                out.push(' ');
            }
            out.push_str(content);
        }
        let soft = content.ends_with(' ') && !is_separator;
        if soft && delsp == DelSp::Yes {
            out.pop();
        }
        open = soft.then_some(depth);
        if !soft && out.is_empty() {
            // An empty first line must still be followed by a line end.
            open = Some(usize::MAX);
        }
    }
    out
}

/// The `delsp` parameter (RFC 3676 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelSp {
    /// The space stays; the default.
    No,
    /// The space goes: for languages written without spaces.
    Yes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_breaks_are_joined() {
        for (text, delsp, wanted) in [
            ("one \ntwo\nthree", DelSp::No, "one two\nthree"),
            ("これは \nテスト \nです。\n次", DelSp::Yes, "これはテストです。\n次"),
            ("> a \n> b\n>> c \nd", DelSp::No, "> a b\n>> c \nd"),
            (" > not a quote\n From", DelSp::No, " > not a quote\nFrom"),
            ("text\n-- \nname", DelSp::No, "text\n-- \nname"),
            ("text \n-- \nname", DelSp::No, "text \n-- \nname"),
            ("\n\na", DelSp::No, "\n\na"),
        ] {
            assert_eq!(unfold(text, delsp), wanted, "{text:?}");
        }
    }
}
