//! Who is who: every address belongs to one person, however many channels they write from. People are made one by a mail address
//! that a service vouches for, or by a code; never by what somebody merely claims.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::backend::{Arg, Sql, Tx, bulk, json, sql};
use super::{Store, StoreError};
use crate::domain::{Changes, Link, Person, PersonChange, Probe, Timestamp};

const HOUR_MS: i64 = 3_600_000;

const MEET: Sql = bulk!(
    "INSERT INTO identities (address, requester_id, proof, linked_at)
     SELECT value->>'address', CAST(value->>'id' AS BIGINT), value->>'proof', $2 FROM " ROWS " WHERE true
     ON CONFLICT (address) DO NOTHING"
);
const BEGIN: Sql = bulk!(
    "INSERT INTO requesters (id, created_at)
     SELECT DISTINCT identities.requester_id, $2 FROM " ROWS " AS r JOIN identities ON identities.address = r.value->>'address' WHERE true
     ON CONFLICT (id) DO NOTHING"
);
// SQLite has one writer.
const LOCK: Sql = sql!(
    sqlite: "SELECT CAST(0 AS BIGINT)",
    postgres: "SELECT CAST(0 AS BIGINT) FROM (SELECT pg_advisory_xact_lock(7305115)) AS locked"
);
const OWNERS: Sql = bulk!(
    "SELECT r.value->>'address', identities.requester_id FROM " ROWS " AS r
     JOIN identities ON identities.address = r.value->>'address'"
);
const MOVE: Sql = sql!("UPDATE identities SET requester_id = $1, proof = $3, linked_at = $4 WHERE requester_id = $2");
const KEEP_LANGUAGE: Sql = sql!(
    "UPDATE requesters SET language = COALESCE(language, (SELECT other.language FROM requesters AS other WHERE other.id = $2))
     WHERE id = $1"
);
const END: Sql = sql!("DELETE FROM requesters WHERE id = $1");
const SPEAKS: Sql =
    sql!("UPDATE requesters SET language = $2 WHERE id IN (SELECT requester_id FROM identities WHERE address = $1)");
const END_CODES: Sql = sql!("DELETE FROM link_codes WHERE (address = $1 AND used_at IS NULL) OR expires_at <= $2");
const ADD_CODE: Sql = sql!(
    "INSERT INTO link_codes (code_hash, address, expires_at) VALUES ($1, $2, $3) ON CONFLICT (code_hash) DO NOTHING"
);
const USE_CODE: Sql =
    sql!("UPDATE link_codes SET used_at = $2 WHERE code_hash = $1 AND used_at IS NULL AND expires_at > $2");
const ADD_TRY: Sql =
    sql!("INSERT INTO link_tries (address, nth, tried_at) VALUES ($1, $2, $3) ON CONFLICT (address, nth) DO NOTHING");
const ADDRESSES: Sql = bulk!(
    "SELECT identities.requester_id, identities.address, requesters.language FROM " ROWS " AS r
     JOIN identities ON identities.requester_id = CAST(r.value->>'id' AS BIGINT)
     LEFT JOIN requesters ON requesters.id = identities.requester_id
     ORDER BY identities.requester_id, identities.address"
);
const CODES: Sql = bulk!(
    "SELECT r.value->>'address', link_codes.address FROM " ROWS " AS r
     JOIN link_codes ON link_codes.code_hash = r.value->>'address'
     WHERE link_codes.used_at IS NULL AND link_codes.expires_at > $2"
);
const TRIES: Sql = bulk!(
    "SELECT link_tries.address, COALESCE(MAX(link_tries.nth), 0),
            COALESCE(SUM(CASE WHEN link_tries.tried_at > $2 THEN 1 ELSE 0 END), 0)
     FROM " ROWS " AS r JOIN link_tries ON link_tries.address = r.value->>'address'
     GROUP BY link_tries.address"
);

#[derive(Serialize)]
struct AddressRow<'a> {
    address: &'a str,
    id: i64,
    proof: &'a str,
}

impl<'a> AddressRow<'a> {
    const fn named(address: &'a str) -> Self {
        Self { address, id: 0, proof: "" }
    }
}

/// Writes what `batch` learnt; `false` when a code was used up or tried meanwhile.
pub(super) async fn write(tx: &mut Tx, batch: &[Changes], now: Timestamp) -> Result<bool, StoreError> {
    let learnt: Vec<&PersonChange> = batch.iter().flat_map(|changes| &changes.people).collect();
    if learnt.is_empty() {
        return Ok(true);
    }
    meet(tx, &learnt, now).await?;
    for change in learnt {
        let taken = match change {
            PersonChange::Met { .. } => true,
            PersonChange::Same { addresses, proof, .. } => {
                join(tx, addresses, proof, now).await?;
                true
            }
            PersonChange::Speaks { address, language } => {
                let language = language.map(crate::domain::Language::as_str);
                tx.execute(SPEAKS, [Arg::Text(address), Arg::MaybeText(language)]).await?;
                true
            }
            PersonChange::Code { address, code, expires_at } => {
                tx.execute(END_CODES, [Arg::Text(address), Arg::Int(now.0)]).await?;
                tx.execute(ADD_CODE, [Arg::Text(code), Arg::Text(address), Arg::Int(expires_at.0)]).await? == 1
            }
            PersonChange::Tried { address, nth } => {
                let args = [Arg::Text(address), Arg::Int(i64::from(*nth)), Arg::Int(now.0)];
                tx.execute(ADD_TRY, args).await? == 1
            }
            PersonChange::Used { code } => tx.execute(USE_CODE, [Arg::Text(code), Arg::Int(now.0)]).await? == 1,
        };
        if !taken {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Every address gets a person, in one order for all writers.
async fn meet(tx: &mut Tx, learnt: &[&PersonChange], now: Timestamp) -> Result<(), StoreError> {
    let mut met: BTreeMap<&str, AddressRow<'_>> = BTreeMap::new();
    for change in learnt {
        let (id, addresses, proof) = match change {
            PersonChange::Met { inbox_id, address } => (inbox_id.0, std::slice::from_ref(address), "wrote"),
            PersonChange::Same { inbox_id, addresses, proof } => (inbox_id.0, addresses.as_slice(), proof.as_str()),
            PersonChange::Speaks { .. }
            | PersonChange::Code { .. }
            | PersonChange::Tried { .. }
            | PersonChange::Used { .. } => continue,
        };
        for address in addresses {
            met.entry(address).or_insert(AddressRow { address, id, proof });
        }
    }
    if met.is_empty() {
        return Ok(());
    }
    let rows: Vec<AddressRow<'_>> = met.into_values().collect();
    tx.execute(MEET, [json(&rows)?, Arg::Int(now.0)]).await?;
    tx.execute(BEGIN, [json(&rows)?, Arg::Int(now.0)]).await?;
    Ok(())
}

/// The people behind `addresses`, who are all known, become the one met first.
async fn join(tx: &mut Tx, addresses: &[String], proof: &str, now: Timestamp) -> Result<(), StoreError> {
    tx.fetch::<(i64,)>(LOCK, []).await?;
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let people: BTreeSet<i64> = owners(tx, &addresses).await?.into_values().collect();
    let mut people = people.into_iter();
    let Some(first) = people.next() else { return Ok(()) };
    for other in people {
        tx.execute(MOVE, [Arg::Int(first), Arg::Int(other), Arg::Text(proof), Arg::Int(now.0)]).await?;
        tx.execute(KEEP_LANGUAGE, [Arg::Int(first), Arg::Int(other)]).await?;
        tx.execute(END, [Arg::Int(other)]).await?;
    }
    Ok(())
}

async fn owners(tx: &mut Tx, addresses: &[&str]) -> Result<HashMap<String, i64>, StoreError> {
    let distinct: BTreeSet<&str> = addresses.iter().copied().filter(|address| !address.is_empty()).collect();
    if distinct.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<AddressRow<'_>> = distinct.into_iter().map(AddressRow::named).collect();
    Ok(tx.fetch::<(String, i64)>(OWNERS, [json(&rows)?]).await?.into_iter().collect())
}

/// The person behind each probe: the one its address or the mail address vouched for belongs to, with both among the addresses;
/// and whether a mail address is vouched for that is not noted as theirs.
pub(super) async fn of(tx: &mut Tx, probes: &[Probe]) -> Result<Vec<(Option<Person>, bool)>, StoreError> {
    let given = probes.iter().flat_map(|probe| std::iter::once(&probe.sender).chain(&probe.verified_mail));
    let given: Vec<&str> = given.map(String::as_str).collect();
    let owners = owners(tx, &given).await?;
    let people = load(tx, owners.values().copied().collect()).await?;
    let person = |probe: &Probe| {
        let [sender, mail] =
            [Some(&probe.sender), probe.verified_mail.as_ref()].map(|address| owners.get(address?).copied());
        let anew = probe.verified_mail.is_some() && (sender.is_none() || sender != mail);
        (person_of(probe, [sender, mail], &people), anew)
    };
    Ok(probes.iter().map(person).collect())
}

fn person_of(probe: &Probe, ids: [Option<i64>; 2], people: &HashMap<i64, Person>) -> Option<Person> {
    let mut found = ids.into_iter().flatten().filter_map(|id| people.get(&id));
    let mut person = found.next()?.clone();
    for other in found.filter(|other| other.id != person.id).cloned().collect::<Vec<_>>() {
        person.id = person.id.min(other.id);
        person.addresses.extend(other.addresses);
        person.language = person.language.or(other.language);
    }
    for address in std::iter::once(&probe.sender).chain(&probe.verified_mail) {
        if !person.addresses.contains(address) {
            person.addresses.push(address.clone());
        }
    }
    person.addresses.sort();
    Some(person)
}

async fn load(tx: &mut Tx, ids: BTreeSet<i64>) -> Result<HashMap<i64, Person>, StoreError> {
    let mut people: HashMap<i64, Person> = HashMap::new();
    if ids.is_empty() {
        return Ok(people);
    }
    let rows: Vec<super::raw::IdRow> = ids.into_iter().map(|id| super::raw::IdRow { id }).collect();
    for (id, address, language) in tx.fetch::<(i64, String, Option<String>)>(ADDRESSES, [json(&rows)?]).await? {
        let person = people.entry(id).or_insert_with(|| Person { id, ..Person::default() });
        person.addresses.push(address);
        // A language this program does not know follows the message.
        person.language = language.and_then(|language| language.parse().ok());
    }
    Ok(people)
}

/// What is known of the codes that were typed, for the probes that have one.
pub(super) async fn links(
    tx: &mut Tx,
    probes: &[Probe],
    people: &[(Option<Person>, bool)],
    now: Timestamp,
) -> Result<Vec<Link>, StoreError> {
    let mut links = vec![Link::default(); probes.len()];
    if probes.iter().all(|probe| probe.code.is_none()) {
        return Ok(links);
    }
    let typed: Vec<AddressRow<'_>> =
        probes.iter().filter_map(|probe| probe.code.as_deref()).map(AddressRow::named).collect();
    let owners: HashMap<String, String> =
        tx.fetch(CODES, [json(&typed)?, Arg::Int(now.0)]).await?.into_iter().collect();
    let theirs: Vec<Vec<&str>> = probes
        .iter()
        .zip(people)
        .map(|(probe, (person, _))| {
            person.as_ref().map_or_else(
                || vec![probe.sender.as_str()],
                |person| person.addresses.iter().map(String::as_str).collect(),
            )
        })
        .collect();
    let distinct: BTreeSet<&str> = theirs.iter().flatten().copied().collect();
    let rows: Vec<AddressRow<'_>> = distinct.into_iter().map(AddressRow::named).collect();
    let tries: Vec<(String, i64, i64)> = tx.fetch(TRIES, [json(&rows)?, Arg::Int(now.plus_ms(-HOUR_MS).0)]).await?;
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    for ((probe, link), theirs) in probes.iter().zip(&mut links).zip(theirs) {
        link.owner = probe.code.as_ref().and_then(|code| owners.get(code)).cloned();
        for (address, nth, within_hour) in &tries {
            if theirs.contains(&address.as_str()) {
                link.tries_within_hour = link.tries_within_hour.saturating_add(count(*within_hour));
            }
            if *address == probe.sender {
                link.tries = count(*nth);
            }
        }
    }
    Ok(links)
}

impl Store {
    /// The person `address` belongs to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn person(&self, address: &str) -> Result<Option<Person>, StoreError> {
        let probe = Probe { sender: address.to_lowercase(), ..Probe::default() };
        let mut tx = self.backend.read().await?;
        let found = of(&mut tx, &[probe]).await?;
        tx.commit().await?;
        Ok(found.into_iter().next().and_then(|(person, _)| person))
    }
}
