//! Pictures of a scene, one file per kind. Owns what feeds a picture and how much room it asks for; each file owns its
//! drawing and the sentence beside it.

mod balance;
mod bars;
mod flow;
mod funnel;
mod matrix;
mod progress;

use egui::{Align2, Rect, Stroke, pos2, vec2};

use crate::export::promise;
use crate::panels::pen::{Ink, Pen, cut_top, whole};
use crate::panels::{View, format, marks, words};
use crate::privacy::shown::{ScalePoint, Shown};
use crate::site::catalogue::Indicator;
use crate::site::scenes::{Picture, PictureKind};
use crate::snapshot::{EpochSecs, Inputs, Reading};

/// One thing that a picture shows.
pub struct Item<'a> {
    /// Its name on screen.
    pub name: &'a str,
    /// Its figure.
    pub value: Shown,
    /// The row of the catalogue it comes from.
    pub row: &'a Indicator,
    /// Its whole reading, where it is an indicator.
    pub reading: Option<Reading>,
    /// Whether what it is made of is on time.
    pub inputs: Inputs,
    /// The instant that it is told as of, where it is a breakdown's and that is earlier than now.
    pub told_secs: Option<EpochSecs>,
}

impl Item<'_> {
    /// The figure without unit.
    #[must_use]
    pub fn figure(&self, view: &View<'_>) -> String {
        format::bare(self.value, self.row.decimals, view.text)
    }

    /// Name and figure with unit.
    #[must_use]
    pub fn words(&self, view: &View<'_>) -> String {
        format!("{} {}", self.name, format::shown(self.value, self.row.decimals, &self.row.unit, view.text))
    }

    /// The same with the reason where it is hidden or coarse.
    #[must_use]
    pub fn tip(&self, view: &View<'_>) -> String {
        why_below(view, self.value, self.words(view))
    }
}

/// What feeds a picture: the codes of a one-column breakdown, or the listed indicators.
#[must_use]
pub fn items<'a>(view: &View<'a>, picture: &'a Picture) -> Vec<Item<'a>> {
    let site = view.site;
    let area = view.state.area;
    if let Some((index, row)) = picture.source.as_deref().and_then(|id| breakdown(view, id)) {
        let inputs = view.snapshot.slice_inputs(index);
        return view
            .snapshot
            .slices(index, area)
            .iter()
            .map(|slice| {
                let code = slice.codes.first().map_or("", String::as_str);
                Item {
                    name: format::code_name(site, view.text, row, 0, code),
                    value: slice.value,
                    row,
                    reading: None,
                    inputs,
                    told_secs: slice.told_secs,
                }
            })
            .collect();
    }
    picture.indicators.iter().filter_map(|id| listed(view, id)).collect()
}

fn listed<'a>(view: &View<'a>, id: &str) -> Option<Item<'a>> {
    let area = view.state.area;
    if let Some(index) = view.site.indicator_index(id) {
        let row = view.site.indicators.get(index)?;
        let reading = view.snapshot.reading(index, area);
        return Some(Item {
            name: view.say(row.card_name()),
            value: reading.value,
            row,
            reading: Some(reading),
            inputs: view.snapshot.inputs(index),
            told_secs: None,
        });
    }
    let (index, row) = breakdown(view, id)?;
    let slice = view.snapshot.slices(index, area).first();
    Some(Item {
        name: view.say(row.card_name()),
        value: slice.map_or(Shown::TooFine, |slice| slice.value),
        row,
        reading: None,
        inputs: view.snapshot.slice_inputs(index),
        told_secs: slice.and_then(|slice| slice.told_secs),
    })
}

fn breakdown<'a>(view: &View<'a>, id: &str) -> Option<(usize, &'a Indicator)> {
    let index = view.site.breakdown_index(id)?;
    view.site.breakdowns.get(index).map(|row| (index, row))
}

/// Room that a picture needs: the least with which it can be read, and what it would like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Room {
    /// Least height.
    pub least: f32,
    /// Comfortable height.
    pub wanted: f32,
}

/// Room that a picture needs at a width.
#[must_use]
pub fn room(pen: Pen<'_>, view: &View<'_>, picture: &Picture) -> Room {
    let head = pen.row(pen.heading()) + pen.step();
    let sentence = pen.row(pen.note()) + pen.step();
    let n = match picture.kind {
        PictureKind::Matrix => 5,
        _ => items(view, picture).len().max(1),
    };
    let (tight, loose) = pitches(pen, picture.kind);
    let extra = if picture.kind == PictureKind::Balance { pen.step() * 5.0 } else { 0.0 };
    let fewest = if picture.kind == PictureKind::Bars { n.min(5) } else { n };
    Room {
        least: head + sentence + extra + tight * whole(fewest),
        wanted: head + sentence + extra + loose * whole(n),
    }
}

fn pitches(pen: Pen<'_>, kind: PictureKind) -> (f32, f32) {
    let note = pen.row(pen.note());
    let body = pen.row(pen.body());
    match kind {
        PictureKind::Bars => (note, body + pen.step() * 1.5),
        PictureKind::Balance => (note, body + pen.step() * 0.5),
        PictureKind::Matrix => (body, body + pen.step() * 2.0),
        PictureKind::Funnel | PictureKind::Flow => (body + pen.step(), body + pen.step() * 2.5),
        PictureKind::Progress => (note + pen.step() * 1.75, body + pen.step() * 3.0),
    }
}

/// Paints a picture with its heading, its sentence and the drawing between.
pub fn picture_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, picture: &Picture) {
    let items = items(view, picture);
    let (head, body) = cut_top(rect, pen.row(pen.heading()));
    heading_ui(pen, head, view, picture, &items);
    let body = body.with_min_y(body.top() + pen.step());
    if items.iter().any(|item| item.inputs.is_late()) {
        let stroke = Stroke::new(pen.theme.sizes.hairline, pen.theme.line);
        marks::hatch(pen.painter(), body, pen.step() * 1.5, stroke);
    }
    if picture.kind == PictureKind::Matrix {
        matrix::matrix_ui(pen, body, view, picture);
        return;
    }
    if items.is_empty() {
        let words = view.text.get("panel.shown.too_fine");
        pen.named_text(body, Align2::LEFT_TOP, words, pen.note());
        return;
    }
    match picture.kind {
        PictureKind::Bars | PictureKind::Matrix => bars::bars_ui(pen, body, view, &items),
        PictureKind::Funnel => funnel::funnel_ui(pen, body, view, &items),
        PictureKind::Balance => balance::balance_ui(pen, body, view, &items),
        PictureKind::Flow => flow::flow_ui(pen, body, view, &items),
        PictureKind::Progress => progress::progress_ui(pen, body, view, &items),
    }
}

fn heading_ui(pen: Pen<'_>, head: Rect, view: &View<'_>, picture: &Picture, items: &[Item<'_>]) {
    let at = pen.named_text(head, Align2::LEFT_CENTER, view.say(&picture.title), pen.heading());
    let Some(item) = items.first() else { return };
    let rest = head.with_min_x(at.right() + pen.step() * 2.0);
    let late = items.iter().map(|item| item.inputs).filter(Inputs::is_late);
    if let Some(worst) = late.max_by_key(|inputs| inputs.overdue_secs(view.now_whole_secs())) {
        let words = words::late_short(view, &worst);
        let at = pen.text(rest, Align2::RIGHT_CENTER, &words, pen.note().color(pen.theme.warn));
        pen.name(at, "picture late", &words);
        pen.tip(head, "picture promise", || promise::overdue_words(&worst, view.when(), view.text));
        return;
    }
    if picture.kind == PictureKind::Progress {
        return;
    }
    let mut words = view.text.unit_name(&item.row.unit).to_owned();
    if item.row.suppress_below > 0 {
        words = view.text.fill("panel.picture.people_unit", &[("unit", &words)]);
    }
    let day = items.iter().filter_map(|item| item.told_secs).min();
    let day = day.map(|told| words::short_day(view, told + view.snapshot.shift_secs));
    let fits = |words: &str| pen.width(words, pen.note()) <= rest.width();
    // A unit that does not fit beside the heading is still said by the sentence and on hover; a day is said before it.
    let said = match &day {
        Some(day) => {
            let both = view.text.fill("panel.picture.unit_as_of", &[("unit", &words), ("day", day)]);
            if fits(&both) { both } else { view.text.fill("panel.picture.as_of", &[("day", day)]) }
        }
        None if fits(&words) => words,
        None => return,
    };
    let at = pen.text(rest, Align2::RIGHT_CENTER, &said, pen.note());
    if day.is_some() {
        pen.name(at, "picture as of", &said);
    }
}

/// Colour of a picture's marks: the scene's domain.
#[must_use]
pub fn tint(pen: Pen<'_>, view: &View<'_>) -> egui::Color32 {
    let scene = view.site.scenes.get(view.state.scene);
    let domain = scene.and_then(|s| s.domain.as_deref()).and_then(|id| view.site.domain_index(id));
    domain.map_or(pen.theme.accent, |index| pen.theme.domain(index))
}

/// A figure right-aligned in its place; a dashed box around a hidden one.
fn figure_ui(pen: Pen<'_>, place: Rect, words: &str, value: Shown, ink: Ink) {
    match value {
        Shown::Value(_) | Shown::Coarse { .. } => {
            pen.text(place, Align2::RIGHT_CENTER, words, ink);
        }
        Shown::Suppressed { .. } => {
            let at = pen.text(place.with_max_x(place.right() - 4.0), Align2::RIGHT_CENTER, words, pen.note());
            let stroke = Stroke::new(pen.theme.sizes.hairline, pen.theme.muted);
            marks::dashed_box(pen.painter(), at.expand2(vec2(pen.step() * 0.5, -1.0)), stroke);
        }
        Shown::Missing | Shown::TooFine | Shown::Unread => {
            pen.text(place, Align2::RIGHT_CENTER, words, pen.note());
        }
    }
}

/// Paints the sentence at the top of what is left and returns the rest.
fn sentence_ui(pen: Pen<'_>, rect: Rect, words: &str) -> Rect {
    if words.is_empty() {
        return rect;
    }
    let (line, rest) = cut_top(rect, pen.row(pen.note()));
    pen.named_text(line, Align2::LEFT_CENTER, words, pen.note());
    rest.with_min_y(rest.top() + pen.step() * 0.5)
}

/// The item with the greatest shown value.
fn greatest<'a, 'b>(items: &'b [Item<'a>]) -> Option<&'b Item<'a>> {
    items
        .iter()
        .filter_map(|item| Some((item, item.value.point()?)))
        .max_by(|(_, a), (_, b)| a.order(*b))
        .map(|(item, _)| item)
}

/// Sum of all values, where every one may be shown: a sum with a hole would say more than its parts.
fn total(items: &[Item<'_>]) -> Shown {
    Shown::sum(items.iter().map(|i| i.value))
}

/// Words, and below them why a value is hidden or coarse, where it is.
fn why_below(view: &View<'_>, value: Shown, mut words: String) -> String {
    if let Some(why) = words::why(view, value) {
        words.push('\n');
        words.push_str(why);
    }
    words
}

/// How far a value reaches on the axis of a picture.
fn reach(value: Shown) -> Option<f64> {
    value.point().map(ScalePoint::on_axis)
}

/// The place of a row among rows of one height.
fn row(rect: Rect, pitch: f32, index: usize) -> Rect {
    let at = pos2(rect.left(), rect.top() + pitch * whole(index));
    Rect::from_min_size(at, vec2(rect.width(), pitch))
}

/// Height of a row when so many share a rectangle, between readable and comfortable; and how many fit.
fn pitch(pen: Pen<'_>, kind: PictureKind, height: f32, n: usize) -> (f32, usize) {
    let (tight, loose) = pitches(pen, kind);
    let pitch = (height / whole(n.max(1))).clamp(tight, loose);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows of a screen")]
    let fits = ((height + 1.0) / pitch).floor().max(1.0) as usize;
    (pitch, fits.min(n))
}
