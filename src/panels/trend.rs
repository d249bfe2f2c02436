//! The trend of the chosen indicator: its points, its target, the control band that fits its kind and the runs that
//! chance does not explain, so that noise is not taken for change. Owns the chart's scale and its axis words.

use std::ops::RangeInclusive;

use egui::{Align2, Mesh, Pos2, Rect, Shape, Stroke, Vec2, pos2, vec2};

use crate::derived::Trend;
use crate::derived::control::{Chart, Rule};
use crate::derived::words as derived_words;
use crate::panels::followed::followed;
use crate::panels::pen::{Pen, cut_right, cut_top, share, whole};
use crate::panels::series_cache::SeriesCache;
use crate::panels::{View, day_marks, format, marks, words};
use crate::privacy::shown::{ScalePoint, Shown};
use crate::site::areas::AreaId;
use crate::site::calendar::DaySpan;
use crate::site::catalogue::Indicator;
use crate::snapshot::{Day, Series};

/// The area whose trend is shown: the chosen one, or the one above it where the indicator is not shown so fine.
#[must_use]
pub fn trend_area(view: &View<'_>, indicator: &Indicator) -> AreaId {
    let finest = view.site.level_index(&indicator.finest_area).unwrap_or(0);
    view.site.areas.ancestor(view.state.area, finest)
}

/// Paints heading and explanation of the trend.
pub fn trend_words_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, series: &mut SeriesCache) {
    let Some(indicator) = view.indicator() else { return };
    let Some(followed) = followed(view, indicator, series) else { return };
    let trend = &followed.trend;
    let (line, rest) = cut_top(rect, pen.row(pen.heading()));
    pen.named_text(line, Align2::LEFT_CENTER, view.text.get("panel.trend.title"), pen.heading());
    let (line, rest) = cut_top(rest, pen.row(pen.body()));
    pen.named_text(line, Align2::LEFT_CENTER, view.say(indicator.card_name()), pen.body());
    let span = format!("{} · {}", followed.name, format::window(&indicator.window, view.text));
    let (line, rest) = cut_top(rest, pen.row(pen.note()));
    pen.named_text(line, Align2::LEFT_CENTER, &span, pen.note());
    let mut place = rest.with_min_y(rest.top() + pen.step() * 0.5);
    // That the newest point is old matters more than what it is compared with.
    let overdue = words::overdue(view, indicator);
    if !overdue.is_empty() {
        let used = pen.wrapped(place, &overdue, pen.note().color(pen.theme.warn), 2);
        pen.name(place, "trend overdue", &overdue);
        place = place.with_min_y(place.top() + used);
    }
    if trend.series.points.iter().any(|point| point.value == Shown::Unread) {
        pen.wrapped(place, view.text.get("panel.shown.why_unread"), pen.note(), rows_in(pen, place).min(2));
        return;
    }
    let (warns, sentence) = derived_words::trend(view.text, trend);
    let color = if warns { pen.theme.warn } else { pen.theme.muted };
    let mut rows = rows_in(pen, place).min(2);
    if rows == 0 {
        return;
    }
    let used = pen.wrapped(place, &sentence, pen.note().color(color), rows);
    pen.name(place, "trend sentence", &sentence);
    let note = legend_words(view, trend, followed.target.is_some());
    place = place.with_min_y(place.top() + used);
    rows = rows_in(pen, place).min(2);
    if rows > 0 {
        pen.wrapped(place, &note, pen.note(), rows);
        pen.name(place, "trend legend", &note);
    }
}

/// Whole rows of small text that fit.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows of a screen")]
fn rows_in(pen: Pen<'_>, place: Rect) -> usize {
    ((place.height() + 0.5) / pen.row(pen.note())).floor().max(0.0) as usize
}

/// What hatching, steps, the dashed line and the band are, where they are drawn.
fn legend_words(view: &View<'_>, trend: &Trend, has_target: bool) -> String {
    let points = &trend.series.points;
    if points.len() < 2 {
        return String::new();
    }
    let mut parts = Vec::new();
    if points.iter().any(|p| p.value.is_suppressed()) {
        parts.push(view.text.get("panel.trend.hidden").to_owned());
    }
    if points.iter().any(|p| p.value.told().is_some()) {
        parts.push(view.text.get("panel.trend.stepped").to_owned());
    }
    if let Ok(chart) = &trend.chart {
        let method = derived_words::method(view.text, chart.method);
        parts.push(view.text.fill("panel.trend.band", &[("method", method)]));
    }
    if has_target {
        parts.push(view.text.get("panel.trend.dashed").to_owned());
    }
    if !is_monthly(&trend.series) && points.iter().any(|p| view.site.calendar.is_holiday(p.day)) {
        parts.push(view.text.get("panel.trend.holidays").to_owned());
    }
    parts.join(" · ")
}

/// Paints the chart.
pub fn trend_chart_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, series: &mut SeriesCache) {
    let Some(indicator) = view.indicator() else { return };
    let Some(followed) = followed(view, indicator, series) else { return };
    let trend = &followed.trend;
    let series = &trend.series;
    let chart = trend.chart.as_ref().ok();
    let ink = pen.heading();
    let last = series.points.last().map_or(Shown::Missing, |p| p.value);
    let last_words = format::shown(last, indicator.decimals, &indicator.unit, view.text);
    let labels = pen.row(pen.note());
    let (plot, value_place) =
        cut_right(rect, (pen.width(&last_words, ink) + pen.step() * 2.0).min(rect.width() * 0.3));
    let left_labels = plot;
    let plot = plot.with_max_y(plot.bottom() - labels).shrink2(vec2(pen.step(), pen.step() * 0.5));
    if series.points.iter().all(|p| !p.value.is_seen()) {
        let word = format::bare(last, 0, view.text);
        pen.named_text(plot, Align2::CENTER_CENTER, &word, pen.body().color(pen.theme.muted));
        return;
    }
    if series.points.len() < 2 {
        let words = format!("{last_words} · {}", view.text.get("panel.trend.single"));
        pen.named_text(plot, Align2::CENTER_CENTER, &words, pen.body().color(pen.theme.muted));
        return;
    }
    let target = followed.target;
    let scale = Scale::of(series, chart, target, most_of(indicator));
    let y = |value: f64| plot.bottom() - plot.height() * share(value - scale.low, scale.high - scale.low);
    let step_x = plot.width() / whole(series.points.len().saturating_sub(1).max(1));
    let at = |i: usize, value: f64| pos2(plot.left() + step_x * whole(i), y(value));
    if let Some(chart) = chart {
        band_ui(pen, plot, chart, at);
    }
    target_ui(pen, plot, target, y);
    grid_ui(pen, plot, &scale, y);
    line_ui(pen, plot, series, view, at);
    if let Some(chart) = chart {
        signals_ui(pen, chart, series, at);
    }
    if let Some(point) = last.point() {
        let end = at(series.points.len().saturating_sub(1), point.on_axis());
        let color = if followed.is_missed { pen.theme.warn } else { pen.theme.outline };
        let late = followed.is_late;
        let ink = if late { ink.color(pen.theme.muted) } else { ink };
        // Not the present: a ring instead of a point.
        marks::target(pen.painter(), end, pen.step() * 1.5, !late, color);
        let place = Rect::from_center_size(
            pos2(value_place.center().x, end.y),
            vec2(value_place.width(), pen.row(ink)),
        );
        let slack = (rect.bottom() - labels - place.bottom()).min(0.0);
        pen.text(place.translate(vec2(pen.step() * 0.5, slack)), Align2::LEFT_CENTER, &last_words, ink);
    }
    axis_ui(pen, plot, left_labels, view, series, step_x);
    if !is_monthly(series) {
        let foot = left_labels.with_min_y(plot.bottom());
        let days = days(view, plot, series, step_x);
        day_marks::day_marks_ui(pen, foot, view, "trend", days.into_iter());
    }
    hover_ui(pen, plot, view, indicator, trend, step_x);
}

/// Steps of a coarse series that its chart spans at least.
const LEAST_STEPS: f64 = 5.0;

/// A range widened so that what is told in steps is not drawn so large that one step looks like a leap.
#[must_use]
pub(super) fn at_least_steps(series: &Series, low: f64, high: f64) -> (f64, f64) {
    let step = series.points.iter().filter_map(|p| p.value.step()).fold(0.0, f64::max);
    let short = (step * LEAST_STEPS - (high - low)).max(0.0);
    (low - short / 2.0, high + short / 2.0)
}

#[derive(Debug)]
struct Scale {
    low: f64,
    high: f64,
}

/// What no figure of the indicator can be above.
fn most_of(indicator: &Indicator) -> f64 {
    if indicator.unit == "%" && indicator.denominator.is_some() { 100.0 } else { f64::INFINITY }
}

impl Scale {
    fn of(series: &Series, chart: Option<&Chart>, target: Option<f64>, most: f64) -> Self {
        let values = series.points.iter().filter_map(|p| p.value.point()).map(ScalePoint::on_axis);
        let (mut low, mut high) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        // What cannot be is no part of an axis: less than none where nothing is negative, more than all of a share.
        let least = if low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
        let most = if high <= most { most } else { f64::INFINITY };
        (low, high) = at_least_steps(series, low, high);
        for (a, b) in chart.into_iter().flat_map(|c| c.limits.iter().flatten()) {
            (low, high) = (low.min(*a), high.max(*b));
        }
        let spread = (high - low).max(high.abs() * 1e-3).max(1e-9);
        // A target far away would flatten the line; it is then named in words only.
        if let Some(target) = target
            && target > low - spread * 2.0
            && target < high + spread * 2.0
        {
            (low, high) = (low.min(target), high.max(target));
        }
        let pad = (high - low).max(spread) * 0.1;
        Self { low: (low - pad).max(least), high: (high + pad).min(most) }
    }
}

/// The band inside the limits, a step wide at each charted point, and the mean.
fn band_ui(pen: Pen<'_>, plot: Rect, chart: &Chart, at: impl Fn(usize, f64) -> Pos2) {
    let charted: Vec<(usize, (f64, f64))> =
        chart.limits.iter().enumerate().filter_map(|(i, limits)| limits.map(|l| (i, l))).collect();
    let between = |a: usize, b: usize| f32::midpoint(at(a, 0.0).x, at(b, 0.0).x);
    let mut mesh = Mesh::default();
    for (n, (i, (low, high))) in charted.iter().enumerate() {
        let before = n.checked_sub(1).and_then(|n| charted.get(n)).map(|(b, _)| between(*b, *i));
        let after = charted.get(n + 1).map(|(a, _)| between(*i, *a));
        let x = before.unwrap_or(plot.left())..=after.unwrap_or(plot.right());
        let place = Rect::from_x_y_ranges(x, at(*i, *high).y..=at(*i, *low).y);
        mesh.add_colored_rect(place, pen.theme.outline.gamma_multiply(0.12));
    }
    pen.painter().add(Shape::mesh(mesh));
    let stroke = Stroke::new(pen.theme.sizes.hairline, pen.theme.outline.gamma_multiply(0.5));
    pen.painter().hline(plot.x_range(), at(0, chart.center).y, stroke);
}

fn target_ui(pen: Pen<'_>, plot: Rect, target: Option<f64>, y: impl Fn(f64) -> f32) {
    let Some(target) = target else { return };
    let y = y(target);
    if y > plot.top() && y < plot.bottom() {
        let stroke = Stroke::new(pen.theme.sizes.hairline * 1.5, pen.theme.text.gamma_multiply(0.6));
        marks::dashed(pen.painter(), pos2(plot.left(), y), pos2(plot.right(), y), stroke, pen.step() * 0.5);
    }
}

/// Marks of what chance does not explain, told apart by shape: a diamond around a point beyond the limits, a square on
/// points on one side of the mean, an arrow on points that rise or fall.
fn signals_ui(pen: Pen<'_>, chart: &Chart, series: &Series, at: impl Fn(usize, f64) -> Pos2) {
    let size = pen.step() * 1.1;
    let color = pen.theme.warn;
    for signal in &chart.signals {
        for (i, point) in series.points.iter().enumerate().skip(signal.from).take(signal.to + 1 - signal.from)
        {
            let charted = chart.limits.get(i).is_some_and(Option::is_some);
            let (Shown::Value(value), true) = (point.value, charted) else { continue };
            let center = at(i, value);
            match signal.rule {
                Rule::Beyond => {
                    marks::diamond(pen.painter(), center, size * 2.0, Stroke::new(size * 0.25, color));
                }
                Rule::OneSide => {
                    let place = Rect::from_center_size(center, Vec2::splat(size));
                    pen.painter().rect_filled(place, 0.0, color);
                }
                Rule::Drift => {
                    let way = if signal.up { marks::Way::Up } else { marks::Way::Down };
                    marks::way(pen.painter(), center, size * 1.3, way, color);
                }
            }
        }
    }
}

fn grid_ui(pen: Pen<'_>, plot: Rect, scale: &Scale, y: impl Fn(f64) -> f32) {
    let (step, ticks) = ticks(scale.low, scale.high);
    let decimals = decimals(step);
    for value in ticks {
        let at = y(value);
        let stroke = Stroke::new(pen.theme.sizes.hairline, pen.theme.line.gamma_multiply(0.6));
        pen.painter().hline(plot.x_range(), at, stroke);
        let row = pen.row(pen.note());
        let place = Rect::from_min_size(
            pos2(plot.left() - pen.step() * 9.0, at - row * 0.5),
            vec2(pen.step() * 8.5, row),
        );
        pen.text(place, Align2::RIGHT_CENTER, &format::bound(value, decimals), pen.note());
    }
}

/// As many digits as tell marks of an axis apart.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "digits of a number on a screen")]
pub(super) fn decimals(step: f64) -> usize {
    (-step.log10().floor()).clamp(0.0, 6.0) as usize
}

/// Two to five round values inside a range, and the step between them.
pub(super) fn ticks(low: f64, high: f64) -> (f64, Vec<f64>) {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 {
        return (1.0, Vec::new());
    }
    // The finest round step that leaves at most five marks. A finer one had six, which span five of its steps, and
    // those are at least two of this one: so two marks are left at least.
    let power = 10.0_f64.powf(span.log10().floor());
    let marks = |step: f64| (high / step).floor() - (low / step).ceil() + 1.0;
    let mut steps = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0].into_iter().map(|m| m * power);
    let step = steps.find(|step| marks(*step) <= 5.0).unwrap_or(span);
    let mut ticks = Vec::new();
    let mut at = (low / step).ceil() * step;
    while at <= high && ticks.len() < 5 {
        ticks.push(at);
        at += step;
    }
    (step, ticks)
}

/// A run of neighbouring points: joined straight where all are exact, else in steps.
fn run_ui(pen: Pen<'_>, run: &mut Vec<Pos2>, stepped: bool) {
    let stroke = Stroke::new(pen.theme.sizes.hairline * 2.5, pen.theme.outline);
    let points = std::mem::take(run);
    let line = match points.as_slice() {
        [] => return,
        [alone] => {
            pen.painter().circle_filled(*alone, stroke.width, stroke.color);
            return;
        }
        _ if stepped => {
            let corners =
                points.windows(2).filter_map(|w| Some([*w.first()?, pos2(w.last()?.x, w.first()?.y)]));
            corners.flatten().chain(points.last().copied()).collect()
        }
        _ => points,
    };
    pen.painter().add(Shape::line(line, stroke));
}

fn line_ui(pen: Pen<'_>, plot: Rect, series: &Series, view: &View<'_>, at: impl Fn(usize, f64) -> Pos2) {
    let step_x = at(1, 0.0).x - at(0, 0.0).x;
    let (mut run, mut stepped) = (Vec::new(), false);
    let mut label_from = f32::NEG_INFINITY;
    for (i, point) in series.points.iter().enumerate() {
        if let Some(place) = point.value.point() {
            // One coarse point makes the run a stepped one: a slope would claim what lies between.
            stepped |= point.value.told().is_some();
            run.push(at(i, place.on_axis()));
            continue;
        }
        run_ui(pen, &mut run, stepped);
        stepped = false;
        if point.value.is_suppressed() {
            let x = at(i, 0.0).x;
            hidden_ui(pen, plot, (x - step_x * 0.5)..=(x + step_x * 0.5));
            let words = format::bare(point.value, 0, view.text);
            let wide = pen.width(&words, pen.note());
            let left = (x - wide * 0.5).clamp(plot.left(), (plot.right() - wide).max(plot.left()));
            if left >= label_from {
                let row = pen.row(pen.note());
                let place = Rect::from_min_size(pos2(left, plot.bottom() - row), vec2(wide, row));
                pen.painter().rect_filled(place.expand2(vec2(1.0, -row * 0.1)), 0.0, pen.theme.surface);
                pen.text(place, Align2::LEFT_CENTER, &words, pen.note());
                label_from = place.right() + pen.step();
            }
        }
    }
    run_ui(pen, &mut run, stepped);
}

/// A hatched band over the whole height: what is hidden may stand anywhere, and never stands at 0.
fn hidden_ui(pen: Pen<'_>, plot: Rect, across: std::ops::RangeInclusive<f32>) {
    let band = Rect::from_x_y_ranges(across, plot.y_range()).intersect(plot);
    let stroke = Stroke::new(pen.theme.sizes.hairline, pen.theme.muted.gamma_multiply(0.45));
    marks::hatch(pen.painter(), band, pen.step(), stroke);
}

fn is_monthly(series: &Series) -> bool {
    matches!(series.points.as_slice(), [first, second, ..] if second.day - first.day >= 27)
}

fn axis_ui(pen: Pen<'_>, plot: Rect, whole_rect: Rect, view: &View<'_>, series: &Series, step_x: f32) {
    let monthly = is_monthly(series);
    let shift = format::shift_days(view.snapshot.shift_secs);
    let label = |day: Day| {
        if monthly { format::axis_month(day + shift, view.text) } else { format::axis_day(day + shift) }
    };
    let widest = series.points.iter().map(|p| pen.width(&label(p.day), pen.note())).fold(1.0_f32, f32::max);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "labels on a screen")]
    let every = (((widest + pen.step() * 2.0) / step_x.max(0.1)).ceil() as usize).max(1);
    let every =
        if monthly { [1, 2, 3, 6, 12].into_iter().find(|e| *e >= every).unwrap_or(every) } else { every };
    let count = series.points.len();
    for (i, point) in series.points.iter().enumerate().filter(|(i, _)| (count - 1 - i).is_multiple_of(every))
    {
        let x = plot.left() + step_x * whole(i);
        let place =
            Rect::from_x_y_ranges(x - widest * 0.5..=x + widest * 0.5, plot.bottom()..=whole_rect.bottom());
        if place.left() < whole_rect.left() - pen.step() * 4.0 {
            continue;
        }
        pen.text(place, Align2::CENTER_BOTTOM, &label(point.day), pen.note());
    }
}

/// Days of a series by the day that are unlike the others, and where they stand.
fn days<'a>(
    view: &View<'a>,
    plot: Rect,
    series: &Series,
    step_x: f32,
) -> Vec<(RangeInclusive<f32>, &'a DaySpan)> {
    let mut out: Vec<(RangeInclusive<f32>, &DaySpan)> = Vec::new();
    for (i, point) in series.points.iter().enumerate() {
        let Some(span) = view.site.calendar.at(point.day) else { continue };
        let x = plot.left() + step_x * whole(i);
        // Half a day to both sides, as far as the chart reaches.
        let (left, right) = ((x - step_x * 0.5).max(plot.left()), (x + step_x * 0.5).min(plot.right()));
        match out.last_mut().filter(|(_, before)| before.first == span.first) {
            Some((across, _)) => *across = *across.start()..=right,
            None => out.push((left..=right, span)),
        }
    }
    out
}

fn hover_ui(pen: Pen<'_>, plot: Rect, view: &View<'_>, indicator: &Indicator, trend: &Trend, step_x: f32) {
    let series = &trend.series;
    let Some(pointer) = pen.ui.input(|i| i.pointer.hover_pos()).filter(|p| plot.contains(*p)) else {
        return;
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a point of a chart")]
    let index = ((pointer.x - plot.left()) / step_x.max(0.1)).round().max(0.0) as usize;
    let Some(point) = series.points.get(index) else {
        return;
    };
    let x = plot.left() + step_x * whole(index);
    pen.painter().vline(x, plot.y_range(), Stroke::new(pen.theme.sizes.hairline, pen.theme.muted));
    pen.tip(plot, "trend point", || {
        let day = point.day + format::shift_days(view.snapshot.shift_secs);
        let mut lines = vec![
            format::full_day(day, is_monthly(series)),
            format::shown(point.value, indicator.decimals, &indicator.unit, view.text),
        ];
        lines.extend(day_marks::of_day(view, point.day).filter(|_| !is_monthly(series)));
        lines.extend(words::why(view, point.value).map(str::to_owned));
        let chart = trend.chart.as_ref().ok();
        if let Some(limits) = chart.and_then(|c| c.limits.get(index).copied().flatten()) {
            let range = format::interval(Some(limits), indicator.decimals, view.text);
            lines.push(view.text.fill("panel.trend.range", &[("range", &range)]));
        }
        let signals = chart.map_or(&[][..], |c| &c.signals);
        lines.extend(
            signals
                .iter()
                .filter(|s| (s.from..=s.to).contains(&index))
                .map(|s| derived_words::signal(view.text, s)),
        );
        lines.join("\n")
    });
}

#[cfg(test)]
mod tests {
    use super::{Scale, Series, Shown, ticks};
    use crate::privacy::shown::Told;
    use crate::snapshot::SeriesPoint;

    #[test]
    fn an_axis_has_at_least_two_round_values() {
        for (low, high) in
            [(98.37, 99.63), (98.97, 99.03), (0.0, 9.9), (-14.9, -13.1), (4.2, 4_652.0), (0.0, 1.0)]
        {
            for shift in 0..20 {
                let (low, high) = (low + f64::from(shift) * 0.0137, high + f64::from(shift) * 0.0137);
                let (step, values) = ticks(low, high);
                assert!((2..=5).contains(&values.len()), "{low} to {high}: {values:?}");
                assert!(
                    values
                        .iter()
                        .all(|v| (low..=high).contains(v) && (v / step - (v / step).round()).abs() < 1e-6)
                );
            }
        }
    }

    #[test]
    fn an_axis_shows_nothing_that_cannot_be() {
        let point =
            |value| SeriesPoint { day: 0, value, numerator: Shown::Missing, denominator: Shown::Missing };
        let series =
            |values: &[f64]| Series { points: values.iter().map(|v| point(Shown::Value(*v))).collect() };
        let share = Scale::of(&series(&[99.0, 100.0]), None, None, 100.0);
        assert!(share.high <= 100.0 && share.low < 99.0, "{share:?}");
        let coarse = Shown::Coarse { value: 0.0, step: 50.0, told: Told::About };
        let count = Series { points: vec![point(coarse)] };
        let scale = Scale::of(&count, None, None, f64::INFINITY);
        assert!(scale.low >= 0.0 && scale.high > 0.0, "{scale:?}");
        // What can be negative, or above 100 in per cent, stays in sight.
        let change = Scale::of(&series(&[-15.0, 120.0]), None, None, 100.0);
        assert!(change.low < -15.0 && change.high > 120.0, "{change:?}");
    }
}
