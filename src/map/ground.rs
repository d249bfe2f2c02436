//! The ground and what lies around the district: shapes that recede, with faint names where they can be seen. Owns
//! the places of those names.

use egui::{Mesh, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

use super::geometry::Solid;
use super::kept::{Inker, Kept};
use super::lens::{Lens, World};
use super::sheet::{Sheet, Type, write};

/// Names of what lies around.
#[derive(Debug, Default)]
pub(super) struct Ground {
    names: Kept<(Lens, Rect, [Rect; 3]), Vec<Option<World>>>,
}

impl Ground {
    /// Paints the names of neighbours, which keep clear of what is taken.
    pub(super) fn paint_names(&mut self, painter: &Painter, sheet: &Sheet<'_>, taken: &[Rect; 3]) {
        let theme = sheet.theme();
        // Looking for the best place takes a moment; while the map moves the names ride along.
        let places = if sheet.moving {
            self.names.last()
        } else {
            self.names.get((sheet.lens, sheet.clear, *taken), || {
                sheet
                    .geometry
                    .surroundings
                    .iter()
                    .map(|(_, solid)| visible_place(sheet, solid, taken))
                    .collect()
            })
        };
        let ink = theme.muted.lerp_to_gamma(theme.ground, 0.45);
        let kind = Type { size: theme.sizes.small, bold: false, color: ink };
        for ((name, _), place) in sheet.geometry.surroundings.iter().zip(places) {
            let Some(place) = place else { continue };
            let words = sheet.view.say(name);
            let size = painter.layout_no_wrap(words.to_owned(), kind.font(), ink).size();
            write(painter, sheet.lens.to_screen(*place) - size * 0.5, words, kind, theme.surroundings);
        }
    }
}

/// The neighbours' shapes.
pub(super) fn around(sheet: &Sheet<'_>) -> Mesh {
    let theme = sheet.theme();
    let seen = sheet.lens.extent(8.0);
    let mut mesh = Mesh::default();
    let mut inker = Inker::new(sheet.lens.pixels_per_point);
    let stroke = Stroke::new(sheet.hairline(), theme.line.lerp_to_gamma(theme.ground, 0.25));
    for (_, solid) in &sheet.geometry.surroundings {
        if !solid.extent.is_some_and(|e| e.meets(&seen)) {
            continue;
        }
        let base = u32::try_from(mesh.vertices.len()).unwrap_or(u32::MAX);
        for vertex in &solid.vertices {
            mesh.colored_vertex(sheet.lens.to_screen(*vertex), theme.surroundings);
        }
        mesh.indices.extend(solid.triangles.iter().map(|t| t + base));
        for ring in &solid.rings {
            inker.add(Shape::closed_line(ring.iter().map(|p| sheet.lens.to_screen(*p)).collect(), stroke));
        }
    }
    mesh.append(inker.finish());
    mesh
}

/// The place inside a shape, on the free part of the screen, that is farthest from any edge.
fn visible_place(sheet: &Sheet<'_>, solid: &Solid, taken: &[Rect; 3]) -> Option<World> {
    const COLUMNS: u8 = 28;
    const ROWS: u8 = 20;
    let clear = sheet.clear.shrink(sheet.theme().sizes.small);
    let extent = solid.extent?;
    if !clear.intersects(sheet.lens.rect_of(&extent)) {
        return None;
    }
    let edges: Vec<(Pos2, Pos2)> = solid.rings.iter().flat_map(|ring| edges(ring, &sheet.lens)).collect();
    // Station names stand to the right of their rings.
    let unit = vec2(1.0, 1.0) * sheet.theme().sizes.small;
    let stations: Vec<Rect> = sheet
        .geometry
        .stations
        .iter()
        .map(|(_, place)| {
            let at = sheet.lens.to_screen(*place);
            Rect::from_min_max(at - vec2(3.0, 2.0) * unit, at + vec2(8.0, 2.0) * unit)
        })
        .collect();
    let mut best: Option<(f32, Pos2)> = None;
    for row in 0..=ROWS {
        let y = clear.top() + clear.height() * f32::from(row) / f32::from(ROWS);
        let crossings = crossings(&edges, y);
        for column in 0..=COLUMNS {
            let at = pos2(clear.left() + clear.width() * f32::from(column) / f32::from(COLUMNS), y);
            let is_inside = crossings.iter().filter(|x| at.x < **x).count() % 2 == 1;
            let most = best.map_or(0.0, |(most, _)| most);
            // Most places are known to be worse before all edges are asked.
            if !is_inside || edge_room(clear, at) <= most {
                continue;
            }
            let is_taken = taken.iter().any(|t| t.expand2(vec2(4.0, 2.0) * unit).contains(at))
                || stations.iter().any(|s| s.contains(at));
            if is_taken {
                continue;
            }
            if let Some(room) = room_around(&edges, at, most).map(|room| room.min(edge_room(clear, at)))
                && best.is_none_or(|(most, _)| room > most)
            {
                best = Some((room, at));
            }
        }
    }
    let (room, at) = best?;
    // A name that does not fit between the edges says less than none.
    (room > sheet.theme().sizes.small * 2.0).then(|| sheet.lens.to_world(at))
}

fn edge_room(clear: Rect, at: Pos2) -> f32 {
    let x = (at.x - clear.left()).min(clear.right() - at.x);
    let y = (at.y - clear.top()).min(clear.bottom() - at.y);
    // The edge of the screen may be nearer than the edge of the shape.
    x.min(y) + 60.0
}

fn edges(ring: &[World], lens: &Lens) -> impl Iterator<Item = (Pos2, Pos2)> {
    let shifted = ring.iter().cycle().skip(1);
    ring.iter().zip(shifted).map(|(a, b)| (lens.to_screen(*a), lens.to_screen(*b)))
}

/// Where edges cross a level line: a place on it is inside where an odd number of them lies to its right.
fn crossings(edges: &[(Pos2, Pos2)], y: f32) -> Vec<f32> {
    let crossing = edges.iter().filter(|(a, b)| (a.y > y) != (b.y > y));
    crossing.map(|(a, b)| (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x).collect()
}

/// How far the nearest edge is; none once that is known to be less than what there is elsewhere.
fn room_around(edges: &[(Pos2, Pos2)], at: Pos2, elsewhere: f32) -> Option<f32> {
    let least = elsewhere * elsewhere * (1.0 - 1e-5);
    let mut nearest = f32::INFINITY;
    for (a, b) in edges {
        let along = *b - *a;
        let t = ((at - *a).dot(along) / along.length_sq().max(1e-6)).clamp(0.0, 1.0);
        nearest = nearest.min((at - (*a + along * t)).length_sq());
        if nearest < least {
            return None;
        }
    }
    Some(nearest.sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::tests_events::Table;
    use super::*;

    /// The same by asking every edge at every place.
    fn slowly(sheet: &Sheet<'_>, solid: &Solid, taken: &[Rect; 3]) -> Option<Pos2> {
        let small = sheet.theme().sizes.small;
        let clear = sheet.clear.shrink(small);
        let edges: Vec<(Pos2, Pos2)> = solid.rings.iter().flat_map(|ring| edges(ring, &sheet.lens)).collect();
        let mut best: Option<(f32, Pos2)> = None;
        for step in 0..21 * 29_u16 {
            let (row, column) = (f32::from(step / 29), f32::from(step % 29));
            let at = clear.min + vec2(clear.width() * column / 28.0, clear.height() * row / 20.0);
            let inside = crossings(&edges, at.y).iter().filter(|x| at.x < **x).count() % 2 == 1;
            let station = |place: &World| {
                let off = (at - sheet.lens.to_screen(*place)) / small;
                (-3.0..=8.0).contains(&off.x) && off.y.abs() <= 2.0
            };
            let is_taken = taken.iter().any(|t| t.expand2(vec2(4.0, 2.0) * small).contains(at))
                || sheet.geometry.stations.iter().any(|(_, place)| station(place));
            let room = room_around(&edges, at, 0.0)?.min(edge_room(clear, at));
            if inside && !is_taken && best.is_none_or(|(most, _)| room > most) {
                best = Some((room, at));
            }
        }
        best.filter(|(room, _)| *room > small * 2.0).map(|(_, at)| at)
    }

    #[test]
    fn names_of_neighbours_stand_where_most_room_is() {
        let Some(stage) = super::super::fixture::sample(1600.0, 900.0, 10, 1) else { return };
        let table = Table::new(stage);
        let mut found = 0;
        for (zoom, aside) in [(-1.0, 0.0), (0.0, 0.0), (0.4, 150.0), (1.2, -300.0)] {
            table.with(table.lens(zoom, aside), false, |sheet| {
                let corner = Rect::from_min_size(pos2(20.0, 20.0), vec2(300.0, 80.0));
                let taken = [corner, Rect::NOTHING, Rect::NOTHING];
                for (_, solid) in &sheet.geometry.surroundings {
                    let ours = visible_place(sheet, solid, &taken).map(|place| sheet.lens.to_screen(place));
                    let theirs = slowly(sheet, solid, &taken);
                    assert_eq!(ours.is_some(), theirs.is_some());
                    if let (Some(ours), Some(theirs)) = (ours, theirs) {
                        assert!((ours - theirs).length() < 0.1, "{ours:?} and {theirs:?}");
                        found += 1;
                    }
                }
            });
        }
        assert!(found > 5, "{found}");
    }
}
