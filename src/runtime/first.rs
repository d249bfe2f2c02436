//! The first picture of a start from a kept cube, out before events are read and the rows that live changes replace. Owns
//! what of it is not told yet; whatever live changes touch waits for the picture after it.

use std::sync::Arc;

use crate::engine::Engine;
use crate::snapshot::FeedState;
use crate::sources::replay::{self, seconds_of_day};

use super::{Publisher, real_clock, shift_secs};

/// What makes it, from a cube without rows.
pub(super) fn publisher(mut engine: Engine) -> Publisher {
    let site = Arc::clone(engine.site());
    let begins = replay::beginning(&site, seconds_of_day(&site));
    // The files alone tell of these what was so before the last changes came.
    engine.tell_nothing_of(|table| match begins {
        Some(_) => replay::brings(&site, table),
        None => site.is_fed(&table.id),
    });
    let mut publisher = Publisher::new(engine, begins.map_or_else(real_clock, |(_, clock)| clock));
    publisher.is_whole = false;
    publisher.shift_secs = begins.map_or(0, |(day, _)| shift_secs(&site, day));
    let since_secs = jiff::Timestamp::now().as_second();
    let feeds = site.feeds.sources.iter();
    publisher.feeds = feeds.map(|meta| FeedState::connecting(&meta.id, &meta.name, since_secs)).collect();
    publisher.live.running = begins.is_some() || !publisher.feeds.is_empty();
    publisher
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Instant;

    use super::*;
    use crate::engine::{Depth, build};
    use crate::privacy::shown::Shown;
    use crate::site::areas::AreaId;
    use crate::snapshot::{Clock, Reading, Snapshot};
    use crate::sources::SourceEvent;
    use crate::sources::replay::{Replay, whole};

    /// The first picture of the sample and the whole one, of the same instant in the middle of its day.
    fn pictures() -> (Snapshot, Snapshot) {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data/pingshan");
        let site = Arc::new(crate::site::load(&dir).unwrap().0);
        let engine = build(Arc::clone(&site), Depth::Needed, &|_, _| {}).unwrap();
        let mut replay = Replay::open(&site, 11 * 3600).unwrap();
        let clock = Clock { data_secs: replay.clock().data_secs, since: Instant::now(), speed: 0.0 };
        let mut first = publisher(engine.without_rows());
        first.clock = clock;
        let first_picture = first.snapshot();
        let mut publisher = Publisher::new(engine, clock);
        publisher.go_on_from(first);
        for batch in replay.due(whole(clock.data_secs)) {
            publisher.take(SourceEvent::Batch(batch));
        }
        (first_picture, publisher.snapshot())
    }

    #[test]
    fn it_tells_what_the_whole_picture_tells_and_nothing_that_changes_would_make_another() {
        let (first, whole) = pictures();
        assert!(!first.is_whole && first.events.open.is_empty() && first.times.is_none());
        assert!(whole.is_whole && !whole.events.open.is_empty() && whole.revision > first.revision);
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data/pingshan");
        let site = crate::site::load(&dir).unwrap().0;
        let touched: Vec<&str> = site
            .tables()
            .map(|(_, table)| table)
            .filter(|t| replay::brings(&site, t))
            .map(|t| &*t.id)
            .collect();
        assert_eq!(touched, ["event", "hazard", "appeal_order"]);
        let mut unread = 0;
        for (index, row) in site.indicators.iter().enumerate() {
            let sides = std::iter::once(&row.numerator).chain(&row.denominator);
            let waits = sides.into_iter().any(|side| touched.contains(&&*side.table));
            unread += usize::from(waits);
            for (area, _) in site.areas.iter().take(first.figures.readings[index].len()) {
                let (told, expected) = (first.reading(index, area), whole.reading(index, area));
                if !waits {
                    assert_eq!(told, expected, "{} {area:?}", row.id);
                } else if expected.value == Shown::TooFine {
                    assert_eq!(told.value, expected.value, "{} {area:?}", row.id);
                } else {
                    assert_eq!(told, Reading::UNREAD, "{} {area:?}", row.id);
                }
            }
            let of = |picture: &Snapshot| picture.series.series(index, &[AreaId::ROOT], picture.now_secs, 6);
            let (told, expected) = (of(&first), of(&whole));
            if waits {
                assert!(told[0].points.iter().all(|point| point.value == Shown::Unread), "{}", row.id);
            } else {
                assert_eq!(told, expected, "{}", row.id);
            }
        }
        assert!(unread > 5 && unread < site.indicators.len() / 2, "{unread}");
        // What waits is not late, and not current either.
        let late = |picture: &Snapshot| picture.freshness.sources.iter().filter(|s| s.late).count();
        assert_eq!(late(&first), late(&whole));
        assert_eq!(first.freshness.current + unread, whole.freshness.current);
    }
}
