//! Wrong rows of a catalogue are refused with file and row, and with the name that was probably meant.

use onemap::engine::{self, Depth};
use onemap::site::problem::Problem;

use crate::common::{Declared, Line, Made, Recipe};

fn datasets() -> String {
    let visits = Declared {
        id: "visits",
        refresh: "daily",
        time_column: "day",
        rollup: "sum",
        absent_row: "zero",
        extra: "",
        columns: &["id:text", "area:area", "day:date", "kind:text:kind", "visit_cnt:int"],
    };
    let calls = Declared {
        id: "calls",
        refresh: "live",
        time_column: "opened_ts",
        rollup: "sum",
        absent_row: "zero",
        extra: "",
        columns: &["id:text", "area:area", "opened_ts:time", "closed_ts:time?", "kind:text:kind", "n:int"],
    };
    let coarse = Declared {
        id: "people_month",
        refresh: "monthly",
        time_column: "m",
        rollup: "sum",
        absent_row: "gap",
        extra: "",
        columns: &["id:text", "area:area", "m:month", "person_cnt:int"],
    };
    let coarse = coarse.toml().replace("finest_area = \"block\"", "finest_area = \"county\"");
    format!("{}{}{coarse}", visits.toml(), calls.toml())
}

fn made(indicators: &str) -> Made {
    let good = Line::new("good", "visits", "sum(visit_cnt)", "", "day").toml();
    Made::new(&Recipe {
        zone: "Asia/Shanghai",
        datasets: &datasets(),
        indicators: &format!("{good}{indicators}"),
        home: "good",
        events: false,
    })
}

fn problems(made: &Made) -> Vec<Problem> {
    match made.load() {
        Err(problems) => problems,
        Ok(site) => engine::build(site, Depth::Needed, &|_, _| {}).err().unwrap_or_default(),
    }
}

/// Lines of the findings, and the text of the row that each points to.
fn refusals(made: &Made) -> Vec<(String, String)> {
    let mut messages = onemap::site::text::Messages::built_in(onemap::site::text::Lang::En);
    messages.add("").unwrap();
    problems(made)
        .iter()
        .map(|p| {
            let text = std::fs::read_to_string(made.path().join(&p.file)).unwrap();
            let row = p.row.and_then(|row| text.lines().nth(row - 1)).unwrap_or_default().to_owned();
            (p.line(&messages), row)
        })
        .collect()
}

fn refused(line: &Line, parts: &[&str], near: &str) {
    let told = refusals(&made(&line.toml()));
    assert_eq!(told.len(), 1, "{told:?}");
    let (message, row) = &told[0];
    assert!(message.starts_with("catalogue.toml:"), "{message}");
    for part in parts {
        assert!(message.contains(part), "{message} lacks {part:?}");
    }
    assert!(row.contains(near), "{message} points to {row:?}, which lacks {near:?}");
}

fn bad(expr: &str, filter: &str) -> Line {
    Line::new("bad", "visits", expr, filter, "day")
}

#[test]
fn the_good_row_is_good() {
    assert!(refusals(&made("")).is_empty());
}

#[test]
fn unknown_columns() {
    refused(
        &bad("sum(visits_cnt)", ""),
        &["no column visits_cnt", "table visits", "nearest is visit_cnt"],
        "visits_cnt",
    );
    refused(&bad("sum(visit_cnt)", "kinds='a'"), &["no column kinds", "nearest is kind"], "kinds");
    refused(&bad("count(DISTINCT kimd)", ""), &["no column kimd", "nearest is kind"], "kimd");
    refused(&bad("sum(zzzzzzzzzz)", ""), &["no column zzzzzzzzzz", "nearest is —"], "zzzzzzzzzz");
}

#[test]
fn unknown_tables() {
    refused(
        &Line::new("bad", "visit", "count(*)", "", "day"),
        &["bad: there is no table visit", "nearest is visits"],
        "\"visit\"",
    );
    let line = Line {
        denominator: Some(("people_mont".to_owned(), "sum(person_cnt)".to_owned(), String::new())),
        ..bad("count(*)", "")
    };
    refused(&line, &["no table people_mont", "nearest is people_month"], "people_mont");
}

#[test]
fn unknown_windows() {
    for (window, meant) in [
        ("trailing 30 day s", "trailing 30 days"),
        ("latest mont", "latest month"),
        ("cumulative since 2026-13-01", "cumulative since 2020-01-01"),
    ] {
        refused(
            &Line::new("bad", "visits", "count(*)", "", window),
            &["unknown window", window, meant],
            window,
        );
    }
    let line = Line {
        denominator: Some(("visits".to_owned(), "count(*)".to_owned(), String::new())),
        denominator_window: Some("latest moon".to_owned()),
        ..bad("count(*)", "")
    };
    // The row named is the row of the figure; the message carries the words themselves.
    let told = refusals(&made(&line.toml()));
    assert!(
        told.len() == 1 && told[0].0.contains("latest moon") && told[0].0.contains("latest month"),
        "{told:?}"
    );
}

#[test]
fn hours_have_no_meaning_for_days() {
    refused(
        &Line::new("bad", "visits", "count(*)", "", "trailing 24 h"),
        &["stamped by day or month"],
        "trailing 24 h",
    );
}

#[test]
fn types_must_fit() {
    refused(&bad("sum(kind)", ""), &["types in 'kind' do not fit"], "sum(kind)");
    refused(&bad("sum(visit_cnt+day)", ""), &["do not fit"], "day");
    refused(&bad("count(*)", "visit_cnt='many'"), &["do not fit"], "many");
    refused(&bad("count(*)", "kind>3"), &["do not fit"], "kind");
    refused(&bad("count(*)", "visit_cnt"), &["is not a condition"], "visit_cnt");
    refused(&bad("sum(CASE WHEN visit_cnt THEN 1 ELSE 0 END)", ""), &["do not fit"], "visit_cnt");
    // A date may stand beside a text.
    assert!(refusals(&made(&bad("count(*)", "day>='2026-01-01'").toml())).is_empty());
}

#[test]
fn syntax_errors_have_a_position() {
    for (expr, filter, position, expected) in [
        ("sum(visit_cnt", "", 14, ")"),
        ("total(visit_cnt)", "", 1, "sum(…), count(*)"),
        ("sum(visit_cnt) *", "", 16, "end"),
        ("sum()", "", 5, "column"),
        ("count(*)", "kind='a", 6, "'"),
        ("count(*)", "kind='a' AND", 13, "column"),
        ("count(*)", "kind IN ('a' 'b')", 14, ")"),
        ("count(*)", "kind ~ 'a'", 6, "column"),
    ] {
        let text = if filter.is_empty() { expr } else { filter };
        let told = refusals(&made(&bad(expr, filter).toml()));
        assert_eq!(told.len(), 1, "{told:?}");
        let message = &told[0].0;
        assert!(
            message.contains(&format!("'{text}' at character {position}: expected")),
            "{message}, not {position}"
        );
        assert!(message.contains(expected), "{message} lacks {expected:?}");
        assert!(told[0].1.contains(text), "{told:?}");
    }
}

#[test]
fn a_deep_expression_is_refused_and_overflows_nothing() {
    for filter in [
        format!("{}kind='a'{}", "(".repeat(5000), ")".repeat(5000)),
        format!("{} kind='a'", "NOT ".repeat(20_000)),
    ] {
        let told = refusals(&made(&bad("count(*)", &filter).toml()));
        assert!(told.len() == 1 && told[0].0.contains("less nesting"), "{}", told.len());
    }
    let told =
        refusals(&made(&bad(&format!("sum({}visit_cnt{})", "(".repeat(5000), ")".repeat(5000)), "").toml()));
    assert!(told.len() == 1 && told[0].0.contains("less nesting"), "{}", told.len());
    let told = refusals(&made(&bad(&format!("sum({}visit_cnt)", "-".repeat(5000)), "").toml()));
    assert_eq!(told.len(), 1, "{}", told.len());
    // Chains nest as well, only to the left; so do branches.
    for expr in [
        format!("sum(visit_cnt{})", "+visit_cnt".repeat(30_000)),
        format!("sum(visit_cnt{})", "*visit_cnt".repeat(30_000)),
        format!("sum({}1{})", "CASE WHEN kind='a' THEN ".repeat(10_000), " END".repeat(10_000)),
        vec!["sum(visit_cnt)"; 20_000].join("+"),
    ] {
        let told = refusals(&made(&bad(&expr, "").toml()));
        assert!(told.len() == 1 && told[0].0.contains("less nesting"), "{}", told.len());
    }
}

#[test]
fn now_is_only_a_cutoff() {
    let line = |filter: &str| Line::new("bad", "calls", "count(*)", filter, "trailing 7 days");
    assert!(refusals(&made(&line("opened_ts<=:now - 86400 AND kind='a'").toml())).is_empty());
    refused(
        &line("closed_ts<=:now - 86400"),
        &[":now may only stand in 'opened_ts <= :now - seconds'"],
        ":now",
    );
    refused(&line("opened_ts>:now - 86400"), &[":now may only stand"], ":now");
    refused(&line("opened_ts<=:now - 86400 OR kind='a'"), &[":now may only stand"], ":now");
    refused(&line("opened_ts=:now"), &[":now may only stand"], ":now");
}

#[test]
fn a_denominator_must_reach_as_fine_as_the_figure() {
    let line = Line {
        denominator: Some(("people_month".to_owned(), "sum(person_cnt)".to_owned(), String::new())),
        denominator_window: Some("latest month".to_owned()),
        ..bad("sum(visit_cnt)", "")
    };
    refused(&line, &["shown per ward", "people_month goes only to county"], "ward");
    // The same at the level of the coarse table is fine.
    let coarse = line.toml().replace("finest_area = \"ward\"", "finest_area = \"county\"");
    assert!(refusals(&made(&coarse)).is_empty());
}

#[test]
fn unknown_names_of_other_files() {
    let level = bad("count(*)", "").toml().replace("finest_area = \"ward\"", "finest_area = \"wards\"");
    let told = refusals(&made(&level));
    assert!(told.len() == 1 && told[0].0.contains("no area level wards; the nearest is ward"), "{told:?}");
    let domain = bad("count(*)", "").toml().replace("domain = \"d\"", "domain = \"dd\"");
    let told = refusals(&made(&domain));
    assert!(told.len() == 1 && told[0].0.contains("no domain dd; the nearest is d"), "{told:?}");
    let twice = format!("{0}{0}", bad("count(*)", "").toml());
    let told = refusals(&made(&twice));
    assert!(told.len() == 1 && told[0].0.contains("bad is used twice"), "{told:?}");
    let column = Line { time_column: Some("dey".to_owned()), ..bad("count(*)", "") };
    refused(&column, &["no column dey that can be used as time"], "dey");
    let column = Line { time_column: Some("kind".to_owned()), ..bad("count(*)", "") };
    refused(&column, &["no column kind that can be used as time"], "kind");
}

#[test]
fn unknown_keys_and_bad_toml_have_their_row() {
    let key = bad("count(*)", "").toml() + "colour = \"red\"\n";
    let told = refusals(&made(&key));
    assert!(told.len() == 1 && told[0].0.contains("colour"), "{told:?}");
    let told = refusals(&made("\n[[indicator]]\nid = \"open\nname = 3\n"));
    assert!(told.len() == 1 && told[0].0.starts_with("catalogue.toml:"), "{told:?}");
    let row: usize = told[0].0.split(':').nth(1).unwrap().parse().unwrap();
    assert!(row > 15, "{told:?}");
}

#[test]
fn all_wrong_rows_are_told_at_once() {
    let many: String = (0..5)
        .map(|i| Line::new(&format!("bad{i}"), "visits", &format!("sum(no_{i})"), "", "day").toml())
        .collect();
    let told = refusals(&made(&many));
    assert_eq!(told.len(), 5, "{told:?}");
    for (i, (message, row)) in told.iter().enumerate() {
        assert!(
            message.contains(&format!("no_{i}")) && row.contains(&format!("no_{i}")),
            "{message} at {row}"
        );
    }
}

#[test]
fn a_breakdown_needs_a_code_list() {
    let breakdown =
        bad("count(*)", "").toml().replace("[[indicator]]", "[[breakdown]]") + "by = [\"visit_cnt\"]\n";
    let told = refusals(&made(&breakdown));
    assert!(told.len() == 1 && told[0].0.contains("column visit_cnt has no code list"), "{told:?}");
}
