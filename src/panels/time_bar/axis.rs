//! Dates along the foot of the time bar. Owns which of them are written: as many as have room, at round places.

use egui::{Align2, Rect, Stroke, vec2};

use super::Line;
use crate::moment::HOUR_SECS;
use crate::panels::pen::Pen;
use crate::panels::{View, format};
use crate::site::civil::date_of;
use crate::snapshot::{Day, EpochSecs};

/// Paints ticks and dates.
pub(super) fn axis_ui(pen: Pen<'_>, line: &Line, foot: Rect, view: &View<'_>) {
    let ticks = ticks(line, view);
    let ink = pen.note().size(pen.note().size * 0.94);
    let wide = ticks.iter().map(|(_, words)| pen.width(words, ink)).fold(0.0, f32::max) + pen.step() * 2.0;
    // Every so many of the ticks, so that the words do not touch.
    let pitch = ticks.windows(2).filter_map(|pair| Some(line.x(pair.last()?.0) - line.x(pair.first()?.0)));
    let pitch = pitch.fold(f32::INFINITY, f32::min).max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few dozen ticks")]
    let every = (wide / pitch).ceil().max(1.0) as usize;
    let stroke = Stroke::new(pen.theme.sizes.hairline, pen.theme.line);
    for (secs, words) in ticks.iter().step_by(every) {
        let x = line.x(*secs);
        pen.painter().vline(x, foot.top()..=foot.top() + pen.step() * 0.5, stroke);
        let place = Rect::from_center_size(egui::pos2(x, foot.center().y), vec2(wide, foot.height()));
        // At an end the words stay inside.
        let slack = (foot.left() - place.left() - pen.step()).max(0.0)
            - (place.right() - pen.step() - foot.right()).max(0.0);
        pen.text(place.translate(vec2(slack, pen.step() * 0.25)), Align2::CENTER_CENTER, words, ink);
    }
}

/// Round places of a line with their words: hours of a day or two, days, Mondays, months.
fn ticks(line: &Line, view: &View<'_>) -> Vec<(EpochSecs, String)> {
    const DAY_SECS: i64 = 24 * HOUR_SECS;
    let zone = &view.site.zone;
    let shift = view.snapshot.shift_secs;
    let shown = |day: Day| day + format::shift_days(shift);
    let days = zone.day_of(line.from)..zone.day_of(line.to - 1) + 1;
    let wide = line.to - line.from;
    if wide <= 3 * DAY_SECS {
        let hour = |secs: EpochSecs| match zone.clock(secs) {
            clock if clock == "00:00" => format::axis_day(zone.day_of(secs + shift)),
            clock => clock,
        };
        let all = days.flat_map(|day| (0..4).map(move |part| (day, part * 6 * HOUR_SECS)));
        let all = all.map(|(day, into)| zone.start_of(day) + into).filter(|at| *at >= line.from);
        return all.map(|at| (at, hour(at))).collect();
    }
    let is_round = |day: &Day| match wide {
        wide if wide <= 20 * DAY_SECS => true,
        wide if wide <= 120 * DAY_SECS => date_of(shown(*day)).weekday() == jiff::civil::Weekday::Monday,
        _ => date_of(shown(*day)).day() == 1,
    };
    let words = |day: Day| {
        if wide <= 120 * DAY_SECS {
            format::axis_day(shown(day))
        } else {
            format::axis_month(shown(day), view.text)
        }
    };
    let round = days.filter(is_round).map(|day| (zone.start_of(day), words(day)));
    round.filter(|(at, _)| *at >= line.from).collect()
}
