//! Events over time: counts stacked by severity, grave events from start to end, and where data is missing or late. Owns
//! the buckets; they are of the whole site.

use egui::{Rect, Shape, Stroke, pos2};

use super::Line;
use crate::moment::HOUR_SECS;
use crate::panels::pen::{Pen, share};
use crate::panels::{View, format, marks, time_words};
use crate::snapshot::EpochSecs;

/// Events of an hour or a day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    /// Its first instant.
    pub(super) from: EpochSecs,
    /// The first instant after it.
    pub(super) to: EpochSecs,
    /// By severity 1 to 4.
    pub(super) counts: [u64; 4],
}

impl Bucket {
    pub(super) fn all(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// Hours without an event that are a gap; fewer are a quiet night. Of days one is.
const GAP_HOURS: usize = 6;
/// Grave events that a bar can hold; of more the longest are drawn.
const MOST_SPANS: usize = 60;

/// The hours or days of a line.
pub(super) fn buckets(line: &Line, view: &View<'_>) -> Vec<Bucket> {
    let zone = &view.site.zone;
    let timeline = &view.live.events.timeline;
    let bucket = |from, to| Bucket { from, to, counts: timeline.count(from, to) };
    if view.state.time.bar_is_hourly() {
        let hours = (line.to - line.from) / HOUR_SECS;
        return (0..hours)
            .map(|hour| line.from + hour * HOUR_SECS)
            .map(|from| bucket(from, from + HOUR_SECS))
            .collect();
    }
    (zone.day_of(line.from)..=zone.day_of(line.to - 1))
        .map(|day| bucket(zone.start_of(day), zone.start_of(day + 1)))
        .collect()
}

/// Paints the counts.
pub(super) fn buckets_ui(pen: Pen<'_>, line: &Line, rect: Rect, view: &View<'_>) -> Vec<Bucket> {
    let buckets = buckets(line, view);
    let most = buckets.iter().map(Bucket::all).max().unwrap_or(0).max(1);
    let at = view.state.time.at_secs.unwrap_or_else(|| view.live_whole_secs());
    let window = at - view.state.time.width_secs..=at;
    let mut shapes = Vec::with_capacity(buckets.len() * 2);
    for bucket in &buckets {
        let place = line.over(rect, bucket.from, bucket.to);
        let gap = (place.width() * 0.18).min(pen.step() * 0.25);
        let place = place.with_max_x(place.right() - gap);
        // What is looked at stands out; the rest recedes.
        let strength =
            if window.contains(&(bucket.to - 1)) || window.contains(&bucket.from) { 1.0 } else { 0.45 };
        let mut bottom = rect.bottom();
        for (severity, count) in (1_u8..).zip(bucket.counts).filter(|(_, count)| *count > 0) {
            #[expect(clippy::cast_precision_loss, reason = "counts on a screen")]
            let height = (rect.height() * share(count as f64, most as f64)).max(1.0);
            let part = Rect::from_x_y_ranges(place.x_range(), bottom - height..=bottom);
            shapes.push(Shape::rect_filled(part, 0.0, pen.theme.severity(severity).gamma_multiply(strength)));
            bottom -= height;
        }
    }
    pen.painter().extend(shapes);
    pen.hairline(rect.left(), rect.right(), rect.bottom());
    buckets
}

/// Hatches spans without any event, what has not come yet, and data that is overdue.
pub(super) fn gaps_ui(pen: Pen<'_>, line: &Line, rect: Rect, view: &View<'_>) {
    let step = pen.step();
    let live = view.live_whole_secs();
    let faint = Stroke::new(pen.theme.sizes.hairline, pen.theme.line);
    let (first, _) = view.time_span();
    let buckets = buckets(line, view);
    let least = if view.state.time.bar_is_hourly() { GAP_HOURS } else { 1 };
    let is_empty = |bucket: &&Bucket| bucket.all() == 0 && bucket.from >= first && bucket.to <= live;
    let runs = buckets.chunk_by(|a, b| is_empty(&a) == is_empty(&b));
    for run in runs.filter(|run| run.len() >= least && run.first().is_some_and(|b| is_empty(&b))) {
        let (Some(from), Some(to)) = (run.first(), run.last()) else { continue };
        let place = line.over(rect, from.from, to.to);
        marks::hatch(pen.painter(), place, step * 0.75, Stroke::new(faint.width, pen.theme.muted));
        pen.tip(place, ("gap", from.from), || view.text.get("panel.time.gap").to_owned());
    }
    for (from, to, key) in
        [(line.from, first, "panel.time.before_data"), (live, line.to, "panel.time.not_yet")]
    {
        if to > from {
            let place = line.over(rect, from, to);
            pen.painter().rect_filled(place, 0.0, pen.theme.line.gamma_multiply(0.35));
            pen.tip(place, key, || view.text.get(key).to_owned());
        }
    }
    late_ui(pen, line, rect, view);
}

/// Data that should be here and is not: from the time it was due to now.
fn late_ui(pen: Pen<'_>, line: &Line, rect: Rect, view: &View<'_>) {
    let live = view.live_whole_secs();
    let late = || view.live.freshness.sources.iter().filter(|source| source.late);
    let Some(due) = late().filter_map(|source| source.due_secs).filter(|due| *due < live).min() else {
        return;
    };
    if due >= line.to || live <= line.from {
        return;
    }
    let foot = rect.with_min_y(rect.bottom() - pen.step());
    let place = line.over(foot, due, live);
    marks::hatch(
        pen.painter(),
        place,
        pen.step() * 0.5,
        Stroke::new(pen.theme.sizes.hairline, pen.theme.warn),
    );
    pen.tip(place, "late", || {
        let mut datasets: Vec<&str> = Vec::new();
        for dataset in late().filter_map(|source| view.site.datasets.get(source.dataset)) {
            if !datasets.contains(&view.say(&dataset.name)) {
                datasets.push(view.say(&dataset.name));
            }
        }
        let since = time_words::date(view, due);
        view.text.fill("panel.time.late", &[("date", &since), ("names", &datasets.join(" · "))])
    });
}

/// Paints grave events from start to end, on as many lines as there is room for.
pub(super) fn spans_ui(pen: Pen<'_>, line: &Line, rect: Rect, view: &View<'_>) {
    let live = view.live_whole_secs();
    let all = &view.live.events.timeline.spans;
    let end = |closed: Option<EpochSecs>| closed.unwrap_or(live);
    let seen = |least: u8| {
        all.iter().filter(move |span| {
            span.severity >= least && span.opened_secs < line.to && end(span.closed_secs) >= line.from
        })
    };
    let mut shown: Vec<_> = seen(3).collect();
    if shown.len() > MOST_SPANS {
        shown.sort_by_key(|span| std::cmp::Reverse(end(span.closed_secs) - span.opened_secs));
        shown.truncate(MOST_SPANS);
        shown.sort_by_key(|span| span.opened_secs);
        let words = || view.text.fill("panel.time.longest", &[("n", &MOST_SPANS.to_string())]);
        pen.tip(rect, "longest", words);
    }
    let size = (pen.step() * 0.9).min(rect.height());
    let lanes = ((rect.height() / size).floor() as usize).clamp(1, 3);
    let mut free = vec![f32::NEG_INFINITY; lanes];
    for span in shown {
        let (left, right) = (line.x(span.opened_secs), line.x(end(span.closed_secs)));
        // The line that has been free for longest.
        let lane = (0..lanes).min_by(|a, b| free_at(&free, *a).total_cmp(&free_at(&free, *b))).unwrap_or(0);
        if let Some(until) = free.get_mut(lane) {
            *until = right.max(left + size);
        }
        let y = rect.bottom() - size * (crate::panels::pen::whole(lane) + 0.5);
        let color = pen.theme.severity(span.severity);
        let stroke = Stroke::new(pen.theme.sizes.hairline * 1.5, color);
        pen.painter().hline(left..=right.max(left + 1.0), y, stroke);
        if span.closed_secs.is_some() {
            pen.painter().vline(right, y - size * 0.3..=y + size * 0.3, stroke);
        }
        marks::severity(pen.painter(), pen.theme, pos2(left, y), size * 0.8, span.severity);
        let place =
            Rect::from_x_y_ranges(left - size * 0.5..=right + size * 0.5, y - size * 0.5..=y + size * 0.5);
        pen.tip(place, ("span", &span.id), || span_words(view, span, live));
    }
}

fn free_at(free: &[f32], lane: usize) -> f32 {
    free.get(lane).copied().unwrap_or(f32::INFINITY)
}

fn span_words(view: &View<'_>, span: &crate::moment::Span, live: EpochSecs) -> String {
    let kind = view.text.code_name(&crate::panels::alarm_strip::kind_list(view), &span.kind);
    let severity = view.text.get(crate::panels::event_stream::severity_key(span.severity));
    let shift = view.snapshot.shift_secs;
    let start = format::moment(&view.site.zone, span.opened_secs + shift);
    let lasting = format::lasting(span.closed_secs.unwrap_or(live) - span.opened_secs, view.text);
    let key = if span.closed_secs.is_some() { "panel.time.span" } else { "panel.time.span_open" };
    let places = [("kind", kind), ("severity", severity), ("start", &start), ("lasting", &lasting)];
    view.text.fill(key, &places)
}
