//! The command line as a person or a script meets it: the real program, its exit codes and its two streams.

use std::path::Path;

use onemap::site::text::{Lang, Messages};

use crate::common::{Made, Ran, area, figures, program, sample, sample_dir, shown, tiny_dir};

fn run(arguments: &[&str]) -> Ran {
    Ran::of(program().args(arguments).env_remove("RUST_LOG"))
}

fn compute(more: &[&str]) -> Ran {
    let dir = sample_dir();
    let mut arguments = vec!["compute", "--lang", "en", "--site", dir.to_str().unwrap()];
    arguments.extend(more);
    let ran = run(&arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran
}

const HEADER: &str = "id,area_code,as_of,value,unit,numerator,denominator,target,status,oldest_input";

#[test]
fn csv_has_the_contract_header_and_every_indicator_in_order() {
    let ran = compute(&["--format", "csv"]);
    assert!(ran.err.is_empty(), "messages on a clean site: {}", ran.err);
    let mut lines = ran.out.lines();
    assert_eq!(lines.next(), Some(HEADER));
    let rows: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
    let site = sample().site();
    assert_eq!(rows.len(), 101);
    assert!(rows.iter().zip(&site.indicators).all(|(row, i)| row[0] == i.id && row.len() == 10));
    assert!(rows.iter().all(|row| row[1] == "440310" && row[2] == "2026-11-23"));
    let known = ["current", "coarse", "partial", "late", "suppressed", "missing", "too_fine"];
    assert!(rows.iter().all(|row| known.contains(&row[8].trim_end_matches(";coarse"))));
    let of = |id: &str| rows.iter().find(|row| row[0] == id).unwrap().clone();
    assert_eq!(of("saf_defence_team_cnt")[3], "151");
    assert_eq!(of("gov_prelit_success_rate")[7], ">=96");
    assert!(of("gov_prelit_success_rate")[9].ends_with("+08:00"));
}

#[test]
fn a_subdistrict_and_an_earlier_day() {
    let code = "440310001";
    let ran = compute(&["--format", "csv", "--area", code, "--as-of", "2026-06-30"]);
    let rows: Vec<Vec<&str>> = ran.out.lines().skip(1).map(|l| l.split(',').collect()).collect();
    assert_eq!(rows.len(), 101);
    assert!(rows.iter().all(|row| row[1] == code && row[2] == "2026-06-30"));
    let figures = figures(sample(), crate::common::day("2026-06-30"));
    let at = area(sample(), code);
    for row in &rows {
        let value = shown(sample(), &figures, row[0], at);
        assert_eq!(row[3], onemap::export::figure(value), "{}", row[0]);
    }
    // District figures are not made finer.
    assert_eq!(rows.iter().find(|r| r[0] == "saf_orgcrime_group_cnt").unwrap()[8], "too_fine");
}

#[test]
fn json_parses_and_agrees_with_csv() {
    let json: serde_json::Value = serde_json::from_str(&compute(&["--format", "json"]).out).unwrap();
    assert_eq!(json["site"], "pingshan");
    assert_eq!(json["sample"], true);
    let rows = json["indicators"].as_array().unwrap();
    assert_eq!(rows.len(), 101);
    let csv = compute(&["--format", "csv"]).out;
    for (line, row) in csv.lines().skip(1).zip(rows) {
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!(row["id"], fields[0]);
        assert_eq!(row["shown"], fields[3]);
        match row["value"].as_f64() {
            Some(value) => assert!(crate::common::close(value, fields[3].parse().unwrap()), "{line}"),
            None => assert!(matches!(fields[3], "" | "*") || fields[3].starts_with('<'), "{line}"),
        }
        assert!(row["name"]["zh"].is_string() && row["name"]["en"].is_string());
    }
}

#[test]
fn sdmx_marks_confidentiality() {
    // A subdistrict: the district's totals are published and hide nothing.
    let ran = compute(&["--format", "sdmx", "--area", "440310001"]);
    let mut lines = ran.out.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let at =
        |name: &str| header.iter().position(|h| *h == name).unwrap_or_else(|| panic!("{name} in {header:?}"));
    let (conf, obs, value) = (at("CONF_STATUS"), at("OBS_STATUS"), at("OBS_VALUE"));
    let rows: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
    assert_eq!(rows.len(), 101);
    for row in &rows {
        assert!(["F", "C", "D"].contains(&row[conf]), "{row:?}");
        if row[conf] != "F" {
            assert!(row[value].is_empty() && row[obs] == "Q", "{row:?}");
        }
        // Sample data says so, and a coarse figure how it is told.
        let comment = row[at("COMMENT_OBS")];
        assert!(comment.ends_with("sample data"), "{row:?}");
        assert_eq!(comment.contains("told="), row[obs] == "E", "{row:?}");
    }
}

#[test]
fn the_table_is_in_the_language_asked_for() {
    for (lang, word) in [("en", "Grassroots governance"), ("zh", "基层治理")] {
        let dir = sample_dir();
        let ran = run(&["compute", "--lang", lang, "--site", dir.to_str().unwrap()]);
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains(word), "{lang}");
        // 101 rows, a heading, five domains.
        assert!(ran.out.lines().filter(|l| !l.trim().is_empty()).count() >= 101 + 1 + 5);
    }
}

#[test]
fn wrong_usage_is_2_with_a_hint_and_nothing_on_stdout() {
    let dir = sample_dir();
    let site = dir.to_str().unwrap();
    for (arguments, parts) in [
        (vec!["compute", "--site", site, "--area", "440310009"], vec!["440310009", "nearest is 44031000"]),
        (vec!["compute", "--site", site, "--format", "cvs"], vec!["cvs", "csv"]),
        (vec!["compute", "--site", site, "--as-of", "23.11.2026"], vec!["23.11.2026", "2026-11-23"]),
        (vec!["compute", "--site", site, "--as-of", "2026-02-30"], vec!["2026-02-30"]),
        (
            vec!["snapshot", "--site", site, "--out", "/dev/null/x.png", "--size", "12x9"],
            vec!["12x9", "3840x2160"],
        ),
        (
            vec!["snapshot", "--site", site, "--out", "/dev/null/x.png", "--at", "25:00"],
            vec!["25:00", "10:31"],
        ),
        (
            vec!["snapshot", "--site", site, "--out", "/dev/null/x.png", "--scene", "overviw"],
            vec!["overviw", "overview"],
        ),
        (vec!["snapshot", "--site", site], vec!["--out"]),
        (vec!["compte"], vec!["compte", "compute"]),
        (vec!["compute", "--nonsense"], vec!["--nonsense"]),
        (vec!["bench"], vec![]),
        (vec!["bench", "everything"], vec!["everything"]),
    ] {
        let ran = run(&[&arguments[..], &["--lang", "en"]].concat());
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.err);
        assert!(ran.out.is_empty(), "{arguments:?}: {}", ran.out);
        for part in parts {
            assert!(ran.err.contains(part), "{arguments:?}: {} lacks {part}", ran.err);
        }
    }
}

#[test]
fn a_folder_that_is_no_site_is_1() {
    let empty = tempfile::tempdir().unwrap();
    for (dir, part) in [(Path::new("/nonexistent/site"), "/nonexistent/site"), (empty.path(), "site.toml")] {
        for command in ["compute", "check"] {
            let ran = run(&[command, "--lang", "en", "--site", dir.to_str().unwrap()]);
            assert_eq!(ran.code, 1, "{command}: {}", ran.err);
            assert!(ran.out.is_empty() && ran.err.contains(part), "{}", ran.err);
        }
    }
    let out = empty.path().join("out");
    let ran =
        run(&["generate", "--lang", "en", "--site", "/nonexistent/site", "--out", out.to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("no site folder /nonexistent/site") && !out.exists(), "{}", ran.err);
}

#[test]
fn help_in_both_languages() {
    for (lang, words) in
        [("en", ["one map of what is going on", "Commands", "Options"]), ("zh", ["一张图", "命令", "选项"])]
    {
        let ran = run(&["--lang", lang, "--help"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.err.is_empty());
        for word in words {
            assert!(ran.out.contains(word), "{lang}: {} lacks {word}", ran.out);
        }
        for command in ["run", "compute", "check", "snapshot", "generate", "bench"] {
            assert!(ran.out.contains(command), "{command}");
            let ran = run(&[command, "--lang", lang, "--help"]);
            assert_eq!(ran.code, 0, "{command}: {}", ran.err);
            assert!(ran.out.contains("--lang"), "{}", ran.out);
        }
    }
    let version = run(&["--version"]);
    assert_eq!((version.code, version.out.trim()), (0, concat!("onemap ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn both_sites_pass_their_check() {
    for (dir, indicators) in [(sample_dir(), "101 indicators"), (tiny_dir(), "7 indicators")] {
        let ran = run(&["check", "--lang", "en", "--site", dir.to_str().unwrap()]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.err.is_empty(), "{}", ran.err);
        assert!(ran.out.contains("0 errors, 0 warnings") && ran.out.contains(indicators), "{}", ran.out);
        assert!(ran.out.contains("suppressed"), "{}", ran.out);
    }
}

#[test]
fn check_says_what_protection_costs_each_figure() {
    let dir = sample_dir();
    let check = |more: &[&str]| {
        let ran = run(&[&["check", "--lang", "en", "--site", dir.to_str().unwrap()], more].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out
    };
    let short = check(&[]);
    let table: Vec<&str> = short.lines().skip_while(|line| !line.starts_with("indicator")).collect();
    assert!(table[0].contains("cells") && table[0].trim_end().ends_with("hidden %"), "{short}");
    assert!(table[11].ends_with("all with --all"), "{short}");
    // Rows in order of what is lost, and the sums agree with those for machines.
    let share = |line: &str| line.split_whitespace().last().unwrap().parse::<f64>().unwrap();
    let shares: Vec<f64> = table[1..11].iter().map(|line| share(line)).collect();
    assert!(shares.is_sorted_by(|a, b| a >= b) && shares[0] > 0.0, "{shares:?}");
    let json: serde_json::Value = serde_json::from_str(&check(&["--format", "json"])).unwrap();
    let sum = |key: &str| -> u64 {
        json["figures"].as_array().unwrap().iter().map(|figure| figure[key].as_u64().unwrap()).sum()
    };
    for key in ["cells", "primary", "secondary", "coarse"] {
        assert_eq!(json["total"][key].as_u64().unwrap(), sum(key));
    }
    assert!(short.contains(&format!("{} of {}", sum("primary") + sum("secondary"), sum("cells"))), "{short}");
    let csv = check(&["--format", "csv"]);
    assert_eq!(csv.lines().count(), 1 + json["figures"].as_array().unwrap().len());
    assert!(check(&["--all"]).lines().count() > short.lines().count());
}

#[test]
fn findings_go_to_stderr_and_data_to_stdout() {
    let made = Made { dir: tempfile::tempdir().unwrap() };
    for file in [
        "site.toml",
        "areas.geojson",
        "catalogue.toml",
        "datasets.toml",
        "scenes.toml",
        "messages/zh.toml",
        "messages/en.toml",
    ] {
        made.write(file, &std::fs::read_to_string(tiny_dir().join(file)).unwrap());
    }
    made.write("data/library_day.csv", "day,ward_code,branch,visits,loans,open_hours\n2026-11-02,VC0101,main,12,x,9\n2026-11-02,VC0102,hill,15,3,9\n");
    let site = made.path().to_str().unwrap();
    let ran = run(&["compute", "--lang", "en", "--format", "csv", "--site", site]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out.lines().next(), Some(HEADER));
    assert_eq!(ran.out.lines().count(), 8);
    assert!(ran.err.lines().any(|l| l.starts_with("data/library_day.csv:2:loans: warning:")), "{}", ran.err);
    // Warnings leave a check at 0; a refused file does not.
    assert_eq!(run(&["check", "--site", site]).code, 0);
    made.write("data/library_day.csv", "day,ward_code,branch,visits,loans\n2026-11-02,VC0101,main,12,3\n");
    let ran = run(&["check", "--lang", "en", "--site", site]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(
        ran.err.contains("data/library_day.csv: error: table library_day lacks column open_hours"),
        "{}",
        ran.err
    );
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let mut child = program()
        .args(["compute", "--format", "json", "--site", sample_dir().to_str().unwrap()])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
}

/// Width and height in the header of a PNG.
fn png_size(bytes: &[u8]) -> (u32, u32) {
    assert_eq!(bytes.get(..8), Some(&b"\x89PNG\r\n\x1a\n"[..]));
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn a_snapshot_is_a_picture_of_the_size_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("wall.png");
    let site = tiny_dir();
    let ran = run(&[
        "snapshot",
        "--lang",
        "en",
        "--size",
        "640x360",
        "--site",
        site.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    if ran.code == 3 {
        // Without any graphics device the message says what to install.
        assert!(ran.err.contains("mesa-vulkan-drivers"), "{}", ran.err);
        return;
    }
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.is_empty() && ran.err.contains("wall.png"), "{} {}", ran.out, ran.err);
    let bytes = std::fs::read(&out).unwrap();
    assert_eq!(png_size(&bytes), (640, 360));
    assert!(bytes.len() > 4000, "an empty picture: {} bytes", bytes.len());
    // A file is no folder.
    let below = out.join("x.png");
    let ran = run(&[
        "snapshot",
        "--lang",
        "en",
        "--size",
        "640x360",
        "--site",
        site.to_str().unwrap(),
        "--out",
        below.to_str().unwrap(),
    ]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("wall.png/x.png"), "{}", ran.err);
}

#[test]
fn generate_refuses_a_bad_scale() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("site");
    for scale in ["0", "-1", "NaN", "inf", "much"] {
        let ran = run(&[
            "generate",
            "--lang",
            "en",
            &format!("--scale={scale}"),
            "--site",
            sample_dir().to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ]);
        assert!(matches!(ran.code, 1 | 2), "{scale}: {} {}", ran.code, ran.err);
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{scale}");
        assert!(!out.exists(), "{scale} wrote something");
    }
}

#[test]
fn generate_writes_into_no_folder_that_holds_something_else() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("folder");
    let template = sample_dir();
    std::fs::create_dir(&out).unwrap();
    let generate = |lang: &str| {
        let [site, out] = [template.as_path(), out.as_path()].map(|path| path.to_str().unwrap());
        // As little data as may be: what counts is the folder.
        run(&["generate", "--lang", lang, "--scale=0.00001", "--site", site, "--out", out])
    };
    let refused = |holds: &[&str]| {
        for (lang, words) in [("en", "is not empty"), ("zh", "不是空文件夹")] {
            let ran = generate(lang);
            assert_eq!(ran.code, 2, "{holds:?}: {}", ran.err);
            assert!(ran.err.contains(words) && ran.err.contains("id = \"pingshan\""), "{}", ran.err);
            let mut found: Vec<String> = std::fs::read_dir(&out)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned())
                .collect();
            found.sort();
            assert_eq!(found, holds, "something was written");
        }
    };
    std::fs::write(out.join("letter.txt"), "dear reader").unwrap();
    refused(&["letter.txt"]);
    // A site of real data, or one made from another template.
    std::fs::remove_file(out.join("letter.txt")).unwrap();
    std::fs::copy(template.join("site.toml"), out.join("site.toml")).unwrap();
    refused(&["site.toml"]);
    std::fs::write(out.join("generate.toml"), "format = 1\n").unwrap();
    std::fs::write(out.join("site.toml"), "format = 1\nid = \"elsewhere\"\n").unwrap();
    refused(&["generate.toml", "site.toml"]);
    // An empty folder is written into, and then again.
    std::fs::remove_file(out.join("generate.toml")).unwrap();
    std::fs::remove_file(out.join("site.toml")).unwrap();
    for _ in 0..2 {
        let ran = generate("en");
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(out.join("areas.geojson").is_file() && out.join("generate.toml").is_file());
    }
}

#[test]
fn a_day_that_has_not_come_is_2_and_says_where_the_data_end() {
    let newest = onemap::site::civil::date_of(crate::common::tiny().present_day());
    let site = tiny_dir();
    let site = site.to_str().unwrap();
    for (lang, words) in [("en", "the data end on"), ("zh", "数据截至")] {
        for rest in
            [vec!["compute"], vec!["compute", "--silence"], vec!["snapshot", "--out", "/nonexistent/x.png"]]
        {
            let ran = run(&[&rest[..], &["--lang", lang, "--site", site, "--as-of", "2098-12-31"]].concat());
            assert_eq!(ran.code, 2, "{rest:?}: {}", ran.err);
            assert!(
                ran.err.contains("2098-12-31") && ran.err.contains(&format!("{words} {newest}")),
                "{}",
                ran.err
            );
            assert!(ran.out.is_empty());
        }
    }
    // The anchor of a sample counts as yesterday; else it is the machine's day.
    assert_eq!(sample().today(), sample().present_day() + 1);
}

#[test]
fn english_counts_in_the_singular_and_the_plural() {
    for lang in [Lang::Zh, Lang::En] {
        let text = Messages::built_in(lang);
        let brackets: Vec<&str> = text.texts().filter(|text| text.contains("(s)")).collect();
        assert!(brackets.is_empty(), "{brackets:?}");
    }
    let text = Messages::built_in(Lang::En);
    let args = |n: &'static str| {
        ["errors", "warnings", "tables", "rows", "indicators", "areas"].map(|name| (name, n))
    };
    assert_eq!(
        text.fill("cli.checked", &args("1")),
        "checked: 1 error, 1 warning; 1 table with 1 row, 1 indicator, 1 area"
    );
    assert_eq!(
        text.fill("cli.checked", &args("0")),
        "checked: 0 errors, 0 warnings; 0 tables with 0 rows, 0 indicators, 0 areas"
    );
}
