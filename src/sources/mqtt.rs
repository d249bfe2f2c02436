//! Messages of an MQTT 5 broker as rows. Owns the session: messages are acknowledged only when their rows are on
//! disk, so that the broker keeps what we have not.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use polars::prelude::DataFrame;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, Packet, Publish};
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};

use super::Parcel;
use super::envelope::{self, Read};
use super::reach;
use super::tap::{Source, Tap, Trouble};
use crate::site::feeds::MqttMeta;
use crate::site::problem::Problem;

/// Rows of one parcel at most.
const MOST_ROWS: usize = 2000;
/// A row waits this long at most for others to share its parcel.
const GATHER: Duration = Duration::from_millis(5);
/// Messages that the broker may send before we acknowledge any.
const IN_FLIGHT: u16 = 20_000;
/// Nothing came for this long after connecting: what had waited at the broker is here.
const QUIET: Duration = Duration::from_millis(200);

/// A broker to follow.
#[derive(Debug)]
pub struct Mqtt {
    meta: MqttMeta,
}

/// What came since the last parcel.
#[derive(Debug, Default)]
struct Gathered {
    /// Per topic of the declaration.
    rows: Vec<Vec<envelope::Row>>,
    /// Packets to acknowledge once all of it is kept.
    packets: VecDeque<u16>,
    since: Option<Instant>,
    newest_sent: Option<i64>,
}

impl Mqtt {
    /// For a declaration.
    #[must_use]
    pub const fn new(meta: MqttMeta) -> Self {
        Self { meta }
    }

    async fn options(&self, tap: &Tap) -> Result<MqttOptions, Trouble> {
        let meta = &self.meta;
        let port = meta.port.unwrap_or(if meta.tls.is_some() { 8883 } else { 1883 });
        let mut options = MqttOptions::new(&meta.client_id, &meta.host, port);
        options.set_keep_alive(Duration::from_secs(meta.keep_alive_seconds.max(5).into()));
        options.set_connection_timeout(10);
        options.set_clean_start(false);
        options.set_session_expiry_interval(Some(meta.session_hours.saturating_mul(3600)));
        options.set_receive_maximum(Some(IN_FLIGHT));
        options.set_max_packet_size(Some(1 << 20));
        options.set_manual_acks(true);
        if let Some(user) = meta.user.clone() {
            options.set_credentials(user, reach::password(tap, &meta.secret()).await?.unwrap_or_default());
        }
        if let Some(tls) = &meta.tls {
            let config = reach::tls(&tap.site().dir, tls)?;
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(config)));
        }
        Ok(options)
    }

    async fn follow(&self, tap: &mut Tap) -> Result<(), Trouble> {
        let options = self.options(tap).await?;
        let (host, port) = options.broker_address();
        let (client, mut events) = AsyncClient::new(options, usize::from(u16::MAX) + 64);
        let mut gathered = self.nothing();
        let mut waiting: VecDeque<(u64, VecDeque<u16>)> = VecDeque::new();
        let (mut connected, mut last) = (None::<i64>, Instant::now());
        let mut came = 0;
        loop {
            if tap.stop().is_given() {
                return Err(Trouble::Stopped);
            }
            // Kept over the looks in between: what is half read or half connected must not be begun anew.
            let mut next = std::pin::pin!(events.poll());
            let event = loop {
                let looked = tokio::time::timeout(GATHER, next.as_mut()).await;
                self.pass_on(tap, &mut gathered, &mut waiting, looked.is_err()).await?;
                acknowledge(tap, &client, &mut waiting);
                match looked {
                    Ok(event) => break event,
                    Err(_) if connected.is_some() && last.elapsed() > QUIET => tap.live(),
                    Err(_) => {}
                }
                if tap.stop().is_given() {
                    return Err(Trouble::Stopped);
                }
            };
            match event {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    let filters = self.meta.topics.iter().map(|t| Filter::new(&t.filter, QoS::AtLeastOnce));
                    client.try_subscribe_many(filters).map_err(|err| reach::lost(&err))?;
                }
                Ok(Event::Incoming(Packet::SubAck(answer))) => {
                    use rumqttc::v5::mqttbytes::v5::SubscribeReasonCode as Code;
                    if let Some(code) = answer.return_codes.iter().find(|c| !matches!(c, Code::Success(_))) {
                        return Err(reach::lost(&format!("{code:?}")));
                    }
                    connected = Some(jiff::Timestamp::now().as_second());
                    last = Instant::now();
                    tap.catching_up(0, None);
                }
                Ok(Event::Incoming(Packet::Publish(message))) => {
                    came += 1;
                    last = Instant::now();
                    self.read(tap, &mut gathered, &message);
                    // What was sent after we connected did not wait for us.
                    let fresh = connected.zip(gathered.newest_sent).is_some_and(|(c, s)| s > c + 1);
                    if fresh {
                        tap.live();
                    } else if came % 1000 == 0 && tap.is_catching_up() {
                        tap.catching_up(came, None);
                    }
                }
                Ok(Event::Incoming(Packet::Disconnect(bye))) => {
                    return Err(reach::lost(&format!("{:?}", bye.reason_code)));
                }
                Ok(_) => {}
                Err(err) if connected.is_none() => return Err(reach::unreached(&host, port, &err)),
                Err(err) => return Err(reach::lost(&err)),
            }
        }
    }

    fn nothing(&self) -> Gathered {
        Gathered { rows: self.meta.topics.iter().map(|_| Vec::new()).collect(), ..Gathered::default() }
    }

    /// A message becomes a row, or is counted as refused or left out; it is acknowledged in any case.
    fn read(&self, tap: &mut Tap, gathered: &mut Gathered, message: &Publish) {
        gathered.since.get_or_insert_with(Instant::now);
        if message.qos != QoS::AtMostOnce {
            gathered.packets.push_back(message.pkid);
        }
        let topic = std::str::from_utf8(&message.topic).unwrap_or_default();
        let place = self.meta.topics.iter().position(|t| rumqttc::matches(topic, &t.filter));
        let Some((place, meta)) = place.and_then(|p| Some((p, self.meta.topics.get(p)?))) else { return };
        let site = std::sync::Arc::clone(tap.site());
        let Some(table) = site.table(&meta.table) else { return };
        match envelope::read(&site, table, &message.payload) {
            Read::Row(row) => {
                gathered.newest_sent = gathered.newest_sent.max(Some(row.sent_secs));
                if let Some(rows) = gathered.rows.get_mut(place) {
                    rows.push(row);
                }
            }
            Read::Excluded => tap.exclude(1),
            Read::Refused(why) => tap.refuse(&Problem::warning(origin(tap, &meta.table), why)),
        }
    }

    /// Hands over what was gathered, when it is much or has waited.
    async fn pass_on(
        &self,
        tap: &mut Tap,
        gathered: &mut Gathered,
        waiting: &mut VecDeque<(u64, VecDeque<u16>)>,
        idle: bool,
    ) -> Result<(), Trouble> {
        let Some(since) = gathered.since else { return Ok(()) };
        let rows: usize = gathered.rows.iter().map(Vec::len).sum();
        if !idle && rows < MOST_ROWS && since.elapsed() < GATHER {
            return Ok(());
        }
        let taken = std::mem::replace(gathered, self.nothing());
        if let Some(sent) = taken.newest_sent {
            let now = jiff::Timestamp::now().as_second();
            // A message from before we were there says nothing about a clock, unless it is from the future.
            if tap.is_live() || sent > now {
                tap.clock_of_source(sent);
            }
        }
        let site = std::sync::Arc::clone(tap.site());
        for (rows, meta) in taken.rows.into_iter().zip(&self.meta.topics) {
            let Some(table) = site.table(&meta.table).filter(|_| !rows.is_empty()) else { continue };
            let height = rows.len();
            let mut columns: Vec<Vec<Option<String>>> =
                table.columns.iter().map(|_| Vec::with_capacity(height)).collect();
            let (mut ids, mut versions) = (Vec::with_capacity(height), Vec::with_capacity(height));
            for row in rows {
                ids.push(row.id);
                versions.push(row.version);
                columns.iter_mut().zip(row.texts).for_each(|(column, text)| column.push(text));
            }
            let columns = table
                .columns
                .iter()
                .zip(columns)
                .map(|(c, values)| polars::prelude::Column::new(c.id.as_str().into(), values))
                .collect();
            let Ok(frame) = DataFrame::new(height, columns) else { continue };
            let origin = origin(tap, &meta.table);
            let admitted = tap.admit_texts(table, frame, &origin);
            let mut kept = admitted.kept.iter();
            ids.retain(|_| kept.next().copied().unwrap_or(false));
            let mut kept = admitted.kept.iter();
            versions.retain(|_| kept.next().copied().unwrap_or(false));
            let parcel = Parcel { ids, versions, received: since, ..Parcel::now(&table.id, admitted.rows) };
            send(tap, parcel).await?;
        }
        if tap.durable() >= tap.sent() {
            // Everything before is kept, and this brought nothing to keep.
            waiting.push_back((0, taken.packets));
        } else {
            waiting.push_back((tap.sent(), taken.packets));
        }
        Ok(())
    }
}

/// Where a message is told to be from.
fn origin(tap: &Tap, table: &str) -> PathBuf {
    PathBuf::from(tap.id()).join(table)
}

/// Hands over a parcel; while the inbox is full nothing more is read, which is how the broker is slowed.
async fn send(tap: &mut Tap, parcel: Parcel) -> Result<(), Trouble> {
    let mut parcel = parcel;
    while let Err(back) = tap.try_send(parcel) {
        parcel = *back;
        tokio::time::sleep(Duration::from_millis(2)).await;
        if tap.stop().is_given() {
            return Err(Trouble::Stopped);
        }
    }
    Ok(())
}

/// Acknowledges what is on disk, in the order it came.
fn acknowledge(tap: &Tap, client: &AsyncClient, waiting: &mut VecDeque<(u64, VecDeque<u16>)>) {
    let durable = tap.durable();
    while let Some((number, packets)) = waiting.front_mut() {
        if *number > durable {
            return;
        }
        while let Some(packet) = packets.front().copied() {
            let publish = Publish { pkid: packet, qos: QoS::AtLeastOnce, ..Publish::default() };
            if client.try_ack(&publish).is_err() {
                return;
            }
            packets.pop_front();
        }
        waiting.pop_front();
    }
}

impl Source for Mqtt {
    fn run(&mut self, tap: &mut Tap) -> Result<(), Trouble> {
        reach::to_the_end(self.follow(tap))
    }
}
