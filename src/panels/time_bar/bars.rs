//! Events over time: counts stacked by severity or by kind, as the filter of events takes them; grave events from start to
//! end; and where data is missing or late. Owns the buckets; they are of the whole site.

use egui::{Color32, Rect, Shape, Stroke, pos2};

use super::Line;
use crate::moment::HOUR_SECS;
use crate::panels::pen::{Pen, share};
use crate::panels::{View, format, marks, time_words};
use crate::snapshot::EpochSecs;

/// Events of an hour or a day, as the filter takes them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    /// Its first instant.
    pub(super) from: EpochSecs,
    /// The first instant after it.
    pub(super) to: EpochSecs,
    /// By severity 1 to 4.
    pub(super) counts: [u64; 4],
    /// Whether any event at all began in it.
    is_empty: bool,
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

/// Kinds that have a colour of their own on the bar; the others are one.
pub(super) const MOST_KINDS: usize = 5;

/// Place of the filter's kind among the kinds of objects, behind them for what concerns persons; none for every kind.
pub(super) fn chosen_kind(view: &View<'_>) -> Option<usize> {
    let objects = view.site.meta.events.as_ref().map(|meta| meta.object_kinds.as_slice()).unwrap_or_default();
    let kind = view.state.filter.kind.as_ref()?;
    Some(objects.iter().position(|object| **object == **kind).unwrap_or(objects.len()))
}

/// Events that began in a span, by severity, as kind and severity of the filter take them. Whether they are open by now
/// is not looked at, nor how old they are: the bar tells what began when.
pub(super) fn counted(view: &View<'_>, from: EpochSecs, to: EpochSecs) -> [u64; 4] {
    let timeline = &view.live.events.timeline;
    let counts = match chosen_kind(view) {
        Some(kind) => timeline.count_kind(kind, from, to),
        None => timeline.count(from, to),
    };
    grave_enough(view, counts)
}

fn grave_enough(view: &View<'_>, mut counts: [u64; 4]) -> [u64; 4] {
    counts.iter_mut().take(usize::from(view.state.filter.severity) - 1).for_each(|count| *count = 0);
    counts
}

/// The kinds that a bar by kind tells apart: the most frequent of its span, the most frequent first.
pub(super) fn frequent_kinds(line: &Line, view: &View<'_>) -> Vec<usize> {
    if let Some(kind) = chosen_kind(view) {
        return vec![kind];
    }
    let objects = view.site.meta.events.as_ref().map_or(0, |meta| meta.object_kinds.len());
    let timeline = &view.live.events.timeline;
    let count =
        |kind: &usize| grave_enough(view, timeline.count_kind(*kind, line.from, line.to)).iter().sum::<u64>();
    let mut kinds: Vec<usize> = (0..=objects).filter(|kind| count(kind) > 0).collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(count(kind)));
    kinds.truncate(MOST_KINDS);
    kinds
}

/// Counts of a bucket by the frequent kinds, and of all others together at the end.
pub(super) fn by_kind(view: &View<'_>, kinds: &[usize], bucket: &Bucket) -> Vec<u64> {
    let timeline = &view.live.events.timeline;
    let of = |kind: &usize| {
        grave_enough(view, timeline.count_kind(*kind, bucket.from, bucket.to)).iter().sum::<u64>()
    };
    let mut counts: Vec<u64> = kinds.iter().map(of).collect();
    counts.push(bucket.all().saturating_sub(counts.iter().sum()));
    counts
}

/// Colour of a frequent kind by its rank; of all others behind them.
pub(super) fn kind_color(pen: Pen<'_>, rank: usize) -> Color32 {
    pen.theme.domains.get(rank).copied().unwrap_or(pen.theme.muted)
}

/// The hours or days of a line.
pub(super) fn buckets(line: &Line, view: &View<'_>) -> Vec<Bucket> {
    let zone = &view.site.zone;
    let timeline = &view.live.events.timeline;
    let bucket = |from, to| {
        let is_empty = timeline.count(from, to) == [0; 4];
        Bucket { from, to, counts: counted(view, from, to), is_empty }
    };
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

/// Paints the counts. `kinds` are told apart where there are any, else severities.
pub(super) fn buckets_ui(
    pen: Pen<'_>,
    line: &Line,
    rect: Rect,
    view: &View<'_>,
    kinds: &[usize],
) -> Vec<Bucket> {
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
        let parts: Vec<(Color32, u64)> = if kinds.is_empty() {
            (1_u8..)
                .zip(bucket.counts)
                .map(|(severity, count)| (pen.theme.severity(severity), count))
                .collect()
        } else {
            let counts = by_kind(view, kinds, bucket).into_iter().enumerate();
            counts
                .map(|(rank, count)| {
                    (kind_color(pen, if rank < kinds.len() { rank } else { MOST_KINDS }), count)
                })
                .collect()
        };
        let mut bottom = rect.bottom();
        for (color, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
            #[expect(clippy::cast_precision_loss, reason = "counts on a screen")]
            let height = (rect.height() * share(count as f64, most as f64)).max(1.0);
            let part = Rect::from_x_y_ranges(place.x_range(), bottom - height..=bottom);
            shapes.push(Shape::rect_filled(part, 0.0, color.gamma_multiply(strength)));
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
    let is_empty = |bucket: &&Bucket| bucket.is_empty && bucket.from >= first && bucket.to <= live;
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
    let end = |closed: Option<EpochSecs>| closed.unwrap_or(live);
    let filter = &view.state.filter;
    let is_taken = |span: &crate::moment::Span| {
        span.severity >= filter.severity && filter.kind.as_ref().is_none_or(|kind| *kind == span.kind)
    };
    let key = (view.live.revision, line.from, line.to, live, filter.severity, filter.kind.clone());
    let kept = pen.kept("spans", key, || {
        let timeline = &view.live.events.timeline;
        let (shown, is_cut) = timeline.longest((line.from, line.to), live, MOST_SPANS, is_taken);
        (shown.into_iter().cloned().collect::<Vec<crate::moment::Span>>(), is_cut)
    });
    let (shown, is_cut) = &*kept;
    if *is_cut {
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
