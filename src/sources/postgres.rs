//! Tables of a PostgreSQL database as rows. Owns the cursor: history and live changes are read by the same keyset
//! query; a notification only says when to look, so a lost one loses nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::DataFrame;
use tokio::sync::Notify;
use tokio_postgres::{AsyncMessage, Client, Config, Row, Statement};

use super::postgres_tls::Tls;
use super::reach::{self, or_stop};
use super::tap::{Source, Tap, Trouble};
use super::{Cursor, Parcel};
use crate::site::datasets::Table;
use crate::site::feeds::PostgresMeta;
use crate::site::text::Message;

const PAGE: &str = include_str!("../../assets/sql/page.sql");
const LEFT: &str = include_str!("../../assets/sql/left.sql");
const CLOCK: &str = include_str!("../../assets/sql/clock.sql");
/// A server that does not answer within the time of a statement and this is gone.
const SILENCE: Duration = Duration::from_secs(5);
/// How often the clock of the server is asked for.
const CLOCK_EVERY: u32 = 12;

/// A database to follow.
#[derive(Debug)]
pub struct Postgres {
    meta: PostgresMeta,
}

/// How far a table was read: transaction and number of the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Place(i64, i64);

impl Place {
    fn read(text: &str) -> Option<Self> {
        let (transaction, change) = text.split_once(':')?;
        Some(Self(transaction.parse().ok()?, change.parse().ok()?))
    }
}

struct Followed {
    table: Table,
    page: Statement,
    place: Place,
}

impl Postgres {
    /// For a declaration.
    #[must_use]
    pub const fn new(meta: PostgresMeta) -> Self {
        Self { meta }
    }

    async fn config(&self, tap: &Tap) -> Result<Config, Trouble> {
        let meta = &self.meta;
        let mut config = Config::new();
        config
            .host(&meta.host)
            .port(meta.port)
            .dbname(&meta.database)
            .user(&meta.user)
            .application_name("onemap")
            .connect_timeout(Duration::from_secs(10))
            .tcp_user_timeout(Duration::from_secs(15))
            .keepalives_idle(Duration::from_secs(15))
            .options(format!(
                "-c statement_timeout={}s -c default_transaction_read_only=on -c TimeZone=UTC -c DateStyle=ISO",
                meta.statement_seconds
            ));
        if let Some(password) = reach::password(tap, &meta.secret()).await? {
            config.password(password);
        }
        Ok(config)
    }

    /// What a statement answers, within its time.
    async fn ask<T>(
        &self,
        tap: &Tap,
        what: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Trouble> {
        let limit = Duration::from_secs(u64::from(self.meta.statement_seconds)) + SILENCE;
        match or_stop(tap.stop(), tokio::time::timeout(limit, what)).await? {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(err)) => Err(told(&err)),
            Err(late) => Err(reach::lost(&late)),
        }
    }

    async fn follow(&self, tap: &mut Tap) -> Result<(), Trouble> {
        let meta = &self.meta;
        let mut config = self.config(tap).await?;
        let tls = if let Some(tls) = &meta.tls {
            config.ssl_mode(tokio_postgres::config::SslMode::Require);
            Some(reach::tls(&tap.site().dir, tls)?)
        } else {
            config.ssl_mode(tokio_postgres::config::SslMode::Disable);
            None
        };
        let limit = Duration::from_secs(12);
        let connecting = tokio::time::timeout(limit, config.connect(Tls::new(tls)));
        let unreached = |err: &dyn std::fmt::Display| reach::unreached(&meta.host, meta.port, err);
        let (client, mut connection) = match or_stop(tap.stop(), connecting).await? {
            Ok(Ok(pair)) => pair,
            Ok(Err(err)) => return Err(unreached(&text_of(&err))),
            Err(late) => return Err(unreached(&late)),
        };
        let wake = Arc::new(Notify::new());
        let woken = Arc::clone(&wake);
        let driver = tokio::spawn(async move {
            while let Some(Ok(message)) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
                if matches!(message, AsyncMessage::Notification(_)) {
                    woken.notify_one();
                }
            }
            // The end of the connection is found by the next statement.
            woken.notify_one();
        });
        let ended = self.read(tap, &client, &wake).await;
        driver.abort();
        ended
    }

    async fn read(&self, tap: &mut Tap, client: &Client, wake: &Notify) -> Result<(), Trouble> {
        // Listening comes first: what changes while history is read wakes us afterwards.
        self.ask(tap, client.batch_execute("LISTEN onemap")).await?;
        let next_transaction = self.look_at_clock(tap, client).await?;
        let mut followed = self.prepare(tap, client, next_transaction).await?;
        let mut done = 0;
        let mut of = 0;
        for table in &followed {
            let query = placed(LEFT, &self.meta.schema, &table.table.id);
            let row = self.ask(tap, client.query_one(&query, &[&table.place.0, &table.place.1])).await?;
            of += row.try_get::<_, i64>(0).map_err(|err| told(&err))?.max(0).cast_unsigned();
        }
        let mut rounds = 0;
        loop {
            for table in &mut followed {
                while self.page(tap, client, table, &mut done).await? {
                    if !tap.is_live() {
                        tap.catching_up(done, Some(of.max(done)));
                    }
                }
            }
            tap.live();
            let poll = Duration::from_secs(u64::from(self.meta.poll_seconds.max(1)));
            let idle = or_stop(tap.stop(), tokio::time::timeout(poll, wake.notified())).await?.is_err();
            rounds += u32::from(idle);
            if idle && rounds.is_multiple_of(CLOCK_EVERY) {
                self.look_at_clock(tap, client).await?;
            }
        }
    }

    async fn look_at_clock(&self, tap: &mut Tap, client: &Client) -> Result<i64, Trouble> {
        let row = self.ask(tap, client.query_one(CLOCK, &[])).await?;
        let (secs, next) = row
            .try_get::<_, i64>(0)
            .and_then(|secs| Ok((secs, row.try_get::<_, i64>(1)?)))
            .map_err(|err| told(&err))?;
        tap.clock_of_source(secs);
        Ok(next)
    }

    async fn prepare(&self, tap: &Tap, client: &Client, next: i64) -> Result<Vec<Followed>, Trouble> {
        let mut out = Vec::new();
        for name in &self.meta.tables {
            let Some(table) = tap.site().table(name) else { continue };
            let columns: Vec<String> =
                table.columns.iter().map(|c| format!("{}::text", quoted(&c.id))).collect();
            let query = placed(PAGE, &self.meta.schema, name)
                .replace("{columns}", &columns.join(", "))
                .replace("{rows}", &self.meta.page_rows.clamp(1, 100_000).to_string());
            let page = self.ask(tap, client.prepare(&query)).await?;
            let mut place = tap.cursor(name).and_then(Place::read).unwrap_or_default();
            if place.0 > next {
                // It was restored into another server, whose transactions count anew.
                log::warn!("{}: {name} is read from its beginning", tap.id());
                place = Place::default();
            }
            out.push(Followed { table: table.clone(), page, place });
        }
        Ok(out)
    }

    /// Reads one page; true where there may be more.
    async fn page(
        &self,
        tap: &mut Tap,
        client: &Client,
        followed: &mut Followed,
        done: &mut u64,
    ) -> Result<bool, Trouble> {
        if tap.stop().is_given() {
            return Err(Trouble::Stopped);
        }
        let Place(transaction, change) = followed.place;
        let rows = self.ask(tap, client.query(&followed.page, &[&transaction, &change])).await?;
        let received = Instant::now();
        let Some(last) = rows.last() else { return Ok(false) };
        let place = place_of(last).map_err(|err| told(&err))?;
        let full = rows.len() >= self.meta.page_rows.clamp(1, 100_000) as usize;
        *done += rows.len() as u64;
        let (frame, versions) = frame(&followed.table, &rows).map_err(|err| told(&err))?;
        let origin = PathBuf::from(tap.id()).join(&followed.table.id);
        let admitted = tap.admit_texts(&followed.table, frame, &origin);
        let versions =
            versions.into_iter().zip(&admitted.kept).filter(|(_, k)| **k).map(|(v, _)| v).collect();
        let cursor = Cursor { name: followed.table.id.clone(), value: format!("{}:{}", place.0, place.1) };
        let parcel = Parcel {
            versions,
            cursor: Some(cursor),
            received,
            ..Parcel::now(&followed.table.id, admitted.rows)
        };
        tap.send(parcel)?;
        followed.place = place;
        // The driver of the connection shares this thread.
        tokio::task::yield_now().await;
        Ok(full)
    }
}

fn placed(query: &str, schema: &str, table: &str) -> String {
    query.replace("{schema}", &quoted(schema)).replace("{table}", &quoted(table))
}

/// A name inside SQL.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn place_of(row: &Row) -> Result<Place, tokio_postgres::Error> {
    Ok(Place(row.try_get(0)?, row.try_get(1)?))
}

fn frame(table: &Table, rows: &[Row]) -> Result<(DataFrame, Vec<i64>), tokio_postgres::Error> {
    let mut versions = Vec::with_capacity(rows.len());
    let mut columns: Vec<Vec<Option<&str>>> =
        table.columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        versions.push(row.try_get::<_, i64>(1)?);
        for (at, column) in columns.iter_mut().enumerate() {
            column.push(row.try_get(at + 2)?);
        }
    }
    let columns = table
        .columns
        .iter()
        .zip(columns)
        .map(|(c, values)| polars::prelude::Column::new(c.id.as_str().into(), values))
        .collect();
    Ok((DataFrame::new(rows.len(), columns).unwrap_or_default(), versions))
}

/// The server's own words where it has some; but those about data (classes 22 and 23) may repeat a value.
fn text_of(err: &tokio_postgres::Error) -> String {
    if let Some(answer) = err.as_db_error() {
        let code = answer.code().code();
        if code.starts_with("22") || code.starts_with("23") {
            return code.to_owned();
        }
        return format!("{} ({})", answer.message(), answer.code().code());
    }
    let source = std::error::Error::source(err).map(|s| format!(": {s}")).unwrap_or_default();
    format!("{err}{source}")
}

fn told(err: &tokio_postgres::Error) -> Trouble {
    if err.as_db_error().is_some() {
        return Trouble::Failed(Message::new("status.feed.query").with("error", text_of(err)));
    }
    reach::lost(&text_of(err))
}

impl Source for Postgres {
    fn run(&mut self, tap: &mut Tap) -> Result<(), Trouble> {
        reach::to_the_end(self.follow(tap))
    }
}
