//! `sources.toml`: where a site's live data comes from and where what arrived is kept. Owns the file's shape; opens
//! no connection and holds no secret, only the names of the places that do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::Site;
use super::problem::nearest;
use super::text::{Bilingual, Message};

/// The whole of `sources.toml`; a site without the file has no live sources.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourcesFile {
    /// Version of the file's shape; 1 today.
    pub format: u32,
    /// Where what arrived is kept.
    #[serde(default)]
    pub journal: JournalMeta,
    /// Sources in the order they are shown.
    #[serde(default, rename = "source")]
    pub sources: Vec<FeedMeta>,
}

impl Default for SourcesFile {
    fn default() -> Self {
        Self { format: 1, journal: JournalMeta::default(), sources: Vec::new() }
    }
}

/// The journal of what arrived.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JournalMeta {
    /// Its folder, relative to the site's; without it a folder of the user's state.
    pub folder: Option<PathBuf>,
    /// Days that every version of a row is kept; of older ones only the newest version of each key stays.
    pub keep_days: u32,
    /// The same is done earlier where the journal grows beyond this.
    pub most_megabytes: u64,
}

impl Default for JournalMeta {
    fn default() -> Self {
        Self { folder: None, keep_days: 30, most_megabytes: 4096 }
    }
}

/// One source: a name and exactly one of the kinds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedMeta {
    /// Short name: thread, log, journal.
    pub id: String,
    /// What a person calls it.
    pub name: Bilingual,
    /// Silent for longer than this, the source is late; without it only the promises of its tables count.
    #[serde(default)]
    pub late_after_minutes: Option<u32>,
    /// Messages from a broker.
    #[serde(default)]
    pub mqtt: Option<MqttMeta>,
    /// Tables of a database.
    #[serde(default)]
    pub postgres: Option<PostgresMeta>,
    /// Files that appear in a folder.
    #[serde(default)]
    pub folder: Option<FolderMeta>,
}

/// An MQTT 5 broker.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MqttMeta {
    /// Host name or address.
    pub host: String,
    /// Port; 8883 with TLS, 1883 without.
    #[serde(default)]
    pub port: Option<u16>,
    /// Name of the session at the broker: the same after every start, different for every wall.
    pub client_id: String,
    /// What is subscribed to.
    #[serde(rename = "topic")]
    pub topics: Vec<TopicMeta>,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: Option<TlsMeta>,
    /// Name to log in with.
    #[serde(default)]
    pub user: Option<String>,
    /// Environment variable that holds the password.
    #[serde(default)]
    pub password_env: Option<String>,
    /// Place of the password in the key ring.
    #[serde(default)]
    pub password_keyring: Option<KeyringMeta>,
    /// Of earlier versions; refused.
    #[serde(default)]
    pub password_file: Option<serde::de::IgnoredAny>,
    /// A broker that says nothing is asked this often whether it is there, and is gone after twice as long; 5 at
    /// least.
    #[serde(default = "keep_alive_seconds")]
    pub keep_alive_seconds: u16,
    /// How long the broker keeps messages for us while we are away.
    #[serde(default = "a_week")]
    pub session_hours: u32,
}

/// A place in the key ring of the operating system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyringMeta {
    /// What the password is for.
    pub service: String,
    /// Whose it is.
    pub account: String,
}

/// Where a source's password is; never the password.
#[derive(Debug, Clone, Copy, Default)]
pub struct SecretMeta<'a> {
    /// Environment variable.
    pub env: Option<&'a String>,
    /// Key ring.
    pub keyring: Option<&'a KeyringMeta>,
}

impl MqttMeta {
    /// Where its password is.
    #[must_use]
    pub const fn secret(&self) -> SecretMeta<'_> {
        SecretMeta { env: self.password_env.as_ref(), keyring: self.password_keyring.as_ref() }
    }
}

impl PostgresMeta {
    /// Where its password is.
    #[must_use]
    pub const fn secret(&self) -> SecretMeta<'_> {
        SecretMeta { env: self.password_env.as_ref(), keyring: self.password_keyring.as_ref() }
    }
}

/// A topic and the table its messages are rows of.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicMeta {
    /// Topic filter.
    pub filter: String,
    /// Table.
    pub table: String,
}

/// Protection of a connection: always with verification.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsMeta {
    /// Certificates (PEM) that may sign the server's; without it those that the machine trusts.
    #[serde(default)]
    pub authorities: Option<PathBuf>,
}

/// A PostgreSQL database, or what speaks its protocol.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresMeta {
    /// Host name or address.
    pub host: String,
    /// Port.
    #[serde(default = "postgres_port")]
    pub port: u16,
    /// Database.
    pub database: String,
    /// Schema that holds the tables.
    #[serde(default = "postgres_schema")]
    pub schema: String,
    /// Tables to follow.
    pub tables: Vec<String>,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: Option<TlsMeta>,
    /// Role to log in with.
    #[serde(default = "reader")]
    pub user: String,
    /// Environment variable that holds the password.
    #[serde(default)]
    pub password_env: Option<String>,
    /// Place of the password in the key ring.
    #[serde(default)]
    pub password_keyring: Option<KeyringMeta>,
    /// Of earlier versions; refused.
    #[serde(default)]
    pub password_file: Option<serde::de::IgnoredAny>,
    /// Rows per step of catching up.
    #[serde(default = "page_rows")]
    pub page_rows: u32,
    /// A statement may take this long.
    #[serde(default = "statement_seconds")]
    pub statement_seconds: u32,
    /// Without any notification the cursor is looked at this often.
    #[serde(default = "poll_seconds")]
    pub poll_seconds: u32,
}

/// A folder that is watched.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderMeta {
    /// The folder, relative to the site's.
    pub path: PathBuf,
    /// Tables it may bring: a file `TABLE.csv`, `TABLE-anything.csv` or `TABLE_anything.csv` is rows of `TABLE`.
    pub tables: Vec<String>,
    /// A file is complete when it has not changed for this long.
    #[serde(default = "quiet_seconds")]
    pub quiet_seconds: f64,
    /// Where the files are records of residents' appeals: what their columns are. One table only.
    #[serde(default)]
    pub appeals: Option<AppealsMeta>,
}

/// Records of residents' appeals, in the column set of 民生诉求 or as Open311 GeoReport v2.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppealsMeta {
    /// Role of a record's columns to the table's column: id, opened, closed, due, area, category, nature, channel,
    /// organisation, severity, steps, status.
    pub columns: BTreeMap<String, String>,
    /// Columns that such records do not have, with the value they get.
    #[serde(default)]
    pub fixed: BTreeMap<String, String>,
    /// Where a record has no time limit: this many days after it was opened, by code of its nature, else of its
    /// category, else `*`, as the site's published rule has it. Without a rule such a record has none.
    #[serde(default)]
    pub due_days: BTreeMap<String, u32>,
    /// Status code of a record that is closed.
    #[serde(default = "closed")]
    pub closed_status: String,
    /// Status code of one that is not.
    #[serde(default = "open")]
    pub open_status: String,
}

/// Roles that a column of appeals can have.
const ROLES: &[&str] = &[
    "id",
    "opened",
    "closed",
    "due",
    "area",
    "category",
    "nature",
    "channel",
    "organisation",
    "severity",
    "steps",
    "status",
];

fn closed() -> String {
    "closed".to_owned()
}
fn open() -> String {
    "open".to_owned()
}
const fn keep_alive_seconds() -> u16 {
    15
}
const fn a_week() -> u32 {
    168
}
const fn postgres_port() -> u16 {
    5432
}
fn postgres_schema() -> String {
    "onemap".to_owned()
}
fn reader() -> String {
    "onemap_reader".to_owned()
}
const fn page_rows() -> u32 {
    5000
}
const fn statement_seconds() -> u32 {
    10
}
const fn poll_seconds() -> u32 {
    5
}
const fn quiet_seconds() -> f64 {
    2.0
}

impl FeedMeta {
    /// The tables this source brings rows of.
    #[must_use]
    pub fn tables(&self) -> Vec<&str> {
        let topics = self.mqtt.iter().flat_map(|m| m.topics.iter().map(|t| t.table.as_str()));
        let database = self.postgres.iter().flat_map(|p| p.tables.iter().map(String::as_str));
        let folder = self.folder.iter().flat_map(|f| f.tables.iter().map(String::as_str));
        topics.chain(database).chain(folder).collect()
    }

    /// Where its password is.
    #[must_use]
    pub fn secret(&self) -> SecretMeta<'_> {
        let mqtt = self.mqtt.as_ref().map(MqttMeta::secret);
        mqtt.or_else(|| self.postgres.as_ref().map(PostgresMeta::secret)).unwrap_or_default()
    }

    /// Whether it names a file with its password, as it could in earlier versions.
    fn has_password_file(&self) -> bool {
        self.mqtt.as_ref().is_some_and(|m| m.password_file.is_some())
            || self.postgres.as_ref().is_some_and(|p| p.password_file.is_some())
    }

    fn kinds(&self) -> usize {
        usize::from(self.mqtt.is_some())
            + usize::from(self.postgres.is_some())
            + usize::from(self.folder.is_some())
    }
}

/// What is wrong between `sources.toml` and the rest of the site: the name to look for, and the message.
pub(super) fn check(site: &Site) -> Vec<(String, Message)> {
    let mut found = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for feed in &site.feeds.sources {
        let told = |message: Message| (feed.id.clone(), message.with("id", &feed.id));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if feed.id.is_empty() || !feed.id.chars().all(plain) {
            found.push(told(Message::new("problem.source_id")));
        }
        if !seen.insert(&feed.id) {
            found.push(told(Message::new("problem.duplicate_id")));
        }
        if feed.kinds() != 1 {
            found.push(told(Message::new("problem.source_kind")));
        }
        let secret = feed.secret();
        if feed.has_password_file() {
            found.push(("password_file".to_owned(), told(Message::new("problem.source_password_file")).1));
        }
        if secret.env.is_some() && secret.keyring.is_some() {
            found.push(("password_keyring".to_owned(), told(Message::new("problem.source_secret")).1));
        }
        let unnamed =
            |k: &KeyringMeta| [&k.service, &k.account].iter().any(|w| w.is_empty() || w.contains('\0'));
        if secret.keyring.is_some_and(unnamed) {
            found.push(("password_keyring".to_owned(), told(Message::new("problem.source_keyring")).1));
        }
        let tables = feed.tables();
        if tables.is_empty() && feed.kinds() == 1 {
            found.push(told(Message::new("problem.source_without_table")));
        }
        if let Some((folder, appeals)) = feed.folder.as_ref().and_then(|f| Some((f, f.appeals.as_ref()?))) {
            for role in appeals.columns.keys().filter(|r| !ROLES.contains(&r.as_str())) {
                let hint = nearest(role, ROLES.iter().copied()).unwrap_or("—");
                found.push((
                    role.clone(),
                    told(Message::new("problem.source_role").with("name", role).with("nearest", hint)).1,
                ));
            }
            let has = |role: &str| appeals.columns.contains_key(role);
            if !(appeals.due_days.is_empty() || has("due") && has("opened")) {
                found.push(("due_days".to_owned(), told(Message::new("problem.source_due_days")).1));
            }
            let declared: Vec<&str> = folder
                .tables
                .iter()
                .filter_map(|t| site.table(t))
                .flat_map(|t| t.columns.iter().map(|c| c.id.as_str()))
                .collect();
            for column in appeals.columns.values().chain(appeals.fixed.keys()) {
                if !declared.contains(&column.as_str()) {
                    let hint = nearest(column, declared.iter().copied()).unwrap_or("—");
                    let message =
                        Message::new("problem.unknown_column").with("name", column).with("nearest", hint);
                    found.push((column.clone(), message.with("table", folder.tables.join(", "))));
                }
            }
        }
        for table in tables {
            if site.table(table).is_none() {
                let hint = nearest(table, site.tables().map(|(_, t)| t.id.as_str())).unwrap_or("—");
                let message = Message::new("problem.source_table").with("name", table).with("nearest", hint);
                found.push((table.to_owned(), message.with("id", &feed.id)));
            }
        }
    }
    found
}
