//! Pictures of other times: the same figures as the command line gives, made by a thread for which the newest wish
//! counts, and kept on a shelf that does not grow.

use std::sync::Arc;
use std::time::{Duration, Instant};

use onemap::engine::{self, Engine};
use onemap::moment::{FIRST_PAST_REVISION, Known, Moment};
use onemap::past::{Answer, PastThread, Shelf, Wish};
use onemap::runtime::Publisher;
use onemap::snapshot::{Clock, EventPhase, Figures, Snapshot};
use onemap::time::TimeView;

use crate::common::{day, tiny};

fn live(engine: &Engine) -> Snapshot {
    let data_secs = engine.end_of(engine.present_day()).secs as f64;
    Publisher::new(engine.clone(), Clock { data_secs, since: Instant::now(), speed: 0.0 }).snapshot()
}

fn same(engine: &Engine, picture: &Snapshot, figures: &Figures) {
    for (i, row) in engine.site().indicators.iter().enumerate() {
        for (area, _) in engine.site().areas.iter() {
            assert_eq!(picture.reading(i, area), figures.reading(i, area), "{} at {area:?}", row.id);
        }
    }
}

#[test]
fn a_day_of_the_past_is_what_compute_as_of_gives() {
    let engine = tiny();
    let live = live(engine);
    for text in ["2026-10-31", "2026-07-01", "2026-11-10"] {
        let at = engine.end_of(day(text));
        let picture = live.at(Moment::new(at.secs, Known::Now), FIRST_PAST_REVISION).unwrap();
        same(engine, &picture, &engine.figures(at, &engine.sources(at.secs)));
        assert_eq!((picture.now_secs, picture.is_live()), (at.secs, false));
        let series = picture.vantage(engine.site()).series(0, &[onemap::site::areas::AreaId::ROOT]).remove(0);
        assert!(series.points.iter().all(|point| point.day <= at.day), "no point of the future");
    }
}

#[test]
fn as_known_then_is_what_compute_known_at_gives() {
    let engine = tiny();
    let live = live(engine);
    for (text, known) in [("2026-10-31", "2026-10-31"), ("2026-11-10", "2026-11-05")] {
        let (at, known) = (engine.end_of(day(text)), engine.end_of(day(known)).secs);
        let moment = Moment { at_secs: at.secs, known_at_secs: Some(known) };
        let picture = live.at(moment, FIRST_PAST_REVISION).unwrap();
        let then = engine::build_known_at(Arc::clone(engine.site()), known, &|_, _| {}).unwrap();
        same(engine, &picture, &engine.known_then(&then, at, &then.sources(at.secs)));
        for i in 0..engine.site().indicators.len() {
            for (area, _) in engine.site().areas.iter() {
                let series = picture.vantage(engine.site()).series(i, &[area]).remove(0);
                let last = series.points.last().map(|point| point.value);
                let value = picture.reading(i, area).value;
                assert!(last.is_none_or(|last| last == value), "the series ends with the figure");
            }
        }
        let past = picture.past.as_ref().unwrap();
        let silent = then.problems.iter().filter(|p| p.message.key == "problem.no_arrival").count();
        assert_eq!(past.silent.len(), silent);
    }
}

#[test]
fn events_stand_as_they_stood() {
    let live = live(tiny());
    let all = live.events.timeline.count(0, i64::MAX / 2);
    let from = live.now_secs - 30 * 86_400;
    let mut opened = 0;
    for back in 0..30 {
        let at_secs = live.now_secs - back * 86_400;
        let picture = live.at(Moment::new(at_secs, Known::Now), FIRST_PAST_REVISION).unwrap();
        for event in picture.events.open.iter().map(|e| &**e).chain(picture.events.recent.iter()) {
            assert!(event.opened_secs <= at_secs && event.changed_secs <= at_secs, "{event:?} at {at_secs}");
        }
        assert!(picture.events.open.iter().all(|event| event.phase == EventPhase::Open));
        assert!(picture.events.recent.windows(2).all(|pair| pair[0].changed_secs >= pair[1].changed_secs));
        opened += picture.events.opened_today;
    }
    let counted: u64 = live.events.timeline.count(from, live.now_secs + 1).iter().sum();
    assert_eq!(opened, counted, "days and hours count the same events, of {all:?}");
    let present = live.at(Moment::new(live.now_secs, Known::Now), FIRST_PAST_REVISION).unwrap();
    let ids = |events: &onemap::snapshot::Events| -> Vec<Arc<str>> {
        events.open.iter().map(|event| Arc::clone(&event.id)).collect()
    };
    assert_eq!(ids(&present.events), ids(&live.events), "what is open now is open now");
}

#[test]
fn the_newest_wish_wins_and_nothing_grows() {
    let engine = tiny();
    let from = Arc::new(live(engine));
    let thread = PastThread::start(Arc::new(|| {})).unwrap();
    let mut shelf = Shelf::default();
    let mut time = TimeView::default();
    let zone = &engine.site().zone;
    // More days than the shelf holds, wished for without waiting: a full channel is said again.
    let mut told = 0;
    for back in 1..=60 {
        time.look_at(zone.end_of(engine.present_day() - back));
        let Some(wish) = shelf.wanted(&time, zone, &from) else { panic!("not wished for") };
        shelf.note(&wish);
        while !thread.wish(wish.clone()) {
            told += 1;
            thread.poll().into_iter().for_each(|answer| shelf.take(answer));
            std::thread::yield_now();
        }
    }
    let wanted = time.moment().unwrap();
    let began = Instant::now();
    let mut last = None;
    while last != Some(wanted) {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "the newest wish was not answered; {told} said again"
        );
        let Some(Answer::Picture(picture)) = thread.wait(Duration::from_secs(30)) else {
            panic!("no picture")
        };
        last = picture.past.as_ref().map(|past| past.moment);
        shelf.take(Answer::Picture(picture));
    }
    assert!(shelf.len() <= 40, "{} kept", shelf.len());
    assert_eq!(shelf.shown(&time, &from).past.as_ref().map(|past| past.moment), Some(wanted));
    assert!(shelf.wanted(&time, zone, &from).is_none(), "what is here is not wished for again");
    // Playing asks for the next days beforehand.
    time.playing = true;
    let next = shelf.wanted(&time, zone, &from).map(|wish: Wish| wish.moments).unwrap_or_default();
    assert!(next.len() <= 4 && next.iter().all(|moment| moment.at_secs > wanted.at_secs), "{next:?}");
    time.return_to_live();
    assert!(shelf.shown(&time, &from).is_live());
}
