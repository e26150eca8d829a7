//! Mails people and machines write to a desk.

/// One mail. What is empty is left out.
#[derive(Clone, Debug, Default)]
pub struct Letter {
    pub from: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub id: String,
    pub answers: String,
    /// Whole header lines, each with its CRLF.
    pub headers: String,
}

impl Letter {
    /// A request nobody has an article for.
    pub fn request(number: usize) -> Self {
        Self {
            from: format!("u{number}@sink.test"),
            to: "desk@example.test".to_owned(),
            subject: format!("case-{number:06}"),
            text: format!("Please prepare the meeting room {number} for our visitors."),
            id: format!("{number}.case@sink.test"),
            ..Self::default()
        }
    }

    /// An out-of-office reply to nothing.
    pub fn out_of_office(number: usize) -> Self {
        let headers = "Auto-Submitted: auto-replied\r\n".to_owned();
        Self { subject: format!("Out of office case-{number:06}"), headers, ..Self::request(number) }
    }

    /// A bounce of a mail this desk never sent.
    pub fn bounce(number: usize) -> Self {
        Self {
            from: "MAILER-DAEMON@mx.sink.test".to_owned(),
            subject: format!("Undelivered Mail Returned to Sender case-{number:06}"),
            text: format!("<u{number}@sink.test>: 550 5.1.1 no such user\r\n"),
            headers: "Return-Path: <>\r\nAuto-Submitted: auto-replied\r\n".to_owned(),
            ..Self::request(number)
        }
    }

    pub fn raw(&self) -> Vec<u8> {
        let mut text = String::new();
        let named = [("From", &self.from), ("To", &self.to), ("Subject", &self.subject)];
        for (name, value) in named.into_iter().filter(|(_, value)| !value.is_empty()) {
            text.extend([name, ": ", value, "\r\n"]);
        }
        text.push_str("Date: Thu, 19 Nov 2026 09:30:00 +0900\r\n");
        for (name, id) in [("Message-ID", &self.id), ("In-Reply-To", &self.answers), ("References", &self.answers)] {
            if !id.is_empty() {
                text.extend([name, ": <", id, ">\r\n"]);
            }
        }
        text.push_str(&self.headers);
        text.push_str("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
        text.push_str(&self.text);
        text.push_str("\r\n");
        text.into_bytes()
    }
}

/// The first header `name` of a mail as it was sent, unfolded; empty when there is none.
pub fn header(mail: &str, name: &str) -> String {
    let head = mail.split("\r\n\r\n").next().unwrap_or_default();
    let head =
        head.split("\n\n").next().unwrap_or_default().replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let wanted = format!("{}:", name.to_lowercase());
    let line = head.lines().find(|line| line.to_lowercase().starts_with(&wanted));
    line.map_or(String::new(), |line| line[wanted.len()..].trim().to_owned())
}

/// The Message-ID of a mail, without its brackets.
pub fn message_id(mail: &str) -> String {
    header(mail, "Message-ID").trim_matches(['<', '>']).to_owned()
}
