//! Letters that stand for kinds of events in symbols that are near: a different one for each kind, and what they mean, along
//! the bottom of the map while they are to be seen. Owns the letters and that key.

use std::collections::{BTreeMap, HashSet};

use egui::{Align2, Rect, Stroke, Ui, pos2, vec2};

use super::events::{EventsLayer, What};
use super::sheet::Sheet;
use crate::panels::pen::{Pen, whole};
use crate::panels::{View, alarm_strip};

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

/// Paints what the letters on the screen mean above what stands in the corner; returns what both cover.
pub(super) fn key_ui(ui: &Ui, sheet: &Sheet<'_>, events: &EventsLayer, corner: Rect) -> Rect {
    if !events.says_kinds(sheet) {
        return corner;
    }
    let singles = events.marks().iter().filter_map(|mark| match &mark.what {
        What::Single(single) if !single.exercise && sheet.lens.rect.contains(mark.at) => Some(&*single.kind),
        _ => None,
    });
    let seen: HashSet<&str> = singles.collect();
    let pen = Pen::new(ui, sheet.theme());
    let (step, line) = (pen.step(), pen.row(pen.note()));
    let kinds = Kinds::of(sheet.view);
    let entries = kinds.of.iter().filter(|(code, _)| seen.contains(*code)).map(|(_, said)| said);
    let mut entries: Vec<&(String, &str)> = entries.collect();
    entries.sort();
    let circle = line * 0.84;
    let wide = |name: &str| circle + step * 0.75 + pen.width(name, pen.note());
    let left = sheet.clear.left() + step;
    let room = sheet.clear.right() - step - left;
    // Entry by entry from left to right; what comes after the last line is on the cards of the events.
    let lines = if sheet.clear.height() < line * LOW { MOST_LINES / 2 } else { MOST_LINES };
    let (mut x, mut row, mut right) = (0.0, 0, 0.0_f32);
    let mut places = Vec::new();
    for (letter, name) in entries {
        if x > 0.0 && x + wide(name) > room {
            (x, row) = (0.0, row + 1);
        }
        if row == lines {
            break;
        }
        places.push((letter, *name, x, row));
        right = right.max(x + wide(name));
        x += wide(name) + step * 2.0;
    }
    let Some((.., last)) = places.last() else { return corner };
    let top = corner.top() - line * whole(last + 1) - step * 0.75;
    let all = Rect::from_min_max(pos2(left, top), pos2(left + right, corner.top() - step * 0.75));
    let theme = sheet.theme();
    pen.painter().rect_filled(
        all.expand2(vec2(step, step * 0.4)),
        step * 0.5,
        theme.surface.gamma_multiply(0.9),
    );
    for (letter, name, x, row) in places {
        let at = Rect::from_min_size(pos2(left + x, top + line * whole(row)), vec2(wide(name), line));
        let middle = pos2(at.left() + circle * 0.5, at.center().y);
        pen.painter().circle(
            middle,
            circle * 0.5,
            theme.surface,
            Stroke::new(theme.sizes.hairline, theme.muted),
        );
        let place = Rect::from_center_size(middle, vec2(line, line));
        pen.text(place, Align2::CENTER_CENTER, letter, pen.note().bold().color(theme.text));
        pen.text(
            at.with_min_x(at.left() + circle + step * 0.75),
            Align2::LEFT_CENTER,
            name,
            pen.note().color(theme.text),
        );
        pen.name(at, ("kind", letter), &format!("{letter} {name}"));
    }
    corner.union(all)
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
