//! Whether the inputs of a figure are on time, in words: the same on a screen, at a terminal and in a file. Owns the
//! phrasing; decides nothing.

use crate::site::civil::CivilZone;
use crate::site::text::{Messages, lasting};
use crate::snapshot::{EpochSecs, Inputs};

/// From when and how times are told.
#[derive(Debug, Clone, Copy)]
pub struct When<'a> {
    /// Civil time.
    pub zone: &'a CivilZone,
    /// The instant it is told at, in data time.
    pub now_secs: EpochSecs,
    /// Added to data times before they are printed.
    pub shift_secs: i64,
}

/// `expected by 08:00, 3 h late, 2 of 9 sources missing`: the parts that apply; of inputs that are on time, when the
/// next news is expected. Empty where nothing is promised and nothing is wrong.
#[must_use]
pub fn words(inputs: &Inputs, when: When<'_>, text: &Messages) -> String {
    let mut parts = trouble(inputs, when, text);
    if let Some(expected) = inputs.expected_secs.filter(|_| parts.is_empty()) {
        parts.push(text.fill("promise.next", &[("time", &moment(expected, when))]));
    }
    parts.join(text.get("promise.join"))
}

/// The same, and empty where all is on time.
#[must_use]
pub fn overdue_words(inputs: &Inputs, when: When<'_>, text: &Messages) -> String {
    trouble(inputs, when, text).join(text.get("promise.join"))
}

fn trouble(inputs: &Inputs, when: When<'_>, text: &Messages) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(expected) = inputs.expected_secs
        && let Some(late) = inputs.overdue_secs(when.now_secs)
    {
        parts.push(text.fill("promise.expected", &[("time", &moment(expected, when))]));
        parts.push(text.fill("promise.late", &[("lasting", &lasting(late, text))]));
    }
    let all = inputs.sources.to_string();
    let counted = |key: &str, alone: &'static str, n: u16| {
        if inputs.sources == 1 {
            text.get(alone).to_owned()
        } else {
            text.fill(key, &[("n", &n.to_string()), ("all", &all)])
        }
    };
    if inputs.late > 0 && (inputs.sources > 1 || (parts.is_empty() && inputs.held == 0)) {
        parts.push(counted("promise.late_of", "promise.late_only", inputs.late));
    }
    if inputs.missing > 0 {
        parts.push(counted("promise.missing_of", "promise.missing_only", inputs.missing));
    }
    if inputs.held > 0 {
        parts.push(text.get("promise.held").to_owned());
    }
    parts
}

/// The clock, with the day where it is another one, and the year where it is another one.
fn moment(secs: EpochSecs, when: When<'_>) -> String {
    let (at, now) =
        (when.zone.civil(secs + when.shift_secs), when.zone.civil(when.now_secs + when.shift_secs));
    let form = if at.date() == now.date() {
        "%H:%M"
    } else if at.year() == now.year() {
        "%m-%d %H:%M"
    } else {
        "%Y-%m-%d %H:%M"
    };
    at.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::text::Lang;

    /// 2026-11-24T11:05:00+08:00.
    const NOW: EpochSecs = 1_795_489_500;
    /// 08:00 of that day.
    const DUE: EpochSecs = NOW - 3 * 3600 - 300;

    #[test]
    fn only_the_parts_that_apply_are_said() {
        let zone = CivilZone::new("Asia/Shanghai").unwrap();
        let [zh, en] = [Lang::Zh, Lang::En].map(Messages::built_in);
        let inputs = |expected_secs, sources, late, missing, held| Inputs {
            expected_secs,
            sources,
            late,
            missing,
            held,
        };
        let day = 86_400;
        for (inputs, shift_secs, said_zh, said_en) in [
            (inputs(None, 1, 0, 0, 0), 0, "", ""),
            (
                inputs(Some(DUE + day), 1, 0, 0, 0),
                0,
                "下次应于 11-25 08:00 前更新",
                "next expected by 11-25 08:00",
            ),
            (
                inputs(Some(DUE), 1, 1, 0, 0),
                0,
                "应于 08:00 前更新，已迟 3 小时",
                "expected by 08:00, 3 h late",
            ),
            (
                inputs(Some(DUE), 9, 1, 2, 0),
                0,
                "应于 08:00 前更新，已迟 3 小时，9 个来源中 1 个迟到，9 个来源中 2 个缺失",
                "expected by 08:00, 3 h late, 1 of 9 sources late, 2 of 9 sources missing",
            ),
            (inputs(None, 9, 0, 2, 0), 0, "9 个来源中 2 个缺失", "2 of 9 sources missing"),
            (inputs(None, 1, 0, 1, 0), 0, "来源缺失", "its source is missing"),
            // A source of its own promise, while the dataset's is kept.
            (inputs(Some(DUE + day), 1, 1, 0, 0), 0, "来源迟到", "its source is late"),
            (
                inputs(Some(DUE + day), 1, 1, 0, 1),
                0,
                "来件被拒收，沿用旧数据",
                "what came was refused, older data stands in",
            ),
            (
                inputs(Some(DUE - day), 1, 1, 0, 0),
                0,
                "应于 11-23 08:00 前更新，已迟 27 小时",
                "expected by 11-23 08:00, 27 h late",
            ),
            (
                inputs(Some(DUE - 400 * day), 1, 1, 0, 0),
                0,
                "应于 2025-10-20 08:00 前更新，已迟 13 个月",
                "expected by 2025-10-20 08:00, 13 months late",
            ),
            // A demonstration's days are moved, the distance stays.
            (
                inputs(Some(DUE), 1, 1, 0, 0),
                7 * day,
                "应于 08:00 前更新，已迟 3 小时",
                "expected by 08:00, 3 h late",
            ),
            (
                inputs(Some(DUE + day), 1, 0, 0, 0),
                7 * day,
                "下次应于 12-02 08:00 前更新",
                "next expected by 12-02 08:00",
            ),
        ] {
            let when = When { zone: &zone, now_secs: NOW, shift_secs };
            assert_eq!(words(&inputs, when, &zh), said_zh);
            assert_eq!(words(&inputs, when, &en), said_en);
            assert_eq!(overdue_words(&inputs, when, &en).is_empty(), !inputs.is_late());
        }
    }
}
