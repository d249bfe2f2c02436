//! Names of areas give way: to numbers of hexagons and grave events always, to others where they can; and they stay where
//! they are while the map moves.

use std::collections::BTreeMap;

use egui::{Painter, Pos2, Rect, Vec2, vec2};

use super::base::BaseMaps;
use super::events::{EventsLayer, What};
use super::fixture;
use super::labels::{About, Labels, Others};
use super::lettering::Lettering;
use super::sheet::Sheet;
use super::tests_events::Table;
use super::tests_lettering::in_a_frame;
use crate::site::areas::AreaId;
use crate::site::text::Lang;

struct Layers {
    events: EventsLayer,
    base: BaseMaps,
    labels: Labels,
    lettering: Lettering,
}

impl Layers {
    fn new(painter: &Painter, table: &Table) -> Self {
        let mut lettering = Lettering::default();
        lettering.begin(painter.ctx());
        Self {
            events: EventsLayer::default(),
            base: BaseMaps::new(painter.ctx(), &table.stage.site, &table.geometry),
            labels: Labels::default(),
            lettering,
        }
    }

    fn prepare(&mut self, painter: &Painter, sheet: &Sheet<'_>) {
        self.prepare_beside(painter, sheet, Rect::NOTHING);
    }

    /// With something else that covers a part of the map.
    fn prepare_beside(&mut self, painter: &Painter, sheet: &Sheet<'_>, other: Rect) {
        let Self { events, base, labels, lettering } = self;
        events.prepare(sheet, 0.0, false);
        let taken = [Rect::NOTHING, Rect::NOTHING, other];
        labels.prepare(painter, sheet, &Others { events, base }, &taken, lettering);
    }

    /// How far names of areas stand from where they belong; those that the edge of the view may push are left out.
    fn names(&self, sheet: &Sheet<'_>) -> BTreeMap<AreaId, Vec2> {
        let inner = sheet.lens.rect.shrink2(vec2(260.0, 120.0));
        let seen = self.labels.seen(&sheet.lens).into_iter().filter(|(_, rect)| inner.contains_rect(*rect));
        let from = |area: AreaId| sheet.lens.to_screen(sheet.geometry.area(area).expect("a shape").label);
        let areas = seen.filter_map(|(about, rect)| match about {
            About::Area(area) => Some((area, rect.center() - from(area))),
            _ => None,
        });
        areas.collect()
    }
}

#[test]
fn names_cover_no_number_of_a_hexagon_and_no_grave_event() {
    in_a_frame(|painter| {
        let (mut named, mut numbers, mut grave) = (0, 0, 0);
        for events in [12, 60, 300, 2000] {
            let mut table = Table::new(fixture::tiny_with(events));
            for (lang, zoom) in
                [(Lang::Zh, 0.0), (Lang::En, 0.0), (Lang::En, 0.6), (Lang::En, 1.3), (Lang::Zh, 2.2)]
            {
                table.stage.state.lang = lang;
                let mut layers = Layers::new(painter, &table);
                table.with(table.lens(zoom, 0.0), false, |sheet| {
                    layers.prepare(painter, sheet);
                    let labels = layers.labels.placed().iter();
                    for label in labels.filter(|label| matches!(label.about, About::Area(_))) {
                        named += 1;
                        for mark in layers.events.marks() {
                            let small = sheet.theme().sizes.small;
                            let kept = match mark.what {
                                What::Cell(..) => vec2(0.7, 1.6) * small,
                                What::Single(_) if mark.severity >= 3 => Vec2::splat(small),
                                What::Single(_) => continue,
                            };
                            let kept = Rect::from_center_size(mark.at, kept);
                            assert!(
                                !label.rect.intersects(kept),
                                "{events} events, {zoom} levels: {label:?}"
                            );
                        }
                    }
                    let is_cell = |what: &What| matches!(what, What::Cell(..));
                    numbers += layers.events.marks().iter().filter(|m| is_cell(&m.what)).count();
                    grave +=
                        layers.events.marks().iter().filter(|m| !is_cell(&m.what) && m.severity >= 3).count();
                });
            }
        }
        assert!(
            named > 20 && numbers > 20 && grave > 5,
            "{named} names, {numbers} numbers, {grave} grave events"
        );
    });
}

#[test]
fn names_stay_where_they_are_while_the_map_moves_aside() {
    in_a_frame(|painter| {
        let mut table = Table::new(fixture::tiny_with(60));
        table.stage.state.lang = Lang::En;
        let mut layers = Layers::new(painter, &table);
        let mut before: BTreeMap<AreaId, Vec2> = BTreeMap::new();
        let mut kept = 0;
        for step in 0..60_u8 {
            let lens = table.lens(0.4, f32::from(step) * 7.3);
            // Now and then the map rests, where names are placed for the screen and no more.
            table.with(lens, step % 20 != 19, |sheet| {
                layers.prepare(painter, sheet);
                let names = layers.names(sheet);
                for (area, at) in &names {
                    let Some(was) = before.get(area) else { continue };
                    // They stand on whole pixels.
                    assert!((*at - *was).length() < 1.5, "{area:?} went from {was:?} to {at:?}");
                    kept += 1;
                }
                before = names;
            });
        }
        assert!(layers.labels.placings() > 3);
        assert!(kept > 60, "{kept}");
    });
}

#[test]
fn labels_are_placed_once_while_nothing_changes() {
    in_a_frame(|painter| {
        let mut table = Table::new(fixture::tiny_with(60));
        let mut layers = Layers::new(painter, &table);
        let mut place = |table: &Table| {
            table.with(table.lens(0.0, 0.0), false, |sheet| layers.prepare(painter, sheet));
            (layers.labels.placed().as_ptr(), layers.labels.placings())
        };
        let first = place(&table);
        assert_eq!((0..5).map(|_| place(&table)).find(|next| *next != first), None);
        // What is looked at is a matter of the marks that names give way to.
        table.stage.state.filter.severity = 3;
        assert_eq!(place(&table).1, first.1 + 1);
    });
}

#[test]
fn labels_ride_along_while_the_map_moves() {
    in_a_frame(|painter| {
        let table = Table::new(fixture::tiny_with(60));
        let mut layers = Layers::new(painter, &table);
        for step in 0..60_u8 {
            // The scale bar's length changes on the way.
            let bar = Rect::from_min_size(Pos2::new(20.0, 860.0), vec2(200.0 + f32::from(step), 20.0));
            let lens = table.lens(0.4, f32::from(step) * 3.0);
            table.with(lens, true, |sheet| layers.prepare_beside(painter, sheet, bar));
        }
        assert!((1..5).contains(&layers.labels.placings()), "{} times", layers.labels.placings());
        let rests = |layers: &mut Layers, bar: f32| {
            let bar = Rect::from_min_size(Pos2::new(20.0, 860.0), vec2(bar, 20.0));
            table.with(table.lens(0.4, 177.0), false, |sheet| layers.prepare_beside(painter, sheet, bar));
            layers.labels.placings()
        };
        let first = rests(&mut layers, 260.0);
        assert_eq!((rests(&mut layers, 260.0), rests(&mut layers, 300.0)), (first, first + 1));
    });
}

#[test]
fn labels_follow_new_marks_in_the_frame_after() {
    in_a_frame(|painter| {
        let mut table = Table::new(fixture::tiny_with(60));
        let mut layers = Layers::new(painter, &table);
        let mut seen = |table: &Table, zoom: f64| {
            table.with(table.lens(zoom, 0.0), false, |sheet| {
                let Layers { events, base, labels, lettering } = &mut layers;
                events.prepare(sheet, 0.0, true);
                labels.prepare(painter, sheet, &Others { events, base }, &[Rect::NOTHING; 3], lettering);
                (labels.placings(), labels.is_settled())
            })
        };
        assert_eq!(seen(&table, 0.0), (1, true), "the first at once");
        table.stage.snapshot.revision += 1;
        assert_eq!(seen(&table, 0.0), (1, false), "a new picture");
        // However soon the next one comes.
        table.stage.snapshot.revision += 1;
        assert_eq!(seen(&table, 0.0), (2, true));
        assert_eq!(seen(&table, 0.0), (2, true));
        table.stage.snapshot.revision += 1;
        table.stage.state.lang = table.stage.state.lang.other();
        assert_eq!(seen(&table, 0.0), (3, true), "other words at once");
        assert_eq!(seen(&table, 0.5), (4, true), "another view at once");
    });
}
