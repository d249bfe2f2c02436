//! Marks of events while the map moves: they stand where the ground does and count what the picture counts, though they
//! are made anew only now and then.

use std::cell::Cell;
use std::collections::BTreeMap;

use egui::{Pos2, Rect, Shape, Stroke, pos2, vec2};

use super::anchored::{Anchored, MarkInker, Marks, Size};
use super::crowd::Reach;
use super::events::{EventsLayer, What};
use super::fixture::{self, Stage};
use super::geometry::Geometry;
use super::lens::{Lens, World};
use super::scope::{Legend, Scope};
use super::sheet::Sheet;
use crate::density::grid;

const RECT: Rect = Rect::from_min_max(pos2(0.0, 0.0), pos2(1600.0, 900.0));

/// What a sheet borrows.
pub(super) struct Table {
    pub(super) stage: Stage,
    pub(super) geometry: Geometry,
    home_zoom: f64,
}

impl Table {
    pub(super) fn new(stage: Stage) -> Self {
        let geometry = Geometry::new(&stage.site);
        let [w, h] = geometry.root.size();
        let home_zoom = (1300.0 / w).min(700.0 / h).log2();
        Self { stage, geometry, home_zoom }
    }

    pub(super) fn lens(&self, zoom: f64, aside: f32) -> Lens {
        let lens = Lens::new(RECT, self.geometry.root.center(), self.home_zoom + zoom, 1.0);
        Lens { center: lens.to_world(RECT.center() + vec2(aside, aside * 0.5)), ..lens }
    }

    pub(super) fn with<T>(&self, lens: Lens, moving: bool, look: impl FnOnce(&Sheet<'_>) -> T) -> T {
        let view = self.stage.view();
        let scope = Scope::new(&view, lens.zoom - self.home_zoom);
        let legend = Legend::new(&view, scope.level);
        look(&Sheet {
            view: &view,
            lens,
            geometry: &self.geometry,
            scope: &scope,
            legend: &legend,
            clear: RECT,
            home_zoom: self.home_zoom,
            moving,
            over_picture: false,
        })
    }

    /// Places spread over what can be seen.
    pub(super) fn places(&self) -> Vec<World> {
        let lens = self.lens(0.0, 0.0);
        let steps = (0..5_u8).flat_map(|y| (0..7_u8).map(move |x| vec2(f32::from(x), f32::from(y))));
        steps.map(|step| lens.to_world(pos2(140.0, 90.0) + step * vec2(220.0, 170.0))).collect()
    }
}

/// A square of a side on the screen and one that is as large as the ground, around the pixel of each place.
fn squares(sheet: &Sheet<'_>, places: &[World]) -> Marks {
    let mut marks = MarkInker::new(sheet.lens.pixels_per_point);
    let side = (sheet.lens.scale / sheet.home_zoom.exp2() * 24.0) as f32;
    for place in places {
        for (size, side) in [(Size::Ground, side), (Size::Screen, 10.0)] {
            // egui puts rectangles on whole pixels, which marks are not.
            let at = sheet.lens.snap(sheet.lens.to_screen(*place));
            let rect = Rect::from_center_size(at, vec2(side, side));
            let corners = vec![rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom()];
            marks.ink.add(Shape::convex_polygon(corners, sheet.theme().text, Stroke::NONE));
            marks.set_down(*place, size);
        }
    }
    marks.finish()
}

fn corners(mesh: &egui::Mesh) -> Vec<Pos2> {
    mesh.vertices.iter().map(|v| v.pos).collect()
}

#[test]
fn marks_that_were_set_down_anew_lie_where_new_ones_would() {
    let table = Table::new(fixture::tiny());
    let places = table.places();
    let mut kept: Anchored<u8> = Anchored::default();
    let made = Cell::new(0);
    let mut seen = |zoom: f64, aside: f32, moving: bool| {
        table.with(table.lens(zoom, aside), moving, |sheet| {
            let make = |sheet: &Sheet<'_>| {
                made.set(made.get() + 1);
                squares(sheet, &places)
            };
            let kept = corners(&kept.get(sheet, 1, 1.0, make));
            let plain = corners(&Anchored::default().get(sheet, 1, 1.0, |sheet| squares(sheet, &places)));
            assert_eq!(kept.len(), plain.len());
            kept.iter().zip(&plain).map(|(a, b)| (*a - *b).length()).fold(0.0_f32, f32::max)
        })
    };
    // Aside on the way: all by the same whole pixels.
    assert!(seen(0.0, 0.0, true) < 0.01);
    assert!(seen(0.0, 33.3, true) < 1.5);
    // Where the map rests they lie as new ones would, without being new.
    assert!(seen(0.0, 33.3, false) < 0.01);
    assert_eq!(made.get(), 1);
    // On the way closer and away a hexagon stands between pixels, its edge is as wide as the ground makes it, and no more.
    for zoom in [0.1, 0.25, 0.4, 0.1, -0.1] {
        let off = seen(zoom, 10.0, true);
        assert!(off < 1.5, "{off} points, {zoom} levels away");
    }
    assert_eq!(made.get(), 1);
    assert!(seen(0.4, 10.0, false) < 0.01);
    assert_eq!(made.get(), 2, "at rest at another zoom they are made anew");
}

#[test]
fn marks_that_a_view_does_not_show_are_left_out() {
    let table = Table::new(fixture::tiny());
    let places = table.places();
    let mut kept: Anchored<u8> = Anchored::default();
    let mut see = |zoom: f64, aside: f32| {
        table.with(table.lens(zoom, aside), true, |sheet| {
            let mesh = kept.get(sheet, 1, 1.0, |sheet| squares(sheet, &places));
            assert!(mesh.is_valid(), "every corner is one of its vertices");
            let seen = sheet.lens.rect;
            let marks: Vec<Rect> = mesh
                .vertices
                .chunks(8)
                .map(|mark| Rect::from_points(&mark.iter().map(|v| v.pos).collect::<Vec<_>>()))
                .collect();
            let shown = |place: &&World| seen.contains(sheet.lens.to_screen(**place));
            (
                marks.iter().filter(|mark| !seen.intersects(**mark)).count(),
                places.iter().filter(shown).count(),
                mesh.indices.len(),
            )
        })
    };
    let (outside, shown, whole) = see(0.0, 0.0);
    assert_eq!((outside, shown), (0, places.len()));
    let (outside, shown, part) = see(0.9, 0.0);
    assert!(outside == 0 && shown < places.len() && part < whole, "{outside} {shown} {part} {whole}");
    assert_eq!(see(0.0, 0.0).2, whole, "and back");
}

#[test]
fn stale_marks_are_replaced() {
    let table = Table::new(fixture::tiny());
    let places = table.places();
    let mut kept: Anchored<u8> = Anchored::default();
    let made = Cell::new(0);
    let mut see = |zoom: f64, aside: f32, moving: bool, key: u8| {
        table.with(table.lens(zoom, aside), moving, |sheet| {
            kept.get(sheet, key, 1.0, |sheet| {
                made.set(made.get() + 1);
                squares(sheet, &places)
            });
        });
        made.get()
    };
    assert_eq!(see(0.0, 0.0, false, 1), 1);
    assert_eq!(see(0.0, 0.0, false, 1), 1);
    assert_eq!(see(0.0, 0.0, false, 2), 2, "what they stand for changed");
    assert_eq!(see(0.0, 5.0, true, 2), 3, "a move shows what was not drawn");
    assert_eq!(see(0.0, 90.0, true, 2), 3);
    assert_eq!(see(0.0, 400.0, true, 2), 4, "too far aside");
    assert_eq!(see(-0.5, 400.0, true, 2), 5, "more is seen than was drawn");
    assert_eq!(see(0.6, 400.0, true, 2), 6, "stretched too much");
    assert_eq!(see(0.6, 400.0, false, 3), 7);
}

/// How many events the marks of a view tell, cell by cell, wherever a cell lies wholly inside.
fn told(layer: &EventsLayer, lens: &Lens, level: u8) -> BTreeMap<grid::Cell, u64> {
    let mut told = BTreeMap::new();
    for mark in layer.marks() {
        let (cell, count) = match &mark.what {
            What::Single(single) => (grid::cell(level, single.at), 1),
            What::Cell(of, sum) => {
                assert_eq!(*of, level, "cells of the level before");
                (sum.cell, sum.count)
            }
        };
        if lens.rect.shrink(120.0).contains(lens.to_screen(grid::middle(level, cell))) {
            *told.entry(cell).or_default() += count;
        }
    }
    told
}

#[test]
fn on_the_way_the_marks_count_what_they_do_at_rest() {
    let mut table = Table::new(super::tests_bars::crowded(20_000));
    let mut layer = EventsLayer::default();
    let mut time = 0.0;
    let mut most = (0, u64::MAX);
    for step in 0..120_u8 {
        // A new picture comes on the way.
        if step == 60 {
            table.stage.snapshot = super::tests_bars::crowded(30_000).snapshot;
            table.stage.snapshot.revision += 1;
        }
        time += 1.0 / 60.0;
        let way = f32::from(step);
        let lens = table.lens(f64::from((way * 0.05).sin()) * 3.0 + 2.0, way * 3.0);
        let rests = step % 30 == 29;
        table.with(lens, !rests, |sheet| {
            layer.prepare(sheet, time, true);
            let plain = Sheet { moving: false, ..*sheet };
            let mut fresh = EventsLayer::default();
            fresh.prepare(&plain, time, false);
            let level = Reach::of(sheet).level;
            let counts = told(&fresh, &lens, level);
            assert_eq!(told(&layer, &lens, level), counts, "step {step}");
            let greatest = counts.values().copied().max().unwrap_or(0);
            most = (most.0.max(greatest), most.1.min(greatest));
            if rests {
                assert_eq!(layer.marks(), fresh.marks(), "step {step}: at rest");
            }
        });
    }
    assert!(most.0 > 50 && most.1 < 10, "the way leads from many events to few: {most:?}");
}
