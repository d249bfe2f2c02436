//! The time that is shown, in words, and the mark that says that it is not the present. Owns the sentences: what is
//! looked at, by what knowledge, how far the present is ahead.

use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

use crate::moment::{Known, Moment};
use crate::panels::pen::{Pen, cut_right};
use crate::panels::{View, format};
use crate::snapshot::EpochSecs;
use crate::theme::Theme;

/// The moment that is shown; where its picture is not here yet, still the one before.
#[must_use]
pub fn shown_moment(view: &View<'_>) -> Option<Moment> {
    view.snapshot.past.as_ref().map(|past| past.moment)
}

/// A civil date, with its year where it is not the present one's.
#[must_use]
pub fn date(view: &View<'_>, secs: EpochSecs) -> String {
    let zone = &view.site.zone;
    let year = |secs| zone.civil(secs).year();
    let secs = secs + view.snapshot.shift_secs;
    let date = format::date(zone, secs, view.text);
    if year(secs) == year(view.live_whole_secs() + view.snapshot.shift_secs) {
        return date;
    }
    view.text.fill("panel.time.date_with_year", &[("year", &year(secs).to_string()), ("date", &date)])
}

/// The clock at the end of a step: a day ends at 24:00, an hour with the next full hour.
#[must_use]
pub fn clock(view: &View<'_>, at_secs: EpochSecs) -> String {
    if Moment::new(at_secs, Known::Now).is_whole_day(&view.site.zone) {
        return view.text.get("panel.time.midnight").to_owned();
    }
    view.site.zone.clock(at_secs + 1)
}

/// A moment in words: the day as a whole, or the day up to a time.
#[must_use]
pub fn moment(view: &View<'_>, moment: Moment) -> String {
    let date = date(view, moment.at_secs);
    if moment.is_whole_day(&view.site.zone) {
        return date;
    }
    view.text.fill("panel.time.until", &[("date", &date), ("clock", &clock(view, moment.at_secs))])
}

/// By what knowledge, in a word; by that of another time where it is not the time looked at.
#[must_use]
pub fn known(view: &View<'_>, of: Moment) -> String {
    match of.known_at_secs {
        None => view.text.get("panel.time.known_now").to_owned(),
        Some(at) if at == of.at_secs => view.text.get("panel.time.known_then").to_owned(),
        Some(at) => {
            let words = moment(view, Moment::new(at, Known::Then));
            view.text.fill("panel.time.known_at", &[("moment", &words)])
        }
    }
}

/// How far the present is ahead, and how many changes came since it was left.
#[must_use]
pub fn ahead(view: &View<'_>) -> String {
    ahead_words(view, "panel.time.ahead")
}

/// The same where there is little room.
#[must_use]
pub fn ahead_brief(view: &View<'_>) -> String {
    ahead_words(view, "panel.time.ahead_brief")
}

fn ahead_words(view: &View<'_>, key: &str) -> String {
    let at = view.state.time.at_secs.unwrap_or_else(|| view.live_whole_secs());
    let lasting = format::lasting(view.live_whole_secs() - at, view.text);
    let new = view.live.live.changes.saturating_sub(view.state.time.changes_when_left);
    view.text.fill(key, &[("lasting", &lasting), ("n", &format::count(new))])
}

/// What is being looked at, as one line: live, or the moment and by what knowledge; or what is being worked out.
#[must_use]
pub fn state(view: &View<'_>) -> String {
    let Some(wanted) = view.state.time.moment() else {
        return view.text.get("panel.time.live").to_owned();
    };
    let words = moment(view, wanted);
    let known = known(view, wanted);
    let place = [("moment", words.as_str()), ("known", known.as_str())];
    let key = match () {
        () if view.past_failed => "panel.time.failed",
        () if view.is_waiting() => "panel.time.waiting",
        () => "panel.time.past",
    };
    view.text.fill(key, &place)
}

/// The moment and by what knowledge, where there is no room to say that it is looked back at; nothing while live or where
/// that is not all there is to say.
#[must_use]
pub fn state_brief(view: &View<'_>) -> Option<String> {
    let wanted = view.state.time.moment().filter(|_| !view.past_failed && !view.is_waiting())?;
    let (words, known) = (moment(view, wanted), known(view, wanted));
    Some(view.text.fill("panel.time.past_brief", &[("moment", &words), ("known", &known)]))
}

/// The whole truth about the picture: what its figures are of, what the knowledge means, which tables cannot say.
#[must_use]
pub fn explanation(view: &View<'_>) -> String {
    let Some(past) = &view.snapshot.past else {
        return view.text.get("panel.time.live_means").to_owned();
    };
    let mut lines = vec![
        state(view),
        view.text.fill("panel.time.figures_of_day", &[("date", &date(view, past.moment.at_secs))]),
        view.text.get("panel.time.present_only").to_owned(),
    ];
    match past.moment.known() {
        Known::Now => lines.push(view.text.get("panel.time.known_now_means").to_owned()),
        Known::Then => {
            lines.push(view.text.get("panel.time.known_then_means").to_owned());
            lines.extend(silent(view));
        }
    }
    lines.join("\n")
}

/// How many tables cannot say what was known when, and the datasets they belong to.
#[must_use]
pub fn silent(view: &View<'_>) -> Option<String> {
    let past = view.snapshot.past.as_ref().filter(|past| !past.silent.is_empty())?;
    let all = view.site.tables().count();
    let mut datasets: Vec<&str> = Vec::new();
    for (place, (dataset, _)) in view.site.tables().enumerate() {
        if past.silent.contains(&place)
            && let Some(dataset) = view.site.datasets.get(dataset)
            && !datasets.contains(&view.say(&dataset.name))
        {
            datasets.push(view.say(&dataset.name));
        }
    }
    let places =
        [("n", past.silent.len().to_string()), ("all", all.to_string()), ("names", datasets.join(" · "))];
    let places = places.each_ref().map(|(name, value)| (*name, value.as_str()));
    Some(view.text.fill("panel.time.silent", &places))
}

/// A box with two triangles that point back and the words that this is not live, at the right end of a rectangle; its
/// left edge. Nothing where it is.
pub fn mark_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>) -> f32 {
    let Some(shown) = shown_moment(view) else { return rect.right() };
    let step = pen.step();
    let ink = pen.note().bold().color(pen.theme.on(pen.theme.warn));
    let words = view.text.get("panel.time.not_live");
    let sign = ink.size * 1.1;
    let (_, place) = cut_right(rect, pen.width(words, ink) + sign + step * 2.5);
    let place = Rect::from_center_size(place.center(), vec2(place.width(), pen.row(ink) + step));
    pen.painter().rect_filled(place, step * 0.5, pen.theme.warn);
    rewind(pen.painter(), pos2(place.left() + step + sign * 0.5, place.center().y), sign, ink.color);
    let text = place.with_min_x(place.left() + step * 1.5 + sign);
    pen.text(text, Align2::LEFT_CENTER, words, ink);
    let name = format!("{words} {} {}", moment(view, shown), known(view, shown));
    pen.name(place, "not live", &name);
    pen.tip(place, "not live", || explanation(view));
    place.left()
}

/// Two triangles that point back.
pub fn rewind(painter: &Painter, center: Pos2, size: f32, color: Color32) {
    let r = size * 0.5;
    for x in [-r * 0.5, r * 0.5] {
        let points = vec![
            center + vec2(x - r * 0.5, 0.0),
            center + vec2(x + r * 0.5, -r * 0.7),
            center + vec2(x + r * 0.5, r * 0.7),
        ];
        painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
    }
}

/// A broken frame around the whole screen while it is not live, so that no glance and no photograph takes it for live.
pub fn frame_ui(painter: &Painter, screen: Rect, theme: &Theme) {
    let width = theme.sizes.step * 0.5;
    let dash = theme.sizes.step * 3.0;
    painter.rect_stroke(screen, 0.0, Stroke::new(width, theme.ground), StrokeKind::Inside);
    let edge = screen.shrink(width * 0.5);
    let corners =
        [edge.left_top(), edge.right_top(), edge.right_bottom(), edge.left_bottom(), edge.left_top()];
    painter.extend(Shape::dashed_line(&corners, Stroke::new(width, theme.warn), dash, dash * 0.6));
}
