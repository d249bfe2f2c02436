//! A screen's worth of made-up figures on a real site's definitions, for tests. Owns the numbers; they are chosen to
//! show every state a figure can have.

use std::path::Path;
use std::sync::Arc;

use crate::density::{Collected, Pyramid};
use crate::derived::kind::{Kind, Nature};
use crate::panels::{Health, View};
use crate::privacy::shown::{Shown, Why};
use crate::site::Site;
use crate::site::areas::AreaId;
use crate::site::catalogue::Indicator;
use crate::site::text::Lang;
use crate::snapshot::{
    Back, Clock, Coverage, Earlier, EventPhase, EventView, Events, Figures, Freshness, IndicatorIx, Inputs,
    LiveState, Reading, Series, SeriesPoint, SeriesSource, Sides, Slice, Snapshot, SourceState, Status,
};
use crate::state::{AppState, Mode};
use crate::theme::{Sizes, Theme};

/// 2026-11-24T10:31:07+08:00.
pub(crate) const NOW: i64 = 1_795_487_467;

/// The site that tests draw: the tiny one, or another that the environment names.
pub(crate) fn site() -> Site {
    let dir = std::env::var("ONEMAP_TEST_SITE").unwrap_or_else(|_| "tests/sites/tiny".to_owned());
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    crate::site::load(&dir).expect("the test site loads").0
}

/// A number that looks random and never changes.
fn noise(a: usize, b: usize) -> f64 {
    let mixed = (a as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ (b as u64 + 1).wrapping_mul(0xD1B5_4A32_D192_ED03);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((mixed >> 11) as f64) / ((1_u64 << 53) as f64)
}

fn level(indicator: &Indicator, index: usize) -> f64 {
    match indicator.target.as_ref().and_then(|t| t.value) {
        Some(target) => target * (1.0 + (noise(index, 7) - 0.4) * 0.02),
        None if indicator.unit == "%" => 60.0 + 39.0 * noise(index, 3),
        None => 10.0_f64.powf(1.0 + 4.5 * noise(index, 5)).round(),
    }
}

fn reading(site: &Site, index: IndicatorIx, area: usize) -> Reading {
    let indicator = &site.indicators[index];
    let base = level(indicator, index);
    let percent = indicator.unit == "%";
    let depth = site.areas.get(AreaId(area as u32)).level as i32;
    let value = if percent {
        (base + (noise(index, area) - 0.5) * 2.0 * f64::from(depth)).min(100.0)
    } else {
        (base / 5.0_f64.powi(depth) * (0.6 + 0.8 * noise(index, area))).round()
    };
    let half = if percent { 0.2 + 0.5 * f64::from(depth) * noise(area, index) } else { value.sqrt() * 1.96 };
    let hidden = (index + area) % 17 == 11 && depth > 0;
    let missing = index % 23 == 13;
    let late = index % 9 == 4;
    let shown = |v: f64| {
        if missing {
            Shown::Missing
        } else if hidden {
            Shown::Suppressed { below: 10, why: Why::Primary }
        } else {
            Shown::Value(v)
        }
    };
    Reading {
        value: shown(value),
        numerator: shown((value * 12.0).round()),
        denominator: if indicator.denominator.is_some() { shown(1200.0) } else { Shown::Missing },
        status: if missing {
            Status::Missing
        } else if hidden {
            Status::Suppressed
        } else if late {
            Status::Late
        } else {
            Status::Current
        },
        oldest_input: (!missing).then_some(NOW - if late { 86_400 * 4 } else { 3600 * 10 }),
        previous: shown(value * (0.98 + 0.04 * noise(area, index + 3))),
        interval: (!missing && !hidden)
            .then_some((value - half, if percent { (value + half * 0.7).min(100.0) } else { value + half })),
    }
}

/// Series that wander around the reading.
#[derive(Debug)]
struct Wander {
    values: Vec<(f64, bool)>,
    kinds: Vec<(Kind, bool)>,
    readings: Vec<Vec<Reading>>,
}

impl SeriesSource for Wander {
    fn series(
        &self,
        indicator: IndicatorIx,
        areas: &[AreaId],
        until_secs: i64,
        points: usize,
    ) -> Vec<Series> {
        let (base, monthly) = self.values[indicator];
        let day = i32::try_from(until_secs / 86_400).unwrap() - 1;
        let step = if monthly { 30 } else { 1 };
        let points: Vec<SeriesPoint> = (0..points)
            .map(|i| {
                let value = base * (1.0 + (noise(indicator, i) - 0.5) * 0.012);
                let value = if i == 5 { Shown::Missing } else { Shown::Value(value) };
                let day = day - step * (23 - i as i32);
                SeriesPoint { day, value, numerator: value, denominator: Shown::Missing }
            })
            .collect();
        vec![Series { points }; areas.len()]
    }

    fn nature(&self, indicator: IndicatorIx) -> Nature {
        let (kind, adds_up) = self.kinds[indicator];
        Nature { kind, stride: Some(1), days: usize::from(!self.values[indicator].1), adds_up }
    }

    fn over_areas(&self, indicator: IndicatorIx, at_secs: i64) -> Earlier {
        let areas = self.readings[indicator].iter().map(Sides::of).collect();
        Earlier { day: i32::try_from(at_secs / 86_400).unwrap(), areas, is_top_apart: false }
    }

    fn past(&self, indicator: IndicatorIx, at_secs: i64, back: Back) -> Earlier {
        let days = if back == Back::Year { 365 } else { 30 };
        let sides = |reading: &Reading| {
            let before = |shown: Shown| match shown {
                Shown::Value(v) => Shown::Value((v * 0.97).round()),
                other => other,
            };
            let (numerator, denominator) = (before(reading.numerator), before(reading.denominator));
            Sides { value: reading.previous, numerator, denominator }
        };
        let areas = self.readings[indicator].iter().map(sides).collect();
        Earlier { day: i32::try_from(at_secs / 86_400).unwrap() - days, areas, is_top_apart: false }
    }

    fn coverage(&self, _indicator: IndicatorIx, _at_secs: i64) -> Coverage {
        Coverage { steps: Some((29, 30)), is_monthly: false, tables: vec![0, 1] }
    }
}

fn events(site: &Site) -> Events {
    let Some(meta) = &site.meta.events else {
        return Events::default();
    };
    let table = site.table(&meta.table).expect("event table");
    let codes = |column: &str| -> Vec<String> {
        let list = table.column(column).and_then(|c| c.codes.clone()).unwrap_or_default();
        let prefix = format!("code.{list}.");
        site.messages_zh.keys().iter().filter_map(|k| k.strip_prefix(&prefix)).map(str::to_owned).collect()
    };
    let kinds = codes(&meta.kind);
    let areas: Vec<AreaId> = site.areas.iter().filter(|(_, a)| a.level >= 1).map(|(id, _)| id).collect();
    let event = |i: usize| {
        let open = i % 3 != 2;
        EventView {
            id: Arc::from(format!("E{i:04}").as_str()),
            area: areas[(i * 7) % areas.len()],
            kind: Arc::from(kinds[(i * 5) % kinds.len()].as_str()),
            severity: [3, 2, 1, 1, 2, 1, 1, 4, 1, 1][i % 10],
            status: Arc::from(if open {
                meta.open_statuses[i % meta.open_statuses.len()].as_str()
            } else {
                "closed"
            }),
            phase: if open { EventPhase::Open } else { EventPhase::Done },
            organisation: None,
            opened_secs: NOW - 60 * (i as i64 * 2 + 14),
            due_secs: Some(NOW + 3600 - 600 * i as i64),
            changed_secs: NOW - 60 * i as i64 - 20,
            closed_secs: (!open).then_some(NOW - 60 * i as i64 - 20),
            place: None,
            exercise: i == 6,
        }
    };
    let recent: Vec<EventView> = (0..40).map(event).collect();
    let open: Vec<EventView> = recent.iter().filter(|e| e.phase == EventPhase::Open).cloned().collect();
    events_of(site, open, recent)
}

/// Events as an engine would tell them.
pub(crate) fn events_of(site: &Site, mut open: Vec<EventView>, recent: Vec<EventView>) -> Events {
    open.sort_by_key(|event| event.opened_secs);
    let meta = site.meta.events.as_ref().expect("the tiny site has events");
    let mut placed = Collected::default();
    let mut open_in = vec![0; site.areas.len()];
    let mut open_by_severity = [0; 4];
    for event in open.iter().filter(|event| !event.exercise) {
        open_by_severity[usize::from(event.severity - 1)] += 1;
        for level in 0..=site.areas.get(event.area).level {
            open_in[site.areas.ancestor(event.area, level).index()] += 1;
        }
        if let Some(place) = event.place {
            let kind = meta.object_kinds.iter().position(|kind| *kind == *event.kind).unwrap_or(0);
            let kind = u16::try_from(kind).expect("few kinds");
            placed.push(&event.id, place, kind, event.severity, event.phase, event.opened_secs);
        }
    }
    Events {
        open_total: open.len() as u64,
        open_by_severity,
        open_in: open_in.into(),
        cells: Pyramid::new(&meta.object_kinds, 8, &placed, NOW).cells().clone(),
        open: open.into_iter().collect(),
        recent: recent.into(),
        opened_today: 1284,
        timeline: Arc::new(timeline()),
        reports: Arc::default(),
    }
}

/// Events of a year, more by day than by night, and two grave ones.
fn timeline() -> crate::moment::Timeline {
    let mut line = crate::moment::Timeline::default();
    for hour in 0..24 * 365_i64 {
        let opened = NOW - hour * 3600;
        for severity in 1..=4_u8 {
            let many = 12.0 * noise(hour as usize, usize::from(severity)) / 3.0_f64.powi(severity.into());
            let kind = ((hour + i64::from(severity)) % 5) as usize;
            line.add(opened, kind, severity, many as i64);
        }
    }
    for (i, (ago, hours)) in [(200_i64, 60), (30, 12)].into_iter().enumerate() {
        let opened_secs = NOW - ago * 3600;
        let closed_secs = (i == 0).then_some(opened_secs + hours * 3600);
        let (kind, id) = (Arc::from("fire"), Arc::from("G1"));
        line.insert_span(crate::moment::Span { opened_secs, closed_secs, severity: 4, kind, id });
    }
    line
}

fn slices(site: &Site, index: usize, area: usize) -> Vec<Slice> {
    let row = &site.breakdowns[index];
    let share = if area == 0 { 1.0 } else { 0.2 };
    if row.by.is_empty() {
        let value = Shown::Value((9000.0 * share * (1.0 - 0.12 * index as f64).max(0.1)).round());
        return vec![Slice { codes: Vec::new(), value, told_secs: None }];
    }
    let lists: Vec<Vec<String>> = row
        .by
        .iter()
        .map(|column| {
            let list =
                site.table(&row.numerator.table).unwrap().column(column).unwrap().codes.clone().unwrap();
            let prefix = format!("code.{list}.");
            site.messages_zh
                .keys()
                .iter()
                .filter_map(|k| k.strip_prefix(&prefix))
                .map(str::to_owned)
                .collect()
        })
        .collect();
    let mut codes: Vec<Vec<String>> = vec![Vec::new()];
    for list in &lists {
        codes = codes
            .iter()
            .flat_map(|c| list.iter().map(move |l| [c.clone(), vec![l.clone()]].concat()))
            .collect();
    }
    codes
        .into_iter()
        .enumerate()
        .map(|(i, codes)| {
            let small = row.suppress_below > 0 && i % 9 == 7;
            let value = (4000.0 * share * noise(index, i) + 12.0).round();
            let value = if small {
                Shown::Suppressed { below: row.suppress_below, why: Why::Primary }
            } else {
                Shown::Value(value)
            };
            Slice { codes, value, told_secs: None }
        })
        .collect()
}

/// A snapshot of made-up figures.
pub(crate) fn snapshot(site: &Site) -> Snapshot {
    let areas = site.areas.iter().filter(|(_, a)| a.level <= site.figure_level()).count();
    let readings: Vec<Vec<Reading>> =
        (0..site.indicators.len()).map(|i| (0..areas).map(|a| reading(site, i, a)).collect()).collect();
    let slices =
        (0..site.breakdowns.len()).map(|b| (0..areas).map(|a| slices(site, b, a)).collect()).collect();
    // Those that `reading` makes late are three hours late.
    let inputs = (0..site.indicators.len())
        .map(|i| {
            let late = u16::from(i % 9 == 4);
            let expected_secs = Some(if late == 1 { NOW - 3 * 3600 - 1860 } else { NOW + 86_400 });
            Inputs { expected_secs, sources: 2, late, missing: 0, held: 0 }
        })
        .collect();
    let values = site
        .indicators
        .iter()
        .enumerate()
        .map(|(i, row)| (reading(site, i, 0).value.exact().unwrap_or(level(row, i)), i % 2 == 0))
        .collect();
    let kinds = site.indicators.iter().map(|row| match (&row.denominator, row.unit.as_str()) {
        (None, _) => (Kind::Amount, true),
        (Some(_), "%") => (Kind::Share, true),
        (Some(_), _) => (Kind::Rate, true),
    });
    let kinds = kinds.collect();
    let sources = site
        .tables()
        .map(|(dataset, table)| SourceState {
            name: table.id.clone(),
            dataset,
            newest_secs: Some(NOW - 3600),
            due_secs: (dataset == 1).then_some(NOW - 3 * 3600 - 1860),
            late: dataset == 1,
            rows: 1000,
            refused: 0,
            held: None,
            feeds: 0,
            feeds_late: 0,
            feeds_missing: 0,
        })
        .collect();
    Snapshot {
        revision: 1,
        is_whole: true,
        now_secs: NOW,
        shift_secs: 0,
        clock: Clock { data_secs: NOW as f64, since: std::time::Instant::now(), speed: 0.0 },
        events: events(site),
        freshness: Freshness { current: site.indicators.len() - 2, total: site.indicators.len(), sources },
        live: LiveState {
            running: true,
            speed: 10,
            changes: 4321,
            latency_millis: 38.0,
            reached_millis: 12.0,
            oldest_change: None,
            queue: 0,
            resident_mib: 180.0,
        },
        feeds: Arc::from([]),
        texture: Arc::from([]),
        figures: Arc::new(Figures { readings: readings.clone(), slices, inputs, slice_inputs: Vec::new() }),
        series: Arc::new(Wander { values, kinds, readings }),
        past: None,
        times: None,
    }
}

/// Everything a view borrows from.
pub(crate) struct Stage {
    pub(crate) site: Site,
    pub(crate) snapshot: Snapshot,
    pub(crate) state: AppState,
    pub(crate) theme: Theme,
    pub(crate) now_secs: f64,
}

impl Stage {
    /// A stage in a mode and language for a window of a size in points.
    pub(crate) fn new(mode: Mode, lang: Lang, width: f32, height: f32) -> Self {
        let site = site();
        let snapshot = snapshot(&site);
        let state = AppState::new(&site, mode, lang);
        let theme = if mode.is_wall() {
            Theme::dark(Sizes::for_wall(width, height, 1.0, site.meta.room))
        } else {
            Theme::light(Sizes::for_desk())
        };
        Self { site, snapshot, state, theme, now_secs: NOW as f64 + 0.4 }
    }

    /// The view of the stage.
    pub(crate) fn view(&self) -> View<'_> {
        View {
            site: &self.site,
            snapshot: &self.snapshot,
            drawn: None,
            silences: None,
            cover: None,
            state: &self.state,
            text: self.site.messages(self.state.lang),
            theme: &self.theme,
            now_secs: self.now_secs,
            live: &self.snapshot,
            live_secs: self.now_secs,
            past_failed: false,
            health: Health {
                frame_millis: 3.2,
                memory_mib: 180.0,
                changes: 4321,
                latency_millis: 38.0,
                queue: 0,
            },
        }
    }
}
