//! Single lines: blank, quoted, a rule, part of a listing.

/// Lines longer than this are never headers, rules or prompts.
pub(super) const LONG: usize = 400;

pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}'))
}

/// The first line at or after `from` that is not blank.
pub(super) fn next_written(lines: &[&str], from: usize) -> Option<usize> {
    (from..lines.len()).find(|at| !is_blank(lines[*at]))
}

/// How many quote marks a line begins with (RFC 3676 §4.5), the full-width mark of Japanese phones counted too.
pub(super) fn quote_depth(text: &str) -> usize {
    let mut depth = 0;
    for c in text.chars().take(64) {
        match c {
            '>' | '＞' => depth += 1,
            ' ' | '\t' | '\u{a0}' | '\u{feff}' | '\u{200b}' => {}
            _ => break,
        }
    }
    depth
}

/// `| quoted` (Shuriken, some Unix mailers) or `tan> quoted` (initials before the mark).
pub(super) fn is_bar_or_name_quote(text: &str) -> bool {
    if text.starts_with('|') {
        return true;
    }
    let name = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    (1..=8).contains(&name) && text.as_bytes().get(name) == Some(&b'>')
}

/// Marks the lines that are listings whatever they look like: closed code fences, PEM blocks, and the continuation
/// lines of a shell session.
pub(super) fn fixed(lines: &[&str]) -> Vec<bool> {
    let mut fixed = vec![false; lines.len()];
    let mut fence: Option<usize> = None;
    let mut pem: Option<usize> = None;
    for (at, text) in lines.iter().enumerate() {
        let begin = text.trim_start();
        // A long row of waves is the edge of a signature, not of a listing.
        if begin.starts_with("```") || begin.starts_with("~~~") && !begin.starts_with("~~~~~~~~") {
            match fence.take() {
                Some(from) => fixed[from..=at].fill(true),
                None => fence = Some(at),
            }
        } else if begin.starts_with("-----BEGIN ") && !begin.starts_with("-----BEGIN PGP SIG") {
            pem = Some(at);
        } else if begin.starts_with("-----END ")
            && let Some(from) = pem.take()
        {
            fixed[from..=at].fill(true);
        }
    }
    fixed
}

/// Whether the lines `from..to`, which begin with a quote mark, are something else: a shell's continuation prompt, a
/// Python prompt, a conflict mark, a decorated line, a line the writer indented, or, in a mail that has quoted nothing
/// so far, commands typed at a `>` prompt.
pub(super) fn only_looks_quoted(lines: &[&str], from: usize, to: usize, quoted_before: bool) -> bool {
    let block = &lines[from..to];
    let before = from.checked_sub(1).map(|at| lines[at]).filter(|text| !is_blank(text));
    if before.is_some_and(is_prompt) {
        return true;
    }
    let is_decorated = |text: &&str| {
        let text = text.trim();
        text.starts_with(">>>") && (text.ends_with("<<") || text.starts_with(">>>>>>> "))
    };
    let is_python = |text: &&str| text.starts_with(">>> ") && !text[4..].starts_with('>');
    if block.iter().all(|text| is_decorated(text) || is_python(text)) {
        return true;
    }
    if !quoted_before && block.iter().all(|text| is_command(text)) {
        return true;
    }
    let near = |at: Option<usize>| at.and_then(|at| lines.get(at)).is_some_and(|text| text.starts_with(['>', '＞']));
    let is_indented = block.iter().all(|text| text.starts_with([' ', '\t']));
    is_indented && !near(from.checked_sub(1)) && !near(from.checked_sub(2)) && !near(Some(to)) && !near(Some(to + 1))
}

/// `> SELECT 1;`, `> npm install`: a command after one quote mark.
fn is_command(text: &str) -> bool {
    const COMMANDS: &[&str] = &[
        "sudo",
        "cd",
        "ls",
        "cat",
        "grep",
        "npm",
        "git",
        "select",
        "show",
        "const",
        "let",
        "var",
        "print",
        "import",
        "ping",
        "ipconfig",
        "nslookup",
        "dig",
        "curl",
        "ssh",
        "docker",
        "db",
        "use",
        "telnet",
        "tracert",
        "traceroute",
        "dir",
        "echo",
        "help",
        "require",
        "console.log",
        "library",
        "summary",
        "systemctl",
        "openssl",
        "whoami",
        "hostname",
        "set",
        "get",
    ];
    let Some(command) = text.strip_prefix("> ") else { return false };
    let command = command.trim();
    if !command.is_ascii() || command.len() > LONG {
        return false;
    }
    let lower = command.to_ascii_lowercase();
    let word = lower.split([' ', '(', '.', ';']).next().unwrap_or_default();
    let has_syntax =
        command.ends_with([';', '{', '}', ')']) && command.contains(['(', '=', ';']) || command.contains(" <- ");
    has_syntax || (COMMANDS.contains(&word) && !command.ends_with(['.', '?', '!']) && command.split(' ').count() <= 8)
}

/// `user@host:~$ cat <<EOF`, `# mysql`, `PS C:\> dir`: the lines below may begin with the continuation prompt `>`.
fn is_prompt(text: &str) -> bool {
    if text.len() > LONG {
        return false;
    }
    let text = text.trim_start();
    if text.starts_with("PS ") && text.contains("> ") {
        return true;
    }
    if text.contains("<<") && !text.starts_with('<') {
        return true;
    }
    let Some(at) = text.find(['$', '#', '%']) else { return false };
    let (prompt, rest) = (&text[..at], &text[at + 1..]);
    rest.starts_with(' ')
        && rest.trim().len() > 1
        && (prompt.is_empty() || prompt.ends_with(['~', ']', '/', ')', ' ']) || prompt.contains(['@', ':']))
        && !prompt.contains(['。', '、'])
}

/// A rule of one to six different signs, at least six long: `――――`, `＝＝＝＝`, `*-*-*-*`, `┌────`.
pub(in crate::mail) fn is_rule(text: &str) -> bool {
    let text = text.trim();
    if text.len() > LONG || text.starts_with(['>', '＞']) {
        return false;
    }
    let mut distinct: [char; 6] = ['\0'; 6];
    let (mut kinds, mut count) = (0, 0);
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        let is_long_vowel = matches!(c, 'ー' | 'ｰ' | '〜');
        if c.is_alphanumeric() && !is_long_vowel || c == '`' {
            return false;
        }
        if !distinct[..kinds].contains(&c) {
            if kinds == distinct.len() {
                return false;
            }
            distinct[kinds] = c;
            kinds += 1;
        }
        count += 1;
    }
    count >= 6
}

/// A rule as mail programs put it above a quote header: three or more dashes or underscores.
pub(super) fn is_separator(text: &str) -> bool {
    let signs = text.chars().filter(|c| !c.is_whitespace());
    let count = signs.clone().take(LONG).count();
    (3..LONG).contains(&count) && signs.into_iter().all(|c| matches!(c, '-' | '_' | '─' | '—'))
}
