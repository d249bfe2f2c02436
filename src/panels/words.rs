//! Phrases that several panels say about a reading: its age, its change, its target, where an area lies. Owns the
//! phrasing; draws nothing.

use crate::derived;
use crate::export::promise;
use crate::panels::View;
use crate::panels::format;
use crate::privacy::shown::{Shown, Told, Why};
use crate::site::areas::AreaId;
use crate::site::catalogue::{Direction, Indicator, Target};
use crate::site::civil::date_of;
use crate::snapshot::{Day, EpochSecs, Inputs, Reading, SourceState, Status};
use crate::store::quarantine::held_message;

/// Names from below the root down to an area; the root's own name for the root.
#[must_use]
pub fn area_path(view: &View<'_>, area: AreaId) -> String {
    let path = view.site.areas.path(area);
    let below_root = path.get(usize::from(path.len() > 1)..).unwrap_or_default();
    let mut names: Vec<&str> = Vec::new();
    for (i, id) in below_root.iter().enumerate() {
        let name = area_name(view, *id);
        // A grid that carries its community's name says both.
        let told_by_next = below_root.get(i + 1).is_some_and(|next| area_name(view, *next).starts_with(name));
        if i + 1 == below_root.len() {
            names.push(name);
        } else if !told_by_next {
            names.push(short_name(view, *id));
        }
    }
    names.join(" · ")
}

/// Name of an area without the word for its level: `坪山` of `坪山街道`, `Pingshan` of `Pingshan Subdistrict`.
#[must_use]
pub fn short_name<'a>(view: &View<'a>, area: AreaId) -> &'a str {
    let name = area_name(view, area);
    let level = view.site.areas.get(area).level;
    // The whole keeps its full name: one of its parts may bear the same stem.
    if level == 0 {
        return name;
    }
    let Some(word) = view.site.meta.levels.get(level).map(|l| view.say(&l.name)) else {
        return name;
    };
    let cut = name.len().checked_sub(word.len()).filter(|cut| *cut > 0);
    let parts = cut.and_then(|cut| Some((name.get(..cut)?.trim_end(), name.get(cut..)?)));
    match parts {
        // One character is no name: `区` of a district stays.
        Some((stem, tail)) if tail.eq_ignore_ascii_case(word) && stem.chars().count() > 1 => stem,
        _ => name,
    }
}

/// Name of an area.
#[must_use]
pub fn area_name<'a>(view: &View<'a>, area: AreaId) -> &'a str {
    view.say(&view.site.areas.get(area).name)
}

/// The target of an indicator at an area.
#[must_use]
pub fn target_at<'a>(view: &View<'_>, indicator: &'a Indicator, area: AreaId) -> Option<&'a Target> {
    derived::target_at(view.site, indicator, area)
}

/// Whether a value meets its indicator's target at an area, judged as it is printed; `None` where there is no target
/// or no value, or where a coarse one does not say.
#[must_use]
pub fn is_met(view: &View<'_>, indicator: &Indicator, area: AreaId, value: Shown) -> Option<bool> {
    let target = target_at(view, indicator, area)?;
    let (low, high) = value.range()?;
    let met = target.is_met(low, indicator.decimals)?;
    // A coarse value that may lie on either side is not judged.
    (target.is_met(high, indicator.decimals)? == met).then_some(met)
}

/// Whether a reading misses its target by more than its own 95 % interval allows for.
#[must_use]
pub fn is_clearly_missed(view: &View<'_>, indicator: &Indicator, area: AreaId, reading: &Reading) -> bool {
    let Some(bound) = target_at(view, indicator, area).and_then(|t| t.value) else {
        return false;
    };
    is_met(view, indicator, area, reading.value) == Some(false)
        && reading.interval.is_some_and(|(low, high)| high < bound || low > bound)
}

/// Word for a target met or not.
#[must_use]
pub fn met_word<'a>(view: &View<'a>, met: bool) -> &'a str {
    view.text.get(if met { "panel.target.met" } else { "panel.target.not_met" })
}

/// Age of the oldest input: `9 小时前`; empty where there is no input.
#[must_use]
pub fn input_age(view: &View<'_>, reading: &Reading) -> String {
    reading.oldest_input.map_or_else(String::new, |at| format::ago(view.now_whole_secs() - at, view.text))
}

/// Whether the inputs of an indicator are on time: `expected by 08:00, 3 h late, 2 of 9 sources missing`.
#[must_use]
pub fn promised(view: &View<'_>, indicator: &Indicator) -> String {
    let Some(index) = view.site.indicator_index(&indicator.id) else { return String::new() };
    promise::words(&view.snapshot.inputs(index), view.when(), view.text)
}

/// The same, and empty where all is on time.
#[must_use]
pub fn overdue(view: &View<'_>, indicator: &Indicator) -> String {
    let Some(index) = view.site.indicator_index(&indicator.id) else { return String::new() };
    promise::overdue_words(&view.snapshot.inputs(index), view.when(), view.text)
}

/// How late inputs are, in a few characters: `3 h late`; empty where they are on time.
#[must_use]
pub fn late_short(view: &View<'_>, inputs: &Inputs) -> String {
    if let Some(late) = inputs.overdue_secs(view.now_whole_secs()) {
        return view.text.fill("promise.late", &[("lasting", &format::lasting(late, view.text))]);
    }
    let key = match inputs {
        Inputs { missing: 1.., .. } => "promise.missing_short",
        Inputs { held: 1.., .. } => "promise.held_short",
        Inputs { late: 1.., .. } => "promise.late_short",
        _ => return String::new(),
    };
    view.text.get(key).to_owned()
}

/// How many sources of the whole screen are late or missing, and the worst: one without any data, else the one that
/// has been overdue for longest.
#[must_use]
pub fn late_sources<'a>(view: &View<'a>) -> (u16, Option<&'a SourceState>) {
    let late = view.snapshot.freshness.sources.iter().filter(|source| source.late);
    let rank = |source: &&SourceState| {
        (source.newest_secs.is_none(), source.due_secs.map(|due| view.now_whole_secs() - due))
    };
    let count =
        late.clone().map(crate::snapshot::SourceState::counts).map(|(_, late, missing)| late + missing).sum();
    (count, late.max_by_key(rank))
}

/// How late a source is: `3 h`, or that it has no data.
#[must_use]
pub fn source_late(view: &View<'_>, source: &SourceState) -> String {
    let overdue = source.due_secs.map(|due| view.now_whole_secs() - due).filter(|late| *late > 0);
    match overdue {
        _ if source.newest_secs.is_none() => view.text.get("panel.top.no_data").to_owned(),
        Some(late) => format::lasting(late, view.text),
        None => String::new(),
    }
}

/// Words for the change since the period before: `升 0.3`.
#[must_use]
pub fn change(view: &View<'_>, change: &format::Change) -> String {
    use crate::panels::marks::Way;
    let key = match change.way {
        Way::Up => "panel.change.up",
        Way::Down => "panel.change.down",
        Way::Level => "panel.change.level",
    };
    view.text.fill(key, &[("size", &change.size)])
}

/// The same in a few characters.
#[must_use]
pub fn change_base_short<'a>(view: &View<'a>, indicator: &Indicator) -> &'a str {
    view.text.get(match format::period_before(indicator) {
        Some(7) => "panel.change.per_week",
        Some(_) => "panel.change.per_days",
        None => "panel.change.per_month",
    })
}

/// Which period a change is measured against.
#[must_use]
pub fn change_base<'a>(view: &View<'a>, indicator: &Indicator) -> &'a str {
    view.text.get(match format::period_before(indicator) {
        Some(7) => "panel.change.base_week",
        Some(_) => "panel.change.base_days",
        None => "panel.change.base_month",
    })
}

/// Whether a way is good news under an indicator's direction; `None` where neither is.
#[must_use]
pub fn is_good(indicator: &Indicator, way: crate::panels::marks::Way) -> Option<bool> {
    use crate::panels::marks::Way;
    match (indicator.direction, way) {
        (Direction::Higher, Way::Up) | (Direction::Lower, Way::Down) => Some(true),
        (Direction::Higher, Way::Down) | (Direction::Lower, Way::Up) => Some(false),
        _ => None,
    }
}

/// Where the figures of areas inside are of an earlier day than that of the whole, as protection asks for where the whole
/// is published: of which.
#[must_use]
pub fn areas_as_of(view: &View<'_>) -> Option<String> {
    let day = |area: AreaId| {
        let reading = view.snapshot.reading(view.state.indicator, area);
        let at = reading.oldest_input.filter(|_| reading.value.is_seen())?;
        Some(view.site.zone.day_of(at + view.snapshot.shift_secs))
    };
    let today = day(AreaId::ROOT)?;
    let inside = view.site.areas.get(AreaId::ROOT).children.iter().filter_map(|area| day(*area)).min()?;
    (inside < today).then(|| view.text.fill("panel.areas_as_of", &[("day", &day_words(inside, today))]))
}

/// The day of an instant, without its year where that is this one.
#[must_use]
pub fn short_day(view: &View<'_>, secs: EpochSecs) -> String {
    day_words(view.site.zone.day_of(secs), view.site.zone.day_of(view.now_whole_secs()))
}

fn day_words(day: Day, today: Day) -> String {
    let (date, year) = (date_of(day), date_of(today).year());
    date.strftime(if date.year() == year { "%m-%d" } else { "%Y-%m-%d" }).to_string()
}

/// Word for a trust status.
#[must_use]
pub fn status<'a>(view: &View<'a>, status: Status) -> &'a str {
    view.text.get(match status {
        Status::Current => "panel.status.current",
        Status::Late => "panel.status.late",
        Status::Partial => "panel.status.partial",
        Status::Coarse => "panel.status.coarse",
        Status::Suppressed => "panel.status.suppressed",
        Status::Missing => "panel.status.missing",
        Status::TooFine => "panel.status.too_fine",
        Status::Unread => "panel.status.unread",
    })
}

/// Why a value is hidden, not told exactly or not yet; `None` where it is told, missing or too fine.
#[must_use]
pub fn why<'a>(view: &View<'a>, value: Shown) -> Option<&'a str> {
    let key = match value {
        Shown::Suppressed { why: Why::Primary, .. } => "panel.shown.why_primary",
        Shown::Suppressed { why: Why::Secondary, .. } => "panel.shown.why_secondary",
        Shown::Coarse { told: Told::AtLeast, .. } => "panel.shown.why_at_least",
        Shown::Coarse { told: Told::About, .. } => "panel.shown.why_about",
        Shown::Unread => "panel.shown.why_unread",
        Shown::Value(_) | Shown::Missing | Shown::TooFine => return None,
    };
    Some(view.text.get(key))
}

/// Everything about a reading in a few lines, for a hover.
#[must_use]
pub fn explain(view: &View<'_>, indicator: &Indicator, area: AreaId, reading: &Reading) -> String {
    let text = view.text;
    let d = indicator.decimals;
    let mut lines = vec![
        format!("{} · {}", view.say(&indicator.name), area_path(view, area)),
        format!(
            "{} · {}",
            format::shown(reading.value, d, &indicator.unit, text),
            format::window(&indicator.window, text)
        ),
    ];
    lines.extend(why(view, reading.value).map(str::to_owned));
    if reading.interval.is_some() {
        lines.push(
            text.fill(
                "panel.explain.interval",
                &[("interval", &format::interval(reading.interval, d, text))],
            ),
        );
    }
    if let Some(target) = target_at(view, indicator, area).and_then(|t| format::target(t, d, text)) {
        lines.push(text.fill("panel.target.is", &[("target", &target)]));
    }
    if let Some(moved) = format::change(reading.value, reading.previous, d) {
        lines.push(format!("{} {}", change(view, &moved), change_base(view, indicator)));
    }
    if indicator.denominator.is_some() {
        let parts = [
            ("numerator", format::bare(reading.numerator, 0, text)),
            ("denominator", format::bare(reading.denominator, 0, text)),
        ];
        let args: Vec<(&str, &str)> = parts.iter().map(|(n, v)| (*n, v.as_str())).collect();
        lines.push(text.fill("panel.explain.ratio", &args));
    }
    if reading.oldest_input.is_some() {
        let key = if reading.status == Status::Late { "panel.age.late" } else { "panel.age.input" };
        lines.push(text.fill(key, &[("age", &input_age(view, reading))]));
    }
    lines.extend(Some(promised(view, indicator)).filter(|words| !words.is_empty()));
    lines.join("\n")
}

/// Which datasets stand on older data because the door refused what came, a line each.
#[must_use]
pub fn held(view: &View<'_>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for source in &view.snapshot.freshness.sources {
        if let (Some(held), Some(dataset)) = (source.held, view.site.datasets.get(source.dataset)) {
            let line = view.text.say(&held_message(view.site, view.say(&dataset.name), held));
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}
