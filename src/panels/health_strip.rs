//! The strip that tells how the program itself is doing (F12), and each live source. Owns its wording; measures nothing.

use egui::{Align2, Rect, pos2, vec2};

use crate::panels::pen::Pen;
use crate::panels::{View, format, words};
use crate::snapshot::{FeedPhase, FeedState};

/// Paints the strip along the bottom of a rectangle: a line per source, then the program's own.
pub fn health_strip_ui(pen: Pen<'_>, screen: Rect, view: &View<'_>) {
    let health = view.health;
    let words = view.text.fill(
        "panel.health.line",
        &[
            ("frame", &format!("{:.1}", health.frame_millis)),
            ("memory", &format!("{:.0}", health.memory_mib)),
            ("changes", &format::count(health.changes)),
            ("latency", &format!("{:.0}", health.latency_millis)),
            ("queue", &health.queue.to_string()),
            ("revision", &view.snapshot.revision.to_string()),
        ],
    );
    let words = words::held(view).into_iter().fold(words, |all, held| format!("{all} · {held}"));
    let mut lines: Vec<(String, bool)> =
        view.snapshot.feeds.iter().map(|feed| (feed_line(feed, view), is_trouble(feed))).collect();
    lines.push((words, false));
    let height = pen.row(pen.note());
    let width = lines.iter().map(|(words, _)| pen.width(words, pen.note())).fold(0.0, f32::max);
    let width = (width + pen.step() * 2.0).min(screen.width());
    let mut top = screen.bottom() - height * lines.len() as f32;
    for (words, trouble) in lines {
        let place = Rect::from_min_size(pos2(screen.left(), top), vec2(width, height));
        top += height;
        pen.painter().rect_filled(place, 0.0, pen.theme.surface);
        let ink = if trouble { pen.note().color(pen.theme.warn) } else { pen.note() };
        pen.named_text(place.shrink2(vec2(pen.step(), 0.0)), Align2::LEFT_CENTER, &words, ink);
    }
}

fn is_trouble(feed: &FeedState) -> bool {
    matches!(feed.phase, FeedPhase::Failed { .. } | FeedPhase::Late) || feed.skew_secs.is_some()
}

/// One source in words.
fn feed_line(feed: &FeedState, view: &View<'_>) -> String {
    let text = view.text;
    let clock = |secs| format::clock(&view.site.zone, secs);
    let state = match &feed.phase {
        FeedPhase::Connecting => text.get("status.feed.connecting").to_owned(),
        FeedPhase::CatchingUp { done, of: None } => {
            text.fill("status.feed.catching_up", &[("done", &format::count(*done))])
        }
        FeedPhase::CatchingUp { done, of: Some(of) } => text.fill(
            "status.feed.catching_up_of",
            &[("done", &format::count(*done)), ("of", &format::count(*of))],
        ),
        FeedPhase::Live => text.get("status.feed.live").to_owned(),
        FeedPhase::Late => {
            let since = feed.last_secs.unwrap_or(feed.since_secs);
            text.fill("status.feed.late", &[("time", &clock(since))])
        }
        FeedPhase::Failed { reason, next_try_secs } => text
            .fill("status.feed.failed", &[("reason", &text.say(reason)), ("time", &clock(*next_try_secs))]),
    };
    let mut line = text.fill(
        "panel.health.feed",
        &[
            ("name", view.say(&feed.name)),
            ("state", &state),
            ("rows", &format::count(feed.rows)),
            ("repeated", &format::count(feed.repeated)),
            ("refused", &format::count(feed.refused)),
            ("excluded", &format::count(feed.excluded)),
        ],
    );
    let mut add = |words: String| {
        line.push_str(" · ");
        line.push_str(&words);
    };
    if feed.dropped > 0 {
        add(text.fill("panel.health.feed_dropped", &[("cells", &format::count(feed.dropped))]));
    }
    if let Some(last) = feed.last_secs {
        add(text.fill("panel.health.feed_last", &[("time", &clock(last))]));
    }
    if let Some(skew) = feed.skew_secs {
        let key = if skew > 0 { "panel.health.feed_skew" } else { "panel.health.feed_skew_behind" };
        add(text.fill(key, &[("lasting", &format::lasting(skew.abs(), text))]));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::fixture::Stage;
    use crate::site::text::{Bilingual, Lang, Message};
    use crate::state::Mode;

    #[test]
    fn every_state_is_said_in_both_languages() {
        let reason = Message::new("status.feed.no_secret").with("name", "X");
        let phases = [
            FeedPhase::Connecting,
            FeedPhase::CatchingUp { done: 3, of: None },
            FeedPhase::CatchingUp { done: 3, of: Some(9) },
            FeedPhase::Live,
            FeedPhase::Late,
            FeedPhase::Failed { reason, next_try_secs: 60 },
        ];
        for lang in [Lang::Zh, Lang::En] {
            let stage = Stage::new(Mode::Wall, lang, 1920.0, 1080.0);
            let mut seen = std::collections::BTreeSet::new();
            for (phase, skew_secs) in
                phases.iter().cloned().zip([None, Some(90), Some(-90), None, None, None])
            {
                let feed = FeedState {
                    id: "a".to_owned(),
                    name: Bilingual { zh: "甲".to_owned(), en: "A".to_owned() },
                    phase,
                    since_secs: 0,
                    rows: 1,
                    refused: 2,
                    repeated: 3,
                    excluded: 4,
                    dropped: 5,
                    last_secs: Some(1),
                    skew_secs,
                    away_since_secs: None,
                };
                let line = feed_line(&feed, &stage.view());
                assert!(!line.contains(['{', '}']) && !line.contains(".feed"), "{line}");
                assert!(seen.insert(line));
            }
        }
    }
}
