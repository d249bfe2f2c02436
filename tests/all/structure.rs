//! The shape of the source, read as text: layers that must not know each other, and what is never written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use onemap::site::text::{Lang, Messages};

use crate::common::root;

struct Source {
    /// Path below `src`, with `/`.
    path: String,
    /// Everything.
    text: String,
    /// Lines of code with their numbers: no comments, no tests.
    code: Vec<(usize, String)>,
}

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// Files that are only compiled for tests: `#[cfg(test)] mod name;`.
fn test_modules(sources: &[(PathBuf, String)]) -> BTreeSet<PathBuf> {
    let mut out = BTreeSet::new();
    for (path, text) in sources {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2) {
            let name = pair[1]
                .trim_start_matches("pub ")
                .trim_start_matches("pub(crate) ")
                .trim_start_matches("pub(super) ");
            if pair[0] == "#[cfg(test)]"
                && let Some(name) = name.strip_prefix("mod ").and_then(|n| n.strip_suffix(';'))
            {
                let dir = match path.file_stem().and_then(|s| s.to_str()) {
                    Some("mod" | "lib" | "main") => path.parent().unwrap().to_owned(),
                    _ => path.with_extension(""),
                };
                out.insert(dir.join(format!("{name}.rs")));
            }
        }
    }
    out
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut paths = Vec::new();
    files(&src, &mut paths);
    let read: Vec<(PathBuf, String)> =
        paths.into_iter().map(|p| (p.clone(), std::fs::read_to_string(p).unwrap())).collect();
    let tests = test_modules(&read);
    read.into_iter()
        .map(|(path, text)| {
            let code = if tests.contains(&path) { Vec::new() } else { code(&text) };
            let path = path.strip_prefix(&src).unwrap().to_str().unwrap().replace('\\', "/");
            Source { path, text, code }
        })
        .collect()
}

fn code(text: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        // The test module is the last thing of a file.
        if line.trim() == "#[cfg(test)]" {
            let next = lines.next().map_or("", |(_, l)| l.trim());
            if next.starts_with("mod ") && next.ends_with('{') {
                break;
            }
            continue;
        }
        if !line.trim_start().starts_with("//") {
            out.push((number + 1, without_comment(line).to_owned()));
        }
    }
    out
}

/// A line without what follows `//` outside a text.
fn without_comment(line: &str) -> &str {
    let (mut inside, mut last) = (false, ' ');
    for (at, c) in line.char_indices() {
        match c {
            '"' if last != '\\' => inside = !inside,
            '/' if last == '/' && !inside => return &line[..at - 1],
            _ => {}
        }
        last = if last == '\\' && c == '\\' { ' ' } else { c };
    }
    line
}

/// Text literals of a line.
fn literals(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut current: Option<String> = None;
    let mut escaped = false;
    let mut quoted_char = false;
    for c in line.chars() {
        match (&mut current, c) {
            // A character such as '"' opens no text.
            (None, '\'') => quoted_char = !quoted_char,
            (None, '"') if !quoted_char => current = Some(String::new()),
            (None, _) => {}
            (Some(text), c) if escaped => {
                text.push(c);
                escaped = false;
            }
            (Some(_), '\\') => escaped = true,
            (Some(text), '"') => {
                out.push(std::mem::take(text));
                current = None;
                quoted_char = false;
            }
            (Some(text), c) => text.push(c),
        }
        if !matches!(c, '\'' | '"') && current.is_none() && quoted_char && c.is_whitespace() {
            // A lifetime, not a character.
            quoted_char = false;
        }
    }
    out
}

fn complain(found: Vec<String>) {
    assert!(found.is_empty(), "{} places:\n{}", found.len(), found.join("\n"));
}

/// Every line of code that a rule refuses.
fn refuse(rule: impl Fn(&Source, &str) -> bool) {
    let mut found = Vec::new();
    for source in sources() {
        for (number, line) in &source.code {
            if rule(&source, line) {
                found.push(format!("src/{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    complain(found);
}

#[test]
fn data_layers_know_no_window() {
    let layers = [
        "site",
        "tiles",
        "privacy",
        "sources",
        "store",
        "engine",
        "indicators",
        "derived",
        "export",
        "snapshot.rs",
        "command.rs",
        "state.rs",
    ];
    let mut found = Vec::new();
    for source in sources() {
        let top = source.path.split('/').next().unwrap();
        if !layers.contains(&top) {
            continue;
        }
        for (number, line) in source.text.lines().enumerate() {
            if ["egui", "eframe", "walkers", "wgpu", "winit"].iter().any(|w| line.contains(w)) {
                found.push(format!("src/{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    complain(found);
}

#[test]
fn raw_figures_do_not_leave_the_engine() {
    // Only the engine makes raw figures and only the gate reads them.
    refuse(|source, line| {
        let allowed = source.path.starts_with("engine/") || source.path == "privacy/protect.rs";
        !allowed && (line.contains("protect::Raw") || line.contains(".raw(") || line.contains("Raw {"))
    });
}

/// A coarse figure is never taken for an exact one: its number comes out with its sign (`format`, `export`), or as a
/// place on a scale, in files that draw.
#[test]
fn a_coarse_number_does_not_lose_its_sign() {
    let draws = [
        "map/choropleth.rs",
        "map/scope.rs",
        "panels/area_table.rs",
        "panels/contribution.rs",
        "panels/funnel_plot.rs",
        "panels/indicator_list.rs",
        "panels/pictures/mod.rs",
        "panels/ranking.rs",
        "panels/trend.rs",
    ];
    let tells = ["privacy/", "export/", "panels/format.rs"];
    let prints = ["format!", ".fill(", "number(", "to_string", ".sum", "push_str"];
    refuse(|source, line| {
        let on_axis = line.contains("on_axis") && source.path != "privacy/shown.rs";
        let takes_number = (line.contains("Coarse { value") || line.trim_end().ends_with("Coarse {"))
            && !tells.iter().any(|t| source.path.starts_with(t));
        let is_printed = prints.iter().any(|p| line.contains(p));
        takes_number || on_axis && (is_printed || !draws.contains(&source.path.as_str()))
    });
}

fn is_cjk(c: char) -> bool {
    matches!(u32::from(c), 0x2e80..=0x9fff | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xff00..=0xffef)
}

#[test]
fn no_text_of_a_person_is_in_the_code() {
    // The door's names and marks of what never comes in are data of the rule itself.
    refuse(|source, line| !source.path.starts_with("privacy/door/") && line.chars().any(is_cjk));
    // A sentence in a literal belongs in the message files. Texts for the log and for SQL-like parse errors are for
    // developers; the language of the catalogue is its own, and so is that of a database of tiles; what a measurement was
    // of goes to a report as it stands.
    refuse(|source, line| {
        let developer = ["log::", "#[error(", "#[expect(", "#![", "reason =", "#[serde", "WORDS", "assert"]
            .iter()
            .any(|w| line.contains(w));
        let allowed = developer
            || source.path.starts_with("generate/")
            || matches!(
                source.path.as_str(),
                "indicators/expr.rs" | "indicators/tokens.rs" | "cli/bench.rs" | "tiles/mbtiles.rs"
            );
        !allowed
            && literals(line).iter().any(|text| {
                let words = text
                    .split(' ')
                    .filter(|w| {
                        w.len() > 1
                            && w.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, ',' | '.' | ':'))
                    })
                    .count();
                words >= 4
            })
    });
}

#[test]
fn nothing_may_panic() {
    refuse(|_, line| {
        [".unwrap()", ".expect(", "panic!(", "unreachable!(", "todo!(", "unimplemented!("]
            .iter()
            .any(|w| line.contains(w))
    });
}

#[test]
fn every_file_says_what_it_is() {
    let silent: Vec<String> =
        sources().iter().filter(|s| !s.text.starts_with("//! ")).map(|s| s.path.clone()).collect();
    complain(silent);
}

#[test]
fn no_file_is_long() {
    let long = sources()
        .iter()
        .map(|s| (s.path.clone(), s.text.lines().count()))
        .filter(|(_, lines)| *lines > 500)
        .map(|(path, lines)| format!("src/{path}: {lines} lines"))
        .collect();
    complain(long);
}

#[test]
fn colours_are_in_the_theme() {
    refuse(|source, line| {
        let makes = [
            "Color32::from_rgb",
            "Color32::from_rgba",
            "Color32::from_gray",
            "Color32::from_black",
            "from_hex",
        ];
        let hex = literals(line).iter().any(|t| {
            t.strip_prefix('#')
                .is_some_and(|h| matches!(h.len(), 6 | 8) && h.chars().all(|c| c.is_ascii_hexdigit()))
        });
        source.path != "theme.rs" && (makes.iter().any(|m| line.contains(m)) || hex)
    });
}

#[test]
fn threads_have_names_and_channels_have_bounds() {
    refuse(|_, line| {
        line.contains("unbounded") || line.contains("thread::spawn(") || line.contains("mpsc::channel(")
    });
}

#[test]
fn the_program_knows_no_place() {
    let mut found = Vec::new();
    for source in sources() {
        for (number, line) in &source.code {
            // The sample's folder is the one name the program has for "the site beside me".
            let line = line.replace("sample-data/pingshan", "");
            if ["pingshan", "Pingshan", "坪山", "4403", "Shenzhen", "深圳"].iter().any(|w| line.contains(w))
            {
                found.push(format!("src/{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    complain(found);
}

/// `{places}` of a text; `{n|row|rows}` is one of n.
fn places(text: &str) -> BTreeSet<String> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .filter_map(|(place, _)| place.split('|').next().map(str::to_owned))
        .collect()
}

fn message_files() -> Vec<(String, BTreeMap<String, String>, BTreeMap<String, String>)> {
    fn read(path: &Path) -> BTreeMap<String, String> {
        fn flatten(prefix: &str, value: &toml::Value, out: &mut BTreeMap<String, String>) {
            match value {
                toml::Value::Table(table) => {
                    for (key, inner) in table {
                        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                        flatten(&path, inner, out);
                    }
                }
                toml::Value::String(text) => drop(out.insert(prefix.to_owned(), text.clone())),
                _ => {}
            }
        }
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let table: toml::Table = toml::from_str(&text).unwrap();
        let mut out = BTreeMap::new();
        flatten("", &toml::Value::Table(table), &mut out);
        out
    }
    [
        ("assets/messages", ""),
        ("assets/messages", "cli."),
        ("assets/messages", "derived."),
        ("sample-data/pingshan/messages", ""),
        ("tests/sites/tiny/messages", ""),
    ]
    .iter()
    .map(|(dir, part)| {
        let file = |lang: &str| root().join(format!("{dir}/{part}{lang}.toml"));
        (format!("{dir}/{part}*.toml"), read(&file("zh")), read(&file("en")))
    })
    .collect()
}

#[test]
fn both_languages_say_the_same_things() {
    let mut wrong = Vec::new();
    for (name, zh, en) in message_files() {
        for key in zh.keys().filter(|k| !en.contains_key(*k)) {
            wrong.push(format!("{name}: {key} is not in English"));
        }
        for key in en.keys().filter(|k| !zh.contains_key(*k)) {
            wrong.push(format!("{name}: {key} is not in Chinese"));
        }
        for (key, text) in &zh {
            if let Some(other) = en.get(key) {
                if places(text) != places(other) {
                    wrong.push(format!("{name}: {key}: {:?} and {:?}", places(text), places(other)));
                }
                if text.trim().is_empty() || other.trim().is_empty() {
                    wrong.push(format!("{name}: {key} is empty"));
                }
            }
        }
    }
    complain(wrong);
}

/// Keys written out in the code, with the places the code fills.
fn used_keys() -> Vec<(String, String)> {
    let mut out = Vec::new();
    let families = ["key.", "time.", "panel.", "status.", "cli.", "problem.", "derived."];
    for source in sources() {
        for (number, line) in &source.code {
            for literal in literals(line) {
                let is_key = families.iter().any(|f| literal.starts_with(f))
                    && literal
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_'))
                    && !literal.ends_with('.');
                if is_key {
                    out.push((literal, format!("src/{}:{number}", source.path)));
                }
            }
        }
    }
    out
}

#[test]
fn every_key_in_the_code_has_its_text() {
    let used = used_keys();
    assert!(used.len() > 100, "only {} keys found", used.len());
    for lang in [Lang::Zh, Lang::En] {
        let messages = Messages::built_in(lang);
        let missing = used
            .iter()
            .filter(|(key, _)| {
                messages.find(key).is_none()
                    && !messages.keys().iter().any(|k| k.starts_with(&format!("{key}.")))
            })
            .map(|(key, at)| format!("{at}: {key} has no text in {lang:?}"))
            .collect();
        complain(missing);
    }
}

/// No text is left behind that nothing says any more.
#[test]
fn every_text_has_its_key_in_the_code() {
    let all = sources();
    let said: Vec<String> = all.iter().flat_map(|s| &s.code).flat_map(|(_, line)| literals(line)).collect();
    // `time.lasting.{unit}`: any key that begins so.
    let beginnings: Vec<&str> = said.iter().filter_map(|l| l.split_once('{')).map(|(b, _)| b).collect();
    let beginnings: BTreeSet<&str> = beginnings.into_iter().filter(|b| b.ends_with('.')).collect();
    let said: BTreeSet<&str> = said.iter().map(String::as_str).collect();
    let messages = Messages::built_in(Lang::En);
    let is_said = |key: &str| said.contains(key) || beginnings.iter().any(|b| key.starts_with(b));
    complain(
        messages.keys().into_iter().filter(|k| !is_said(k)).map(|k| format!("{k} is never said")).collect(),
    );
}

/// `Message::new("key")` and the places that follow in the same statement.
#[test]
fn messages_are_filled_completely() {
    let messages = Messages::built_in(Lang::En);
    let mut wrong = Vec::new();
    let sources = sources();
    // Places may be filled further on, where the message is placed, also by another file.
    let all: String = sources.iter().flat_map(|s| &s.code).map(|(_, l)| format!("{l}\n")).collect();
    for source in &sources {
        let code: String = source.code.iter().map(|(_, l)| format!("{l}\n")).collect();
        for part in code.split("Message::new(\"").skip(1) {
            let Some((key, _)) = part.split_once("\")") else {
                continue;
            };
            let Some(text) = messages.find(key) else { continue };
            for place in places(text) {
                if !all.contains(&format!("with(\"{place}\"")) {
                    wrong.push(format!(
                        "src/{}: {key} has a place {{{place}}} that nothing fills",
                        source.path
                    ));
                }
            }
        }
    }
    complain(wrong);
}

#[test]
fn units_and_codes_of_both_sites_have_names() {
    for engine in [crate::common::sample(), crate::common::tiny()] {
        let site = engine.site();
        let mut missing = Vec::new();
        for messages in [&site.messages_zh, &site.messages_en] {
            for row in site.indicators.iter().chain(&site.breakdowns) {
                if messages.find(&format!("unit.{}", row.unit)).is_none() {
                    missing.push(format!("unit {} of {} in {:?}", row.unit, row.id, messages.lang()));
                }
            }
            for (_, table) in site.tables() {
                for list in table.columns.iter().filter_map(|c| c.codes.as_ref()) {
                    if messages.codes(list).is_empty() {
                        missing.push(format!("list {list} of {} in {:?}", table.id, messages.lang()));
                    }
                }
            }
        }
        complain(missing);
    }
}

/// Documents lead to what is there, name files that exist, and none was left half merged.
#[test]
fn documents_lead_somewhere() {
    let mut documents: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(|name| root().join(name)).to_vec();
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    documents.extend(docs.filter(|path| path.extension().is_some_and(|e| e == "md")));
    let mut code = Vec::new();
    ["src", "tests", "benches"].iter().for_each(|folder| files(&root().join(folder), &mut code));
    let is_there = |name: &str| code.iter().any(|path| path.ends_with(name));
    let mut found = Vec::new();
    for path in &documents {
        let text = std::fs::read_to_string(path).unwrap();
        let folder = path.parent().unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            let here = || format!("{}:{number}", path.strip_prefix(root()).unwrap().display());
            if line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>") || line == "=======" {
                found.push(format!("{} is left from a merge", here()));
            }
            for link in line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
                if !link.is_empty() && !link.contains("://") && !folder.join(link).exists() {
                    found.push(format!("{} leads to {link}, which is not there", here()));
                }
            }
            let is_code = |named: &&str| Path::new(named).extension().is_some_and(|e| e == "rs");
            for named in line.split('`').skip(1).step_by(2).filter(is_code) {
                let name = named.rsplit_once(' ').map_or(named, |(_, last)| last);
                if !is_there(name) {
                    found.push(format!("{} names {name}, which is not there", here()));
                }
            }
        }
    }
    complain(found);
}
