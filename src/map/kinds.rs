//! Letters that stand for kinds of events in symbols that are near: a different one for each kind, and what they mean, along
//! the bottom of the map while they are to be seen. Owns the letters and that key.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use egui::{Align2, Rect, Stroke, Ui, pos2, vec2};

use super::events::{EventsLayer, What};
use super::sheet::Sheet;
use crate::panels::pen::{Pen, whole};
use crate::panels::{View, alarm_strip};
use crate::theme::Theme;

/// The letter of each kind that events with a place can be of, and its name.
#[derive(Debug)]
pub(super) struct Kinds<'a> {
    /// Letter and name, by code.
    of: BTreeMap<&'a str, (String, &'a str)>,
}

impl<'a> Kinds<'a> {
    /// Those of a site in the language of a view.
    #[must_use]
    pub(super) fn of(view: &View<'a>) -> Self {
        let list = alarm_strip::kind_list(view);
        let text = view.text;
        let codes = view.site.meta.events.as_ref().map_or(&[][..], |events| events.object_kinds.as_slice());
        let name = |code: &'a String| text.find(&format!("code.{list}.{code}")).unwrap_or(code);
        let names: Vec<&str> = codes.iter().map(name).collect();
        let letters = letters(&names, text.get("map.exercise_letter"));
        let of = codes.iter().zip(letters.into_iter().zip(names));
        Self { of: of.map(|(code, said)| (code.as_str(), said)).collect() }
    }

    /// The letter of a kind; none of one that no event with a place is of.
    #[must_use]
    pub(super) fn letter(&self, code: &str) -> Option<&str> {
        self.of.get(code).map(|(letter, _)| letter.as_str())
    }
}

/// A letter for each name, all different and none of them a drill's: the first of its words, else any of its letters, else
/// one of the alphabet, else the first with a number. It depends on the names and their order only.
fn letters(names: &[&str], drill: &str) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::from([drill.to_uppercase()]);
    let mut out = Vec::with_capacity(names.len());
    for name in names {
        let firsts = name.split_whitespace().filter_map(|word| word.chars().next());
        let own = firsts.chain(name.chars()).chain('A'..='Z').chain('1'..='9');
        let own = own.filter(|c| c.is_alphanumeric()).map(|c| c.to_uppercase().collect::<String>());
        let first = name.chars().find(|c| c.is_alphanumeric()).unwrap_or('A').to_uppercase().to_string();
        let numbered = (1_usize..).map(|n| format!("{first}{n}"));
        let letter = own.chain(numbered).find(|letter| !taken.contains(letter)).unwrap_or_default();
        taken.insert(letter.clone());
        out.push(letter);
    }
    out
}

/// So many lines the key may take: half as many over a low map.
const MOST_LINES: usize = 4;
/// A map is low under so many lines.
const LOW: f32 = 30.0;

/// A kind on the screen.
struct Entry<'a> {
    letter: &'a str,
    name: &'a str,
    events: usize,
    width: f32,
}

/// Paints what the letters on the screen mean above what stands in the corner; returns what both cover. Where there is no
/// room for all, the most frequent kinds are told and how many more there are: which, the cards of the events say.
pub(super) fn key_ui(ui: &Ui, sheet: &Sheet<'_>, events: &EventsLayer, corner: Rect) -> Rect {
    if !events.says_kinds(sheet) {
        return corner;
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for mark in events.marks().iter().filter(|mark| sheet.clear.contains(mark.at)) {
        if let What::Single(single) = &mark.what
            && !single.exercise
        {
            *seen.entry(&single.kind).or_default() += 1;
        }
    }
    let pen = Pen::new(ui, sheet.theme());
    let (step, line) = (pen.step(), pen.row(pen.note()));
    let circle = line * 0.84;
    let kinds = Kinds::of(sheet.view);
    let told = kinds.of.iter().filter_map(|(code, (letter, name))| {
        let width = circle + step * 0.75 + pen.width(name, pen.note());
        Some(Entry { letter, name, events: *seen.get(code)?, width })
    });
    let mut entries: Vec<Entry<'_>> = told.collect();
    entries.sort_by_key(|entry| (Reverse(entry.events), entry.letter));
    let left = sheet.clear.left() + step;
    let room = sheet.clear.right() - step - left;
    let lines = if sheet.clear.height() < line * LOW { MOST_LINES / 2 } else { MOST_LINES };
    let fitting = (1..=entries.len()).rev().find_map(|count| {
        let (told, left_out) = entries.split_at(count);
        let n = left_out.len().to_string();
        let more = (!left_out.is_empty()).then(|| sheet.view.text.fill("map.kinds_more", &[("n", &n)]));
        let more = more.map(|words| (pen.width(&words, pen.note()), words));
        let mut told: Vec<&Entry<'_>> = told.iter().collect();
        told.sort_by_key(|entry| entry.letter);
        let widths = told.iter().map(|entry| entry.width).chain(more.iter().map(|(width, _)| *width));
        let widths: Vec<f32> = widths.collect();
        let places = flow(&widths, room, step * 2.0);
        let right = places.iter().zip(&widths).map(|((x, _), width)| x + width).fold(0.0, f32::max);
        let rows = places.last()?.1 + 1;
        (rows <= lines).then_some((told, more, places, (right, rows)))
    });
    let Some((told, more, places, (right, rows))) = fitting else { return corner };
    let top = corner.top() - line * whole(rows) - step * 0.75;
    let all = Rect::from_min_max(pos2(left, top), pos2(left + right, corner.top() - step * 0.75));
    let theme = sheet.theme();
    let ground = Theme::plate(theme.surface);
    pen.painter().rect_filled(all.expand2(vec2(step, step * 0.4)), step * 0.5, ground);
    let place = |(x, row): (f32, usize), width: f32| {
        Rect::from_min_size(pos2(left + x, top + line * whole(row)), vec2(width, line))
    };
    for (entry, at) in told.iter().zip(&places) {
        let at = place(*at, entry.width);
        let middle = pos2(at.left() + circle * 0.5, at.center().y);
        let rim = Stroke::new(theme.sizes.hairline, theme.muted);
        pen.painter().circle(middle, circle * 0.5, theme.surface, rim);
        let ink = pen.note().color(theme.text);
        let around = Rect::from_center_size(middle, vec2(line, line));
        pen.text(around, Align2::CENTER_CENTER, entry.letter, ink.bold());
        let beside = at.with_min_x(at.left() + circle + step * 0.75);
        pen.text(beside, Align2::LEFT_CENTER, entry.name, ink);
        pen.name(at, ("kind", entry.letter), &format!("{} {}", entry.letter, entry.name));
    }
    if let (Some((width, words)), Some(at)) = (more, places.last()) {
        pen.named_text(place(*at, width), Align2::LEFT_CENTER, &words, pen.note());
    }
    corner.union(all)
}

/// Where things of these widths stand from left to right, line by line: how far in, and in which line.
fn flow(widths: &[f32], room: f32, gap: f32) -> Vec<(f32, usize)> {
    let (mut x, mut row) = (0.0, 0);
    let place = |width: &f32| {
        if x > 0.0 && x + width > room {
            (x, row) = (0.0, row + 1);
        }
        let at = (x, row);
        x += width + gap;
        at
    };
    widths.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use egui_kittest::kittest::Queryable as _;

    use super::super::fixture;
    use super::*;
    use crate::site::text::Lang;
    use crate::snapshot::EventView;
    use crate::state::MapRequest;

    #[test]
    fn every_kind_has_a_letter_of_its_own() {
        let names =
            ["Slope crack", "Street lamp out", "Site dust", "Fallen tree", "Flooding", "Exit blocked"];
        assert_eq!(letters(&names, "E"), ["S", "L", "D", "F", "O", "B"]);
        let names = ["消防通道堵塞", "消火栓异常", "路灯故障", "道路破损"];
        assert_eq!(letters(&names, "演"), ["消", "火", "路", "道"]);
        // More of one name than there are letters.
        let many = vec!["a"; 60];
        let found = letters(&many, "E");
        assert_eq!(found.iter().collect::<HashSet<_>>().len(), 60, "{found:?}");
        assert!(found.iter().all(|letter| !letter.is_empty() && letter != "E"));
        assert_eq!(found, letters(&many, "E"));
    }

    #[test]
    fn sites_have_a_letter_for_each_kind_in_both_languages() {
        let sample = fixture::sample(1600.0, 900.0, 1, 1);
        for mut stage in sample.into_iter().chain([fixture::tiny()]) {
            for lang in [Lang::Zh, Lang::En] {
                stage.state.lang = lang;
                let codes =
                    stage.site.meta.events.as_ref().map(|e| e.object_kinds.clone()).unwrap_or_default();
                let view = stage.view();
                let kinds = Kinds::of(&view);
                let found: HashSet<&str> = codes.iter().filter_map(|code| kinds.letter(code)).collect();
                assert!(!codes.is_empty() && found.len() == codes.len(), "{lang:?}: {found:?}");
                assert_eq!(kinds.letter("no such kind"), None);
            }
        }
    }

    #[test]
    fn lines_are_filled_from_left_to_right() {
        let found = flow(&[40.0, 50.0, 40.0, 200.0, 10.0], 100.0, 10.0);
        assert_eq!(found, [(0.0, 0), (50.0, 0), (0.0, 1), (0.0, 2), (0.0, 3)]);
    }

    #[test]
    fn the_key_stands_while_the_letters_do() {
        for lang in [Lang::Zh, Lang::En] {
            let mut stage = fixture::tiny_with(40);
            stage.state.lang = lang;
            let (words, code) = {
                let view = stage.view();
                let code = view.site.meta.events.as_ref().expect("events").object_kinds[0].clone();
                let (letter, name) = &Kinds::of(&view).of[code.as_str()];
                (format!("{letter} {name}"), code)
            };
            let events = stage.snapshot.events.open.iter();
            let events =
                events.map(|e| EventView { kind: code.as_str().into(), ..EventView::clone(e) }).collect();
            let recent = stage.snapshot.events.recent.to_vec();
            stage.snapshot.events = crate::panels::fixture::events_of(&stage.site, events, recent);
            let mut harness = fixture::harness(stage);
            assert!(harness.query_by_label(&words).is_none(), "{words} from far");
            harness.state_mut().stage.state.map_request = Some(MapRequest::Zoom(2.2));
            harness.run_steps(3);
            assert!(harness.query_by_label(&words).is_some(), "no {words}");
        }
    }
}
