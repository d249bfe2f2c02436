//! The pyramid against a plain recount, and its grid.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use super::filter::age_class;
use super::grid::{self, Cell, FINEST, Spot, Window};
use super::*;
use crate::snapshot::{EpochSecs, EventPhase};

const NOW: EpochSecs = 1_700_000_000;

#[derive(Debug, Clone, PartialEq)]
struct Event {
    place: [f64; 2],
    kind: u16,
    severity: u8,
    phase: EventPhase,
    opened: EpochSecs,
}

fn kinds() -> Vec<String> {
    ["a", "b", "c"].map(str::to_owned).to_vec()
}

fn event() -> impl Strategy<Value = Event> {
    // Few places, so that cells are shared, and some far away.
    let place = prop_oneof![
        (0_u8..6, 0_u8..6).prop_map(|(x, y)| [114.3 + f64::from(x) * 0.0003, 22.7 + f64::from(y) * 0.0003]),
        (114.2..114.5, 22.6..22.8).prop_map(|(x, y)| [x, y]),
    ];
    let opened = prop_oneof![0_i64..8000, 80_000_i64..100_000, 600_000_i64..700_000];
    (place, 0_u16..3, 1_u8..=4, any::<bool>(), opened).prop_map(|(place, kind, severity, open, age)| Event {
        place,
        kind,
        severity,
        phase: if open { EventPhase::Open } else { EventPhase::Done },
        opened: NOW - age,
    })
}

#[derive(Debug, Clone)]
enum Step {
    Batch(Vec<(u8, Option<Event>)>),
    Later(EpochSecs),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop::collection::vec((0_u8..24, prop::option::weighted(0.8, event())), 1..8).prop_map(Step::Batch),
        (1_i64..90_000).prop_map(Step::Later),
    ]
}

fn filter() -> impl Strategy<Value = EventFilter> {
    let phases = prop_oneof![Just(Phases::Open), Just(Phases::Done), Just(Phases::All)];
    (prop::option::of(0_usize..4), 1_u8..=4, phases, 0_u8..=3).prop_map(|(kind, severity, phases, age)| {
        // The fourth is a kind that no object has.
        let kind = kind.map(|k| ["a", "b", "c", "d"][k].into());
        EventFilter { kind, severity, phases, age }
    })
}

fn takes(filter: &EventFilter, event: &Event, now: EpochSecs) -> bool {
    let kind = kinds()[usize::from(event.kind)].clone();
    filter.kind.as_ref().is_none_or(|k| **k == *kind)
        && event.severity >= filter.severity
        && age_class(now, event.opened) <= filter.age
        && match filter.phases {
            Phases::All => true,
            Phases::Open => event.phase == EventPhase::Open,
            Phases::Done => event.phase == EventPhase::Done,
        }
}

fn push(out: &mut Collected, id: u8, e: &Event) {
    out.push(&format!("e{id}"), e.place, e.kind, e.severity, e.phase, e.opened);
}

type Counted = BTreeMap<Cell, (u64, u64, u8, u8)>;

fn everywhere() -> Window {
    Window::covering(FINEST, [0.0; 2], [0.0; 2])
}

/// The whole window of a level around the places of the tests.
fn around(level: u8) -> Window {
    let at = |place| Spot::of(place).expect("a place").world();
    Window::covering(level, at([114.1, 22.9]), at([114.6, 22.5]))
}

fn compare(pyramid: &Pyramid, all: &BTreeMap<u8, Event>, filter: &EventFilter, now: EpochSecs) {
    let cells = pyramid.cells();
    let mask = cells.mask(filter);
    let wanted: Vec<&Event> = all.values().filter(|e| takes(filter, e, now)).collect();
    let total = cells.total(&mask);
    assert_eq!(total.count, wanted.len() as u64);
    assert_eq!(total.open, wanted.iter().filter(|e| e.phase == EventPhase::Open).count() as u64);
    assert_eq!(total.open_by_severity.iter().sum::<u64>(), total.open);
    let mut found = Vec::new();
    let mut points = Vec::new();
    for level in cells.levels() {
        let mut plain: Counted = BTreeMap::new();
        for event in &wanted {
            let cell = grid::cell(level, Spot::of(event.place).expect("a place").world());
            let sum = plain.entry(cell).or_default();
            sum.0 += 1;
            sum.3 = sum.3.max(event.severity);
            if event.phase == EventPhase::Open {
                sum.1 += 1;
                sum.2 = sum.2.max(event.severity);
            }
        }
        cells.cells(level, &around(level), &mask, &mut found);
        let got: Counted = found.iter().map(|s| (s.cell, (s.count, s.open, s.worst_open, s.worst))).collect();
        assert_eq!(got.len(), found.len(), "a cell was told twice");
        assert_eq!(got, plain, "level {level}");
        let all_cells: Vec<Cell> = got.keys().copied().collect();
        cells.points(level, &all_cells, &mask, &mut points);
        let mut ids: Vec<String> = points.iter().map(|p| p.id.to_string()).collect();
        ids.sort();
        let mut names: Vec<String> =
            all.iter().filter(|(_, e)| takes(filter, e, now)).map(|(id, _)| format!("e{id}")).collect();
        names.sort();
        assert_eq!(ids, names, "points below level {level}");
        let mut alone = Vec::new();
        for (cell, sum) in &got {
            cells.points(level, &[*cell], &mask, &mut alone);
            assert_eq!(alone.len() as u64, sum.0, "points of one cell of level {level}");
        }
        for point in &points {
            let id: u8 = point.id[1..].parse().expect("a number");
            let event = &all[&id];
            assert_eq!((point.severity, point.phase), (event.severity, event.phase));
            assert_eq!((point.opened_secs, &*point.kind), (event.opened, &*kinds()[usize::from(event.kind)]));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_batches_equals_a_recount(
        first in prop::collection::vec((0_u8..24, event()), 0..20),
        steps in prop::collection::vec(step(), 1..8),
        filter in filter(),
    ) {
        let mut all: BTreeMap<u8, Event> = first.into_iter().collect();
        let mut collected = Collected::default();
        all.iter().for_each(|(id, e)| push(&mut collected, *id, e));
        let mut now = NOW;
        let mut pyramid = Pyramid::new(&kinds(), 10, &collected, now);
        compare(&pyramid, &all, &filter, now);
        for step in steps {
            // A picture holds the cells meanwhile, and must not see them change.
            let held = pyramid.clone();
            let before = (all.clone(), now);
            match step {
                Step::Batch(rows) => {
                    let rows: BTreeMap<u8, Option<Event>> = rows.into_iter().collect();
                    let names: Vec<String> = rows.keys().map(|id| format!("e{id}")).collect();
                    let ids: HashSet<&str> = names.iter().map(String::as_str).collect();
                    let was = |id: &u8| all.get(id).map(|event| (event.place, event.opened));
                    let old: Vec<Old> = rows.keys().filter_map(was).collect();
                    let mut added = Collected::default();
                    for (id, event) in rows {
                        all.remove(&id);
                        if let Some(event) = event {
                            push(&mut added, id, &event);
                            all.insert(id, event);
                        }
                    }
                    pyramid.change(&old, &ids, &added);
                }
                Step::Later(secs) => {
                    now += secs;
                    pyramid.advance(now);
                }
            }
            compare(&pyramid, &all, &filter, now);
            compare(&held, &before.0, &filter, before.1);
        }
    }

    #[test]
    fn a_place_is_nearest_to_the_middle_of_its_cell(x in 50.0..200.0_f64, y in 50.0..200.0_f64, level in 0_u8..=FINEST) {
        let cell = grid::cell(level, [x, y]);
        let far = |c: Cell| {
            let [a, b] = grid::middle(level, c);
            (a - x).hypot(b - y)
        };
        let own = far(cell);
        prop_assert!(own <= grid::radius(level) * (1.0 + 1e-9));
        for row in cell.row.saturating_sub(1)..=cell.row + 1 {
            for column in cell.column.saturating_sub(1)..=cell.column + 1 {
                let next = far(Cell { row, column });
                prop_assert!(own <= next + 1e-9);
            }
        }
        prop_assert!(Window::covering(level, [x, y], [x, y]).holds(cell));
        if level < FINEST {
            prop_assert!(Window::below(level, cell).holds(grid::cell(level + 1, [x, y])));
        }
    }
}

#[test]
fn a_batch_copies_only_what_it_touches() {
    let mut collected = Collected::default();
    for i in 0..20_000_u32 {
        let place = [114.2 + f64::from(i % 200) * 0.001, 22.6 + f64::from(i / 200) * 0.001];
        collected.push(&format!("e{i}"), place, 0, 1, EventPhase::Open, NOW - 1_000_000);
    }
    let mut pyramid = Pyramid::new(&kinds(), 10, &collected, NOW);
    let held = pyramid.cells().clone();
    let mut added = Collected::default();
    added.push("new", [114.25, 22.65], 1, 4, EventPhase::Open, NOW);
    pyramid.change(&[], &HashSet::new(), &added);
    let (shared, all) = pyramid.cells().shared_with(&held);
    assert_eq!(all - shared, pyramid.cells().levels().count() - 1, "one piece of each level of counts");
}

#[test]
fn nothing_is_in_an_empty_pyramid() {
    let cells = EventCells::default();
    let mut out = Vec::new();
    cells.cells(12, &everywhere(), &cells.mask(&EventFilter::default()), &mut out);
    assert!(out.is_empty());
    assert_eq!(cells.total(&cells.mask(&EventFilter::default())).count, 0);
}

#[test]
fn places_beyond_the_map_are_none() {
    assert_eq!(Spot::of([114.0, 90.0]), None);
    assert_eq!(Spot::of([114.0, f64::NAN]), None);
    assert_eq!(Spot::of([181.0, 0.0]), None);
    assert!(Spot::of([-180.0, 85.0]).is_some());
}
