//! Events over time, as a time bar shows them: counts by hour, and the grave ones from start to end. Owns how they are
//! kept: in small pieces that are shared with the pictures that hold them, so that a batch copies those it touches.

use std::sync::Arc;

use crate::snapshot::{EpochSecs, EventView};

/// Seconds of an hour.
pub const HOUR_SECS: i64 = 3600;

/// Hours of a piece.
const PIECE_HOURS: i64 = 256;

/// Grave events of a piece at most.
const PIECE_SPANS: usize = 256;

/// Events over time, in hours since 1970 and by severity, drills left out, of each kind of object and of all that concern
/// persons together; and the grave ones from start to end. Counts of the whole site only.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    all: Hours,
    /// By the place of the kind in the site's list of object kinds; behind them what concerns persons.
    kinds: Vec<Arc<Hours>>,
    spans: Vec<SpanPiece>,
}

/// Some grave events by their start; never none. It tells of them what a bar asks first, so that the history is not read
/// for every frame.
#[derive(Debug, Clone)]
struct SpanPiece {
    spans: Arc<Vec<Span>>,
    /// When the first of them began.
    first_secs: EpochSecs,
    /// When the last of those ended that have ended.
    last_end_secs: EpochSecs,
    /// The longest of those that have ended.
    longest_secs: EpochSecs,
    /// The first start of one that is open.
    open_since_secs: Option<EpochSecs>,
}

impl SpanPiece {
    fn of(spans: Vec<Span>) -> Self {
        let ended = || spans.iter().filter_map(|span| Some((span.opened_secs, span.closed_secs?)));
        Self {
            first_secs: spans.first().map_or(EpochSecs::MAX, |span| span.opened_secs),
            last_end_secs: ended().map(|(_, closed)| closed).max().unwrap_or(EpochSecs::MIN),
            longest_secs: ended().map(|(opened, closed)| closed - opened).max().unwrap_or(0),
            open_since_secs: spans
                .iter()
                .find(|span| span.closed_secs.is_none())
                .map(|span| span.opened_secs),
            spans: Arc::new(spans),
        }
    }

    /// When the last of them ends, and how long the longest lasts, both at most, where what is open ends at an instant.
    fn reach(&self, now_secs: EpochSecs) -> (EpochSecs, EpochSecs) {
        self.open_since_secs.map_or((self.last_end_secs, self.longest_secs), |since| {
            (self.last_end_secs.max(now_secs), self.longest_secs.max(now_secs - since))
        })
    }
}

/// Counts of some hours, by severity 1 to 4.
type Piece = [[u32; 4]; PIECE_HOURS as usize];

/// Counts per hour.
#[derive(Debug, Clone, Default)]
struct Hours {
    /// The first hour that ever had an event.
    first: Option<i64>,
    /// Number of the first piece.
    first_piece: i64,
    pieces: Vec<Arc<Piece>>,
}

impl Hours {
    fn count(&self, from_secs: EpochSecs, to_secs: EpochSecs) -> [u64; 4] {
        let end = self.first_piece + i64::try_from(self.pieces.len()).unwrap_or(0);
        let limits = (self.first_piece * PIECE_HOURS, end * PIECE_HOURS);
        let hour = |secs: EpochSecs| {
            (secs.div_euclid(HOUR_SECS) + i64::from(secs.rem_euclid(HOUR_SECS) > 0)).clamp(limits.0, limits.1)
        };
        let mut out = [0_u64; 4];
        let (mut at, to) = (hour(from_secs), hour(to_secs));
        while at < to {
            let number = at.div_euclid(PIECE_HOURS);
            let stop = to.min((number + 1) * PIECE_HOURS);
            let place = |hour: i64| usize::try_from(hour - number * PIECE_HOURS).unwrap_or(0);
            let piece = usize::try_from(number - self.first_piece).ok().and_then(|at| self.pieces.get(at));
            for hour in piece.and_then(|piece| piece.get(place(at)..place(stop))).unwrap_or_default() {
                out.iter_mut().zip(hour).for_each(|(sum, count)| *sum += u64::from(*count));
            }
            at = stop;
        }
        out
    }

    fn add(&mut self, hour: i64, severity: u8, by: i64) {
        let number = hour.div_euclid(PIECE_HOURS);
        if self.pieces.is_empty() {
            self.first_piece = number;
        }
        self.first = Some(self.first.map_or(hour, |first| first.min(hour)));
        let empty = || Arc::new([[0; 4]; PIECE_HOURS as usize]);
        let before = usize::try_from(self.first_piece - number).unwrap_or(0);
        if before > 0 {
            self.pieces.splice(0..0, std::iter::repeat_n(empty(), before));
            self.first_piece = number;
        }
        let place = usize::try_from(number - self.first_piece).unwrap_or(0);
        if place >= self.pieces.len() {
            self.pieces.resize(place + 1, empty());
        }
        let within = usize::try_from(hour.rem_euclid(PIECE_HOURS)).unwrap_or(0);
        let class = usize::from(severity.clamp(1, 4)) - 1;
        let piece = self.pieces.get_mut(place).map(Arc::make_mut);
        let count = piece.and_then(|piece| piece.get_mut(within)).and_then(|hour| hour.get_mut(class));
        if let Some(count) = count {
            *count = u32::try_from((i64::from(*count) + by).max(0)).unwrap_or(u32::MAX);
        }
    }

    fn merge(&mut self, other: &Self) {
        for (number, piece) in (other.first_piece..).zip(&other.pieces) {
            for (hour, counts) in (number * PIECE_HOURS..).zip(&**piece) {
                for (severity, count) in (1_u8..).zip(counts).filter(|(_, count)| **count > 0) {
                    self.add(hour, severity, i64::from(*count));
                }
            }
        }
    }
}

/// From this severity on an event is told from its start to its end.
pub const GRAVE: u8 = 3;

/// A grave event from its start to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Start.
    pub opened_secs: EpochSecs,
    /// End; none while it is open.
    pub closed_secs: Option<EpochSecs>,
    /// CAP severity, 3 or 4.
    pub severity: u8,
    /// Kind code.
    pub kind: Arc<str>,
    /// Key.
    pub id: Arc<str>,
}

impl Span {
    /// Of a grave event.
    pub(crate) fn of(event: &EventView) -> Option<Self> {
        (event.severity >= GRAVE).then(|| Self {
            opened_secs: event.opened_secs,
            closed_secs: event.closed_secs,
            severity: event.severity,
            kind: Arc::clone(&event.kind),
            id: Arc::clone(&event.id),
        })
    }
}

impl Timeline {
    /// Events that began from `from_secs` up to and without `to_secs`, by severity. Whole hours: those that begin in the
    /// span.
    #[must_use]
    pub fn count(&self, from_secs: EpochSecs, to_secs: EpochSecs) -> [u64; 4] {
        self.all.count(from_secs, to_secs)
    }

    /// The same of one kind: its place in the site's list of object kinds, or behind them of all that concerns persons.
    #[must_use]
    pub fn count_kind(&self, kind: usize, from_secs: EpochSecs, to_secs: EpochSecs) -> [u64; 4] {
        self.kinds.get(kind).map_or([0; 4], |hours| hours.count(from_secs, to_secs))
    }

    /// Start of the first hour with an event; none where there is none.
    #[must_use]
    pub fn first_secs(&self) -> Option<EpochSecs> {
        self.all.first.map(|hour| hour * HOUR_SECS)
    }

    /// Of the events of severity 3 and 4 that are not over before an instant and begin before another, the longest by
    /// their start, and whether there are more; what is open ends at `now_secs`. Costs little more than what is found:
    /// what is known of a piece says whether it can hold a longer one.
    pub fn longest(
        &self,
        (from_secs, to_secs): (EpochSecs, EpochSecs),
        now_secs: EpochSecs,
        most: usize,
        is_taken: impl Fn(&Span) -> bool,
    ) -> (Vec<&Span>, bool) {
        let end = |span: &Span| span.closed_secs.unwrap_or(now_secs);
        let is_seen = |span: &&Span| span.opened_secs < to_secs && end(span) >= from_secs && is_taken(span);
        let lasts = |span: &&Span| end(span) - span.opened_secs;
        let begun = self.spans.partition_point(|piece| piece.first_secs < to_secs);
        let reach = self.spans.get(..begun).unwrap_or_default().iter();
        let reach =
            reach.map(|piece| (piece.reach(now_secs), piece)).filter(|((end, _), _)| *end >= from_secs);
        let mut pieces: Vec<(EpochSecs, &SpanPiece)> =
            reach.map(|((_, lasts), piece)| (lasts, piece)).collect();
        pieces.sort_by_key(|(lasts, _)| std::cmp::Reverse(*lasts));
        let (mut found, mut are_more) = (Vec::with_capacity(most * 2), false);
        let keep_longest = |found: &mut Vec<&Span>| {
            found.sort_by_key(|span| (std::cmp::Reverse(lasts(span)), span.opened_secs));
            found.truncate(most);
        };
        for (longest, piece) in pieces {
            if found.len() >= most {
                are_more |= found.len() > most;
                keep_longest(&mut found);
                // Nothing in the rest is longer than what was found.
                if are_more && found.last().is_some_and(|least| lasts(least) > longest) {
                    break;
                }
            }
            found.extend(piece.spans.iter().filter(is_seen));
        }
        are_more |= found.len() > most;
        keep_longest(&mut found);
        found.sort_by_key(|span| span.opened_secs);
        (found, are_more)
    }

    /// One more (or, with a minus, one less) event of a kind and a severity that began at an instant.
    pub(crate) fn add(&mut self, opened_secs: EpochSecs, kind: usize, severity: u8, by: i64) {
        // The years 1990 to 2100: a slip of the pen in a year must not make a list of millions of hours.
        const HOURS: std::ops::Range<i64> = 175_320..1_139_592;
        let hour = opened_secs.div_euclid(HOUR_SECS);
        if !HOURS.contains(&hour) {
            return;
        }
        self.all.add(hour, severity, by);
        if kind >= self.kinds.len() {
            self.kinds.resize(kind + 1, Arc::default());
        }
        if let Some(hours) = self.kinds.get_mut(kind) {
            Arc::make_mut(hours).add(hour, severity, by);
        }
    }

    /// Adds another's counts.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.all.merge(&other.all);
        self.kinds.resize(self.kinds.len().max(other.kinds.len()), Arc::default());
        for (hours, more) in self.kinds.iter_mut().zip(&other.kinds) {
            Arc::make_mut(hours).merge(more);
        }
    }

    /// The same counts with these grave events, in any order.
    pub(crate) fn with_spans(mut self, mut spans: Vec<Span>) -> Self {
        spans.sort_by_key(|span| span.opened_secs);
        self.spans = spans.chunks(PIECE_SPANS / 2).map(|piece| SpanPiece::of(piece.to_vec())).collect();
        self
    }

    /// Puts a grave event behind those that began at the same instant.
    pub(crate) fn insert_span(&mut self, span: Span) {
        let opened = span.opened_secs;
        let at = self.spans.partition_point(|piece| piece.first_secs <= opened).saturating_sub(1);
        let Some(piece) = self.spans.get_mut(at) else {
            self.spans.push(SpanPiece::of(vec![span]));
            return;
        };
        let mut spans = std::mem::take(Arc::make_mut(&mut piece.spans));
        spans.insert(spans.partition_point(|other| other.opened_secs <= opened), span);
        let rest = (spans.len() > PIECE_SPANS).then(|| spans.split_off(PIECE_SPANS / 2));
        *piece = SpanPiece::of(spans);
        if let Some(rest) = rest {
            self.spans.insert(at + 1, SpanPiece::of(rest));
        }
    }

    /// Takes out the grave events that began at an instant and have one of some keys.
    pub(crate) fn remove_spans(&mut self, opened_secs: EpochSecs, is_gone: impl Fn(&str) -> bool) {
        let ends_before = |piece: &SpanPiece| piece.spans.last().is_none_or(|s| s.opened_secs < opened_secs);
        let from = self.spans.partition_point(ends_before);
        let is_meant = |span: &Span| span.opened_secs == opened_secs && is_gone(&span.id);
        let reach = self.spans.get_mut(from..).unwrap_or_default();
        for piece in reach.iter_mut().take_while(|piece| piece.first_secs <= opened_secs) {
            if piece.spans.iter().any(is_meant) {
                let mut spans = std::mem::take(Arc::make_mut(&mut piece.spans));
                spans.retain(|span| !is_meant(span));
                *piece = SpanPiece::of(spans);
            }
        }
        self.spans.retain(|piece| !piece.spans.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_are_taken_by_whole_hours_and_can_be_taken_back() {
        let mut line = Timeline::default();
        let start = 500_000 * HOUR_SECS;
        for (secs, kind, severity, by) in
            [(7200, 0, 1, 1), (7300, 2, 4, 1), (100, 1, 2, 1), (10_800, 0, 1, 1), (7300, 2, 4, -1)]
        {
            line.add(start + secs, kind, severity, by);
        }
        assert_eq!(line.first_secs(), Some(start));
        assert_eq!(line.count(start, start + 3600), [0, 1, 0, 0]);
        assert_eq!(line.count(start + 3600, start + 10_800), [1, 0, 0, 0]);
        assert_eq!(line.count(0, i64::MAX), [2, 1, 0, 0]);
        assert_eq!(line.count(i64::MIN / 2, 0), [0; 4]);
        let mut both = line.clone();
        both.merge(&line);
        assert_eq!(both.count(0, i64::MAX), [4, 2, 0, 0]);
        let of_kinds = [0, 1, 2, 3].map(|kind| both.count_kind(kind, 0, i64::MAX));
        assert_eq!(of_kinds, [[4, 0, 0, 0], [0, 2, 0, 0], [0; 4], [0; 4]]);
        line.add(i64::from(u32::MAX) * 1000, 0, 1, 1);
        assert_eq!(line.all.pieces.len(), 1, "an impossible time is left out");
    }

    fn all(line: &Timeline) -> impl Iterator<Item = &Span> {
        line.spans.iter().flat_map(|piece| piece.spans.iter())
    }

    fn span(opened_secs: i64, closed_secs: Option<i64>, id: usize) -> Span {
        Span { opened_secs, closed_secs, severity: 4, kind: "fire".into(), id: format!("e{id}").into() }
    }

    proptest! {
        #[test]
        fn the_longest_are_those_of_a_plain_list(
            loaded in prop::collection::vec((0_i64..900, prop::option::weighted(0.9, 0_i64..60)), 0..900),
            added in prop::collection::vec((0_i64..900, prop::option::of(0_i64..900)), 0..20),
            (from, length) in (-10_i64..910, 0_i64..900),
            most in 1_usize..20,
            one_in in 1_usize..30,
        ) {
            let spans = loaded.into_iter().chain(added.iter().copied()).enumerate();
            let mut spans: Vec<Span> = spans.map(|(id, (at, lasts))| span(at, lasts.map(|l| at + l), id)).collect();
            let late = spans.split_off(spans.len() - added.len());
            let mut line = Timeline::default().with_spans(spans);
            late.into_iter().for_each(|span| line.insert_span(span));
            line.remove_spans(450, |_| true);
            let is_taken = |span: &Span| span.id.len().is_multiple_of(2) || (span.opened_secs as usize).is_multiple_of(one_in);
            let end = |span: &Span| span.closed_secs.unwrap_or(900);
            let mut plain: Vec<&Span> = all(&line)
                .filter(|span| span.opened_secs < from + length && end(span) >= from && is_taken(span))
                .collect();
            let (found, are_more) = line.longest((from, from + length), 900, most, is_taken);
            prop_assert_eq!(are_more, plain.len() > most);
            prop_assert!(found.is_sorted_by_key(|span| span.opened_secs));
            let lasts = |span: &&Span| end(span) - span.opened_secs;
            plain.sort_by_key(|span| std::cmp::Reverse(lasts(span)));
            plain.truncate(most);
            let mut found: Vec<i64> = found.iter().map(lasts).collect();
            found.sort_unstable_by_key(|lasts| std::cmp::Reverse(*lasts));
            prop_assert_eq!(found, plain.iter().map(lasts).collect::<Vec<i64>>());
        }

        #[test]
        fn counts_are_those_of_a_plain_list(
            events in prop::collection::vec((0_i64..2000, 1_u8..=4), 0..60),
            from in -10_i64..2010,
            length in 0_i64..2100,
        ) {
            let hour = |n: i64| (500_000 + n) * HOUR_SECS;
            let mut line = Timeline::default();
            events.iter().for_each(|(at, severity)| line.add(hour(*at) + 17, 0, *severity, 1));
            let in_span = |severity: u8| {
                events.iter().filter(|(at, s)| *s == severity && (from..from + length).contains(at)).count() as u64
            };
            prop_assert_eq!(line.count(hour(from), hour(from + length)), [1, 2, 3, 4].map(in_span));
            prop_assert_eq!(line.first_secs(), events.iter().map(|(at, _)| hour(*at)).min());
        }

        #[test]
        fn grave_events_stay_in_order(
            loaded in prop::collection::vec(0_i64..300, 0..900),
            changes in prop::collection::vec((0_i64..300, any::<bool>()), 0..400),
        ) {
            let mut plain: Vec<Span> = loaded.iter().enumerate().map(|(id, at)| span(*at, None, id)).collect();
            let mut line = Timeline::default().with_spans(plain.clone());
            plain.sort_by_key(|span| span.opened_secs);
            for (number, (at, comes)) in changes.into_iter().enumerate() {
                let held = line.clone();
                let before = plain.clone();
                if comes {
                    let new = span(at, None, 1000 + number);
                    plain.insert(plain.partition_point(|s| s.opened_secs <= at), new.clone());
                    line.insert_span(new);
                } else {
                    let is_gone = |id: &str| id.ends_with(['0', '3', '7']);
                    plain.retain(|s| s.opened_secs != at || !is_gone(&s.id));
                    line.remove_spans(at, is_gone);
                }
                prop_assert!(all(&line).eq(&plain));
                prop_assert!(all(&held).eq(&before), "a picture that is held does not change");
                prop_assert!(line.spans.iter().all(|piece| (1..=PIECE_SPANS).contains(&piece.spans.len())));
            }
        }
    }
}
