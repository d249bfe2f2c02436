//! Every number and time that is printed. Owns separators, signs, units, ages and dates in both languages. A figure of
//! the engine comes in as [`Shown`] and in no other form, so that nothing hidden can be printed by accident.

use crate::indicators::window::Window;
pub use crate::indicators::window::words as window;
use crate::panels::marks::Way;
use crate::privacy::marks::HIDDEN;
use crate::privacy::shown::{Shown, Why};
use crate::site::Site;
use crate::site::catalogue::{Indicator, Target, TargetOp};
use crate::site::civil::{CivilZone, date_of};
use crate::site::text::{Lang, Messages, grouped};

pub use crate::site::text::{ago, lasting};
use crate::snapshot::{Day, EpochSecs};

/// Minus sign as wide as a digit.
const MINUS: char = '−';

fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "—".to_owned();
    }
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = plain.split_once('.').map_or((plain.as_str(), None), |(w, f)| (w, Some(f)));
    let mut out = String::with_capacity(plain.len() + plain.len() / 3 + 1);
    let is_zero = plain.bytes().all(|b| b == b'0' || b == b'.');
    if value < 0.0 && !is_zero {
        out.push(MINUS);
    }
    out.push_str(&grouped(whole));
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// A count that is no figure of the engine: rows, scenes, events.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts on a screen stay far below 2^52")]
pub fn count(count: u64) -> String {
    number(count as f64, 0)
}

/// Name of a unit as it stands behind a number, with the space it wants.
#[must_use]
pub fn unit_suffix(unit: &str, text: &Messages) -> String {
    suffix(text.unit_name(unit))
}

fn suffix(name: &str) -> String {
    match name.chars().next() {
        None => String::new(),
        Some('%' | '‰') => name.to_owned(),
        Some(_) => format!(" {name}"),
    }
}

/// A figure with its unit: thousands separators, `<10` for a hidden one, a word for a missing one.
#[must_use]
pub fn shown(shown: Shown, decimals: usize, unit: &str, text: &Messages) -> String {
    match shown {
        Shown::Value(_) | Shown::Coarse { .. } => {
            let number = bare(shown, decimals, text);
            let unit = suffix(text.unit_behind(&number, unit));
            number + &unit
        }
        _ => bare(shown, decimals, text),
    }
}

/// A figure without its unit.
#[must_use]
pub fn bare(shown: Shown, decimals: usize, text: &Messages) -> String {
    match shown {
        Shown::Value(value) => number(value, decimals),
        Shown::Coarse { value, told, .. } => format!("{}{}", told.sign(), number(value, decimals)),
        Shown::Suppressed { below, why: Why::Primary } => format!("<{below}"),
        Shown::Suppressed { why: Why::Secondary, .. } => HIDDEN.to_owned(),
        Shown::Missing => text.get("panel.shown.missing").to_owned(),
        Shown::TooFine => text.get("panel.shown.too_fine").to_owned(),
        Shown::Unread => text.get("panel.shown.unread").to_owned(),
    }
}

/// A figure without its unit, short enough for a card: 1,234,567 becomes 123.5 with a word for ten thousand.
#[must_use]
pub fn short(shown: Shown, decimals: usize, text: &Messages) -> String {
    let (sign, number) = short_parts(shown, decimals, text);
    format!("{sign}{number}")
}

/// The same in two parts, the sign of a coarse figure and its number, for a card that prints the sign smaller.
#[must_use]
pub fn short_parts(shown: Shown, decimals: usize, text: &Messages) -> (String, String) {
    let (sign, value) = match shown {
        Shown::Value(value) => (String::new(), value),
        Shown::Coarse { value, told, .. } => (told.sign().to_string(), value),
        _ => return (String::new(), bare(shown, decimals, text)),
    };
    let (divisor, key) = match (text.lang(), value.abs()) {
        (Lang::Zh, v) if v >= 1e8 => (1e8, "panel.shown.hundred_million"),
        (Lang::Zh, v) if v >= 1e5 => (1e4, "panel.shown.ten_thousand"),
        (Lang::En, v) if v >= 1e6 => (1e6, "panel.shown.million"),
        (Lang::En, v) if v >= 1e5 => (1e3, "panel.shown.thousand"),
        _ => return (sign, number(value, decimals)),
    };
    let scaled = value / divisor;
    let digits = if scaled.abs() >= 1000.0 {
        0
    } else if scaled.abs() >= 100.0 {
        1
    } else {
        2
    };
    (sign, format!("{}{}", number(scaled, digits), text.get(key)))
}

/// The size of a change in as few characters as tell it, `11.5k`.
#[must_use]
pub fn tight(change: &Change, text: &Messages) -> String {
    let (divisor, key) = match (text.lang(), change.by) {
        (Lang::Zh, by) if by >= 1e4 => (1e4, "panel.shown.ten_thousand"),
        (Lang::En, by) if by >= 1e6 => (1e6, "panel.shown.million"),
        (Lang::En, by) if by >= 1e4 => (1e3, "panel.shown.thousand"),
        _ => return change.size.clone(),
    };
    format!("{}{}", number(change.by / divisor, 1), text.get(key))
}

/// A length on the ground to two digits: it says how large a cell is, and no cell is measured.
#[must_use]
pub fn rounded_meters(meters: f64, text: &Messages) -> String {
    let (value, key) =
        if meters < 1000.0 { (meters, "map.meters") } else { (meters / 1000.0, "map.kilometers") };
    let decade = 10.0_f64.powf(value.max(1.0).log10().floor() - 1.0);
    let value = (value / decade).round() * decade;
    text.fill(key, &[("n", &number(value, usize::from(value < 10.0)))])
}

/// The 95 % interval that comes with a reading.
#[must_use]
pub fn interval(interval: Option<(f64, f64)>, decimals: usize, text: &Messages) -> String {
    interval.map_or_else(
        || text.get("panel.shown.none").to_owned(),
        |(low, high)| format!("{}–{}", number(low, decimals), number(high, decimals)),
    )
}

/// A bound of a chart's axis or of a legend class.
#[must_use]
pub fn bound(value: f64, decimals: usize) -> String {
    number(value, decimals)
}

/// Share of a whole in per cent, where both may be shown; `≈` where one of them is coarse.
#[must_use]
pub fn share(part: Shown, whole: Shown, text: &Messages) -> Option<String> {
    let share = part.percent_of(whole);
    share.is_seen().then(|| format!("{}%", bare(share, 0, text)))
}

/// A target as `≥ 96`; its note where it is no number.
#[must_use]
pub fn target(target: &Target, decimals: usize, text: &Messages) -> Option<String> {
    match (target.op, target.value) {
        (Some(op), Some(value)) => {
            let sign = match op {
                TargetOp::AtLeast => '≥',
                TargetOp::AtMost => '≤',
            };
            let exact = (value - value.round()).abs() < 1e-9;
            let decimals = if exact { 0 } else { decimals.max(1) };
            Some(format!("{sign} {}", short(Shown::Value(value), decimals, text)))
        }
        _ => target.note.as_ref().map(|note| note.get(text.lang()).to_owned()),
    }
}

/// How far a figure moved since the period before.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which way.
    pub way: Way,
    /// `0.3`, without sign: the way says it.
    pub size: String,
    /// The same as a number.
    pub by: f64,
}

/// The change between two figures, where both may be shown; judged as printed, so that what looks the same is level.
#[must_use]
pub fn change(now: Shown, before: Shown, decimals: usize) -> Option<Change> {
    // The difference of two coarse counts would mostly be one of their steps.
    let (Shown::Value(now), Shown::Value(before)) = (now, before) else { return None };
    let difference = now - before;
    let size = number(difference.abs(), decimals);
    let is_zero = size.bytes().all(|b| matches!(b, b'0' | b'.'));
    let way = if is_zero {
        Way::Level
    } else if difference > 0.0 {
        Way::Up
    } else {
        Way::Down
    };
    Some(Change { way, size, by: difference.abs() })
}

/// Distance to the target: how much a figure is above (or below, with a minus) it; `≥+5` where the figure is coarse.
#[must_use]
pub fn target_gap(value: Shown, target: &Target, decimals: usize, text: &Messages) -> Option<String> {
    let gap = value.above(target.value?);
    gap.is_seen().then(|| signed(gap, decimals, text))
}

/// A difference with its sign, `+5`; its mark where it is not shown.
#[must_use]
pub fn signed(difference: Shown, decimals: usize, text: &Messages) -> String {
    let (told, value) = match difference {
        Shown::Value(value) => (None, value),
        Shown::Coarse { value, told, .. } => (Some(told.sign()), value),
        _ => return bare(difference, decimals, text),
    };
    let sign = if value > 0.0 { "+" } else { "" };
    format!("{}{sign}{}", told.map_or_else(String::new, String::from), number(value, decimals))
}

const DAY: i64 = 86_400;

/// `10:31:07` on the site's clock.
#[must_use]
pub fn clock(zone: &CivilZone, secs: EpochSecs) -> String {
    zone.civil(secs).strftime("%H:%M:%S").to_string()
}

/// Date with weekday: `11月24日 周二`.
#[must_use]
pub fn date(zone: &CivilZone, secs: EpochSecs, text: &Messages) -> String {
    let civil = zone.civil(secs);
    let weekday = format!("time.weekday.{}", civil.weekday().to_monday_one_offset());
    let month = format!("time.month.{}", civil.month());
    text.fill(
        "time.date",
        &[("month", text.get(&month)), ("day", &civil.day().to_string()), ("weekday", text.get(&weekday))],
    )
}

/// Date and clock to the minute: `11-24 10:31`.
#[must_use]
pub fn moment(zone: &CivilZone, secs: EpochSecs) -> String {
    zone.civil(secs).strftime("%m-%d %H:%M").to_string()
}

/// Days that data times are moved by before they are printed.
#[must_use]
pub fn shift_days(shift_secs: i64) -> Day {
    Day::try_from(shift_secs.div_euclid(DAY)).unwrap_or(0)
}

/// A month on an axis: `3月`; January carries its year.
#[must_use]
pub fn axis_month(day: Day, text: &Messages) -> String {
    let date = date_of(day);
    if date.month() == 1 {
        return text.fill("time.year", &[("year", &date.year().to_string())]);
    }
    text.get(&format!("time.month.{}", date.month())).to_owned()
}

/// A day on an axis: `11-24`.
#[must_use]
pub fn axis_day(day: Day) -> String {
    date_of(day).strftime("%m-%d").to_string()
}

/// A day or month in full, for a point of a chart.
#[must_use]
pub fn full_day(day: Day, monthly: bool) -> String {
    date_of(day).strftime(if monthly { "%Y-%m" } else { "%Y-%m-%d" }).to_string()
}

/// How many days back an indicator is compared with itself; `None` is one month.
#[must_use]
pub fn period_before(indicator: &Indicator) -> Option<i32> {
    Window::parse(&indicator.window).and_then(Window::previous_days)
}

/// Name of a code of a breakdown's column.
#[must_use]
pub fn code_name<'a>(
    site: &'a Site,
    text: &'a Messages,
    breakdown: &Indicator,
    column: usize,
    code: &'a str,
) -> &'a str {
    let list = breakdown
        .by
        .get(column)
        .and_then(|id| site.table(&breakdown.numerator.table)?.column(id)?.codes.as_deref());
    list.map_or(code, |list| text.code_name(list, code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::shown::Told;
    use crate::privacy::shown::Why;

    fn zh() -> Messages {
        Messages::built_in(Lang::Zh)
    }

    fn en() -> Messages {
        Messages::built_in(Lang::En)
    }

    #[test]
    fn numbers_have_separators_and_a_true_minus() {
        for (value, decimals, expected) in [
            (0.0, 0, "0"),
            (999.0, 0, "999"),
            (1000.0, 0, "1,000"),
            (1_234_567.0, 0, "1,234,567"),
            (-12.4, 1, "−12.4"),
            (-0.04, 1, "0.0"),
            (99.95, 1, "100.0"),
            (12_345.678, 2, "12,345.68"),
            (f64::NAN, 1, "—"),
        ] {
            assert_eq!(number(value, decimals), expected, "{value} with {decimals}");
        }
    }

    #[test]
    fn what_may_not_be_shown_is_told_apart() {
        let hidden = Shown::Suppressed { below: 10, why: Why::Primary };
        let beside = Shown::Suppressed { below: 10, why: Why::Secondary };
        let steps = Shown::Coarse { value: 55.0, step: 5.0, told: Told::AtLeast };
        let about = Shown::Coarse { value: 96.0, step: 2.0, told: Told::About };
        for (value, in_zh, in_en) in [
            (Shown::Value(98.64), "98.6%", "98.6%"),
            (hidden, "<10", "<10"),
            (beside, "*", "*"),
            (steps, "≥55.0%", "≥55.0%"),
            (about, "≈96.0%", "≈96.0%"),
            (Shown::Missing, "缺数", "no data"),
            (Shown::TooFine, "此级不显示", "not at this level"),
        ] {
            assert_eq!(shown(value, 1, "%", &zh()), in_zh);
            assert_eq!(shown(value, 1, "%", &en()), in_en);
        }
        assert_eq!(change(Shown::Value(3.0), hidden, 0), None, "a change would give the hidden one away");
        assert_eq!(share(Shown::Value(3.0), hidden, &zh()), None);
        let part = Shown::Coarse { value: 50.0, step: 5.0, told: Told::AtLeast };
        assert_eq!(share(part, Shown::Value(500.0), &zh()).as_deref(), Some("≈11%"));
        let target = Target { op: Some(TargetOp::AtLeast), value: Some(5.0), note: None, source: None };
        assert_eq!(target_gap(hidden, &target, 0, &zh()), None);
        assert_eq!(target_gap(steps, &target, 0, &zh()).as_deref(), Some("≥+50"));
        assert_eq!(target_gap(about, &target, 0, &zh()).as_deref(), Some("≈+91"));
        assert_eq!(target_gap(Shown::Value(3.0), &target, 0, &zh()).as_deref(), Some("−2"));
    }

    #[test]
    fn big_figures_are_shortened_on_cards() {
        for (value, in_zh, in_en) in [
            (99_999.0, "99,999", "99,999"),
            (146_000.0, "14.60万", "146.0k"),
            (1_264_000.0, "126.4万", "1.26M"),
            (250_000_000.0, "2.50亿", "250.0M"),
        ] {
            assert_eq!(short(Shown::Value(value), 0, &zh()), in_zh);
            assert_eq!(short(Shown::Value(value), 0, &en()), in_en);
        }
    }

    #[test]
    fn ages_in_both_languages() {
        for (secs, in_zh, in_en) in [
            (-5, "刚刚", "just now"),
            (59, "刚刚", "just now"),
            (60, "1 分钟前", "1 min ago"),
            (3599, "59 分钟前", "59 min ago"),
            (3600, "1 小时前", "1 h ago"),
            (47 * 3600, "47 小时前", "47 h ago"),
            (48 * 3600, "2 天前", "2 d ago"),
            (60 * 86_400, "2 个月前", "2 mo ago"),
        ] {
            assert_eq!(ago(secs, &zh()), in_zh);
            assert_eq!(ago(secs, &en()), in_en);
        }
        assert_eq!(lasting(14 * 60, &zh()), "14 分钟");
    }

    #[test]
    fn dates_and_clock_are_the_sites() {
        let zone = CivilZone::new("Asia/Shanghai").unwrap();
        let at = crate::panels::fixture::NOW;
        assert_eq!(date(&zone, at, &zh()), "11月24日 周二");
        assert_eq!(date(&zone, at, &en()), "Tue 24 Nov");
        assert_eq!(clock(&zone, at), "10:31:07");
        assert_eq!(moment(&zone, at), "11-24 10:31");
    }

    #[test]
    fn a_change_is_judged_as_it_prints() {
        let v = Shown::Value;
        let told =
            |now: f64, before: f64, decimals| change(v(now), v(before), decimals).map(|c| (c.way, c.size));
        assert_eq!(told(96.04, 96.0, 1), Some((Way::Level, "0.0".into())));
        assert_eq!(told(96.3, 96.0, 1), Some((Way::Up, "0.3".into())));
        assert_eq!(told(5.0, 1005.0, 0), Some((Way::Down, "1,000".into())));
        let by = |by: f64, text: Messages| change(v(by), v(0.0), 0).map(|change| tight(&change, &text));
        assert_eq!(by(11_504.0, en()).as_deref(), Some("11.5k"));
        assert_eq!(by(11_504.0, zh()).as_deref(), Some("1.2万"));
        assert_eq!(by(9_999.0, en()).as_deref(), Some("9,999"));
    }

    #[test]
    fn windows_are_told_in_words() {
        for (window_text, in_zh, in_en) in [
            ("trailing 30 days", "近 30 天", "last 30 days"),
            ("trailing 3 months", "近 3 个月", "last 3 months"),
            ("trailing 24 h", "近 24 小时", "last 24 h"),
            ("cumulative", "累计", "to date"),
            ("cumulative since 2020-01-01", "2020-01-01 以来累计", "since 2020-01-01"),
            ("year to date", "今年以来", "this year"),
            ("latest month", "最新一月", "latest month"),
            ("now", "当前", "now"),
        ] {
            assert_eq!(window(window_text, &zh()), in_zh);
            assert_eq!(window(window_text, &en()), in_en);
        }
    }
}
