//! A desk with the shipped content, a chat service that is played, and a clock that is set.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use madoguchi::app;
use madoguchi::classify::Engine;
use madoguchi::clock::Clock;
use madoguchi::config::Config;
use madoguchi::connectors::scripted::{self, Line, Post};
use madoguchi::domain::catalog::TriageRoom;
use madoguchi::domain::*;
use madoguchi::store::{Page, Sending, Store, TicketFilter, TicketMessage};
use madoguchi::telemetry::Metrics;
use madoguchi::workers::deliver::Deliverer;
use madoguchi::workers::handle::{Handler, Takes};
use madoguchi::workers::live::{Live, Rules};
use madoguchi::workers::outlet::Outlet;
use madoguchi::workers::read::Reader;

use super::script::{Script, Turn};

const SOURCE: &str = "chat";
const HOLD_MS: i64 = 4_000;
/// Tuesday 24 November 2026, 10:00 in Tokyo.
const START: Timestamp = Timestamp(1_795_482_000_000);
const MAILBOX: &str = "[[mailboxes]]\nname = \"support\"\naddress = \"support@desk.example\"\n";

/// What came of a turn. Tickets are named by the order they were opened in: `T-A`, `T-B`.
#[derive(Debug, Default)]
pub struct Happened {
    pub answers: Vec<String>,
    pub tickets: Vec<String>,
    pub fates: Vec<String>,
    pub history: Vec<String>,
    pub reads: Vec<String>,
    pub trace: Vec<String>,
}

pub struct Stage<'a> {
    script: &'a Script,
    store: Arc<Store>,
    clock: Clock,
    handler: Handler,
    deliverer: Deliverer,
    chat: Arc<scripted::Stage>,
    /// What is there already: posts as they were, mails, inbox rows.
    seen: (Vec<Post>, usize, Option<InboxId>),
    /// Every post in every form it ever had: screens are not always refreshed.
    ever: Vec<Post>,
    mails: Vec<Outbound>,
    lines: usize,
    waits_for_next: bool,
    _dir: tempfile::TempDir,
}

/// The shipped content, with a room for agents in the played chat service.
fn live() -> Live {
    static LIVE: OnceLock<Live> = OnceLock::new();
    LIVE.get_or_init(|| {
        let config = Config::parse(Path::new("conversations.toml"), MAILBOX, &[]).unwrap();
        let mut catalog = app::catalog(&config).unwrap();
        let room = TriageRoom { channel: Channel::Web, source: SOURCE.into(), room: "#triage".into() };
        catalog.desk.triage.push(room);
        let engine = Engine::build(&catalog).unwrap();
        Live::new(Rules { catalog, engine, model: 0 })
    })
    .clone()
}

impl<'a> Stage<'a> {
    pub async fn open(script: &'a Script) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/desk.db", dir.path().display());
        let store = Arc::new(Store::open(&url, dir.path()).await.unwrap());
        let (clock, metrics) = (Clock::fixed(START), Metrics::new());
        let keyring = Keyring::new(vec![(1, b"conversations".to_vec())]);
        let reader = Arc::new(Reader {
            policies: BTreeMap::new(),
            keyring: keyring.clone(),
            scanner: None,
            store: store.clone(),
            alerts: Vec::new(),
            slack: None,
            discord: None,
        });
        let chat = Arc::new(scripted::Stage::default());
        let handler = Handler {
            store: store.clone(),
            live: live(),
            reader,
            keyring,
            clock: clock.clone(),
            metrics: metrics.clone(),
            owner: "handle".into(),
            batch: 10,
            takes: Takes::All,
            undecided: tokio::sync::Mutex::default(),
        };
        let deliverer = Deliverer {
            keeps_copies: false,
            store: store.clone(),
            source: SOURCE.into(),
            outlet: Outlet::Scripted(chat.clone()),
            clock: clock.clone(),
            metrics,
            owner: "deliver".into(),
        };
        let seen = (Vec::new(), 0, None);
        Self {
            script,
            store,
            clock,
            handler,
            deliverer,
            chat,
            seen,
            ever: Vec::new(),
            mails: Vec::new(),
            lines: 0,
            waits_for_next: false,
            _dir: dir,
        }
    }

    /// Plays one turn; `None` when the desk does not look before the next.
    pub async fn play(&mut self, turn: &Turn) -> Result<Option<Happened>, String> {
        let wait_s = turn.wait_s.unwrap_or(if self.waits_for_next { 1 } else { 60 });
        self.clock.set(self.clock.now().plus_ms(wait_s * 1_000));
        let received = self.received(turn).await?;
        self.store.accept(&[received], self.clock.now()).await.unwrap();
        self.waits_for_next = turn.followed_at_once;
        if turn.followed_at_once {
            return Ok(None);
        }
        // What was said at once is out of its hold by then.
        self.clock.set(self.clock.now().plus_ms(HOLD_MS));
        for _ in 0..8 {
            let handled = self.handler.once().await.unwrap();
            let sent = self.deliverer.once().await.unwrap() + self.send_mail().await;
            if handled + sent == 0 {
                return Ok(Some(self.look().await));
            }
        }
        Err("  the desk does not come to rest".to_owned())
    }

    async fn received(&mut self, turn: &Turn) -> Result<Received, String> {
        let now = self.clock.now();
        let person = self.script.people.get(&turn.who).ok_or_else(|| format!("  who is `{}`?", turn.who))?;
        self.lines += 1;
        let id = turn.name.clone().unwrap_or_else(|| format!("line-{}", self.lines));
        let text = self.with_numbers(turn.says.as_deref().unwrap_or_default()).await;
        if turn.place == "mail" {
            let subject = turn.subject.as_deref().unwrap_or_default();
            let raw = format!(
                "From: {} <{}>\r\nTo: support@desk.example\r\nSubject: {subject}\r\nMessage-ID: <{id}@client.example>\r\n\
                 Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n",
                person.name, person.address
            );
            return Ok(Received {
                channel: Channel::Email,
                source: "support".into(),
                external_id: id.clone(),
                conversation: format!("{id}@client.example"),
                raw: raw.into_bytes(),
                full_size_bytes: None,
                arrived_at: now,
                hold_ms: 0,
                stale: false,
            });
        }
        let (act, post) = self.act(turn).await?;
        let post = match (&turn.below, post) {
            (Some(below), None) => self.post_named(below).await,
            (_, post) => post,
        };
        let own = format!("web:{id}");
        let root = match (&post, &turn.below, &turn.edits) {
            (Some(post), ..) => Some(root_of(post)),
            (None, Some(name), _) => Some(format!("web:{name}")),
            (None, None, _) => None,
        };
        let direct = turn.place == "dm";
        let spoken_in = if direct { format!("dm-{}", turn.who) } else { turn.place.clone() };
        let thread = if direct { None } else { Some(root.clone().unwrap_or(own)) };
        let place = Place { room: spoken_in.clone(), thread, direct, triage: turn.place == "#triage" };
        let line = Line {
            id: Some(id),
            user: person.address.clone(),
            name: person.name.clone(),
            room: spoken_in,
            thread: root.filter(|_| !direct),
            text,
            ts: Some(now.plus_ms(-turn.ago_s * 1_000).rfc3339()),
            place: Some(place),
            hold_ms: if act.is_none() { HOLD_MS } else { 0 },
            act,
            verified_mail: person.mail.clone(),
            ..Line::default()
        };
        Ok(scripted::received(&serde_json::to_vec(&line).unwrap(), SOURCE, "", now).unwrap())
    }

    /// What is done beside speaking, and the post it is done to.
    async fn act(&self, turn: &Turn) -> Result<(Option<Act>, Option<Post>), String> {
        let original = |name: &String| format!("web:{name}");
        if let Some(label) = &turn.presses {
            let label = self.with_numbers(label).await;
            let has = |post: &&Post| {
                let here = post.outbound.place.as_ref().is_some_and(|place| shown_room(&place.room) == turn.place);
                here && post.outbound.offers.iter().any(|offer| offer.label == label)
            };
            let posts = self.chat.posts();
            let post = match &turn.below {
                Some(below) => self.post_named(below).await.filter(|post| has(&post)),
                None => posts.iter().rev().find(has).cloned(),
            };
            // A second press finds the button gone from the post: it comes from a screen that was not refreshed.
            let post = post.or_else(|| self.ever.iter().rev().find(has).cloned());
            let post = post.ok_or_else(|| format!("  there is no button `{label}`"))?;
            let button =
                post.outbound.offers.iter().find(|offer| offer.label == label).map(|offer| offer.button.clone());
            let act = button.map(|button| Act::Pressed { ticket: post.outbound.ticket, button });
            return Ok((act, Some(post)));
        }
        let act = if let Some(name) = &turn.edits {
            Some(Act::Edited { original: original(name) })
        } else if let Some(name) = &turn.takes_back {
            Some(Act::Deleted { original: original(name) })
        } else if let Some(slots) = &turn.fills {
            let ticket = match &turn.of {
                Some(name) => self.with_numbers(name).await.parse().ok(),
                None => None,
            };
            Some(Act::Filled { ticket, intent: turn.intent.clone(), slots: slots.clone() })
        } else if let Some(language) = &turn.language {
            Some(Act::Speaks { language: language.parse().ok() })
        } else if let Some(link) = &turn.link {
            let code = match link.as_str() {
                "ask" => None,
                "code" => Some(self.last_code().ok_or("  the desk gave out no code")?),
                typed => Some(typed.to_owned()),
            };
            Some(Act::Links { code })
        } else {
            turn.wants_ticket.then_some(Act::WantsTicket)
        };
        Ok((act, None))
    }

    /// `card T-A`, or nothing when another message is meant.
    async fn post_named(&self, name: &str) -> Option<Post> {
        let ticket: TicketId = self.with_numbers(name.strip_prefix("card ")?).await.parse().ok()?;
        let on_card = |post: &Post| post.outbound.kind == OutboundKind::Notice && post.outbound.ticket == Some(ticket);
        self.chat.posts().into_iter().rev().find(on_card)
    }

    fn last_code(&self) -> Option<String> {
        let is_code = |word: &&str| word.len() == 9 && word.chars().nth(4) == Some('-') && word.is_ascii();
        self.chat
            .posts()
            .iter()
            .rev()
            .find_map(|post| post.outbound.text.split_whitespace().find(is_code).map(str::to_owned))
    }

    async fn send_mail(&mut self) -> usize {
        let now = self.clock.now();
        let route = [Sending { channel: Channel::Email, source: "support".into() }];
        let items = self.store.claim_outbox("mail", [now, now.plus_ms(60_000)], 9, &route).await.unwrap();
        for item in &items {
            self.store.delivered("mail", item.id, now).await.unwrap();
            self.mails.push(item.outbound.clone());
        }
        items.len()
    }

    /// What is different from before.
    async fn look(&mut self) -> Happened {
        let mut happened = Happened::default();
        let posts = self.chat.posts();
        let shows = |post: &&Post| self.script.triage || post.outbound.place.as_ref().is_none_or(|place| !place.triage);
        for (n, post) in posts.iter().enumerate().filter(|(_, post)| shows(post)) {
            match self.seen.0.get(n) {
                None => happened.answers.push(shown(post, "")),
                Some(before) if before != post => happened.answers.push(shown(post, " (changed)")),
                Some(_) => {}
            }
        }
        for mail in &self.mails[self.seen.1..] {
            let to: Vec<&str> = mail.to.iter().chain(&mail.cc).map(|to| to.address.as_str()).collect();
            happened.answers.push(format!("mail to {}: {}", to.join(", "), mail.text.replace('\n', " / ")));
        }
        let rows = self.store.ledger_rows(Page { after: self.seen.2, limit: None }).await.unwrap();
        for row in &rows {
            happened.fates.push(format!("{} {}", row.fate, row.reason).trim().to_owned());
            let decision = self.store.decision_of(row.id).await.unwrap().and_then(|settled| settled.decided);
            for step in decision.into_iter().flat_map(|decided| decided.trace) {
                happened.trace.push(format!("{}: {}", step.check, step.because));
            }
        }
        self.ever.extend(posts.iter().filter(|post| !self.seen.0.contains(post)).cloned());
        self.seen = (posts, self.mails.len(), rows.last().map(|row| row.id).or(self.seen.2));
        let tickets = self.tickets().await;
        for ticket in &tickets {
            let agent = ticket.assignee.as_ref().map_or_else(String::new, |agent| format!(" ({agent})"));
            let into = ticket.merged_into.map_or_else(String::new, |into| format!(" → {into}"));
            happened.tickets.push(format!("{} {}{agent}{into}", ticket.id, ticket.status));
            for event in self.store.ticket_events(ticket.id).await.unwrap() {
                happened.history.push(format!("{} {}: {}", ticket.id, event.actor, event.detail));
            }
            for message in self.store.ticket_messages(ticket.id).await.unwrap() {
                if let TicketMessage::In(message) = message {
                    happened.reads.push(format!("{}: {}", ticket.id, message.text.replace('\n', " / ")));
                }
            }
        }
        let lists = [
            &mut happened.answers,
            &mut happened.tickets,
            &mut happened.history,
            &mut happened.reads,
            &mut happened.trace,
        ];
        for line in lists.into_iter().flatten() {
            *line = with_letters(line, &tickets);
        }
        happened
    }

    /// In the order they were opened.
    async fn tickets(&self) -> Vec<Ticket> {
        let mut tickets: Vec<Ticket> = self
            .store
            .tickets(&TicketFilter::default())
            .await
            .unwrap()
            .into_iter()
            .map(|listed| listed.ticket)
            .collect();
        tickets.sort_by_key(|ticket| ticket.id);
        tickets
    }

    async fn with_numbers(&self, text: &str) -> String {
        let letters = 'A'..='Z';
        letters.zip(self.tickets().await).fold(text.to_owned(), |text, (letter, ticket)| {
            text.replace(&format!("T-{letter}"), &ticket.id.to_string())
        })
    }
}

fn with_letters(line: &str, tickets: &[Ticket]) -> String {
    // From the highest number, so that T-12 is not taken for T-1.
    let named: Vec<(char, &Ticket)> = ('A'..='Z').zip(tickets).collect();
    named
        .iter()
        .rev()
        .fold(line.to_owned(), |line, (letter, ticket)| line.replace(&ticket.id.to_string(), &format!("T-{letter}")))
}

fn shown_room(room: &str) -> String {
    if room.starts_with("dm-") { "dm".to_owned() } else { room.to_owned() }
}

/// The thread a post stands in; itself when it stands in none.
fn root_of(post: &Post) -> String {
    let thread = post.outbound.place.as_ref().and_then(|place| place.thread.clone());
    thread.unwrap_or_else(|| post.reference.clone())
}

/// `#help > m1: text [button] [button]`.
fn shown(post: &Post, mark: &str) -> String {
    let place = post.outbound.place.as_ref();
    let room = place.map_or_else(String::new, |place| shown_room(&place.room));
    let thread = place
        .and_then(|place| place.thread.as_ref())
        .map_or_else(String::new, |thread| format!(" > {}", thread.trim_start_matches("web:")));
    let buttons: Vec<String> = post.outbound.offers.iter().map(|offer| format!(" [{}]", offer.label)).collect();
    let buttons = buttons.concat();
    format!("{room}{thread}{mark}: {}{buttons}", post.outbound.text.replace('\n', " / "))
}
