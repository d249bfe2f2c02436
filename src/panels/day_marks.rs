//! Days unlike the others along the foot of a chart: a full bar for a holiday, a broken one for a day of rest that is
//! worked, so that they are told without colour. Owns the marks and their words; the site's calendar says which days.

use std::ops::RangeInclusive;

use egui::{Rect, Stroke};

use crate::panels::View;
use crate::panels::marks;
use crate::panels::pen::Pen;
use crate::site::calendar::{DayKind, DaySpan};
use crate::snapshot::Day;

/// Height of the marks, of a step.
const TALL: f32 = 0.5;

/// Paints the marks of some spans below the line that a rectangle begins with; `chart` tells them from those of another
/// chart on the same screen.
pub fn day_marks_ui<'a>(
    pen: Pen<'_>,
    foot: Rect,
    view: &View<'_>,
    chart: &str,
    spans: impl Iterator<Item = (RangeInclusive<f32>, &'a DaySpan)>,
) {
    let hairline = pen.theme.sizes.hairline;
    for (across, span) in spans {
        let place = Rect::from_x_y_ranges(across, foot.top()..=foot.top() + pen.step() * TALL);
        let place = place.intersect(foot).expand2(egui::vec2(0.0, -hairline));
        // A day of a year on a small screen is less than a point wide.
        let place = place.with_max_x(place.right().max(place.left() + hairline * 2.0));
        match span.kind {
            DayKind::Holiday => {
                pen.painter().rect_filled(place, 0.0, pen.theme.muted);
            }
            DayKind::WorkingDay => {
                let stroke = Stroke::new(place.height(), pen.theme.muted);
                let (from, to) = (place.left_center(), place.right_center());
                marks::dashed(pen.painter(), from, to, stroke, pen.step() * 0.3);
            }
        }
        pen.name(place, (chart, "day span", span.first), &words(view, span));
        // The marks are low: what is pointed at is a little taller.
        let near = place.expand2(egui::vec2(hairline, pen.step() * TALL));
        pen.tip(near, (chart, "day span", span.first), || {
            format!("{}\n{}", words(view, span), view.say(&span.source))
        });
    }
}

/// Name and kind of a span.
fn words(view: &View<'_>, span: &DaySpan) -> String {
    let key = match span.kind {
        DayKind::Holiday => "panel.days.holiday",
        DayKind::WorkingDay => "panel.days.working_day",
    };
    view.text.fill(key, &[("name", view.say(&span.name))])
}

/// What a day is, where it is unlike the others.
#[must_use]
pub fn of_day(view: &View<'_>, day: Day) -> Option<String> {
    view.site.calendar.at(day).map(|span| words(view, span))
}
