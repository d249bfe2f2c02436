//! The audit log: whoever edits, removes, moves or cuts lines is seen, and writers take turns.

use std::path::{Path, PathBuf};

use onemap::audit::{Deed, Finding, Log, Writer};

fn deed(n: usize) -> Deed {
    Deed { what: "compute", filter: format!("area=\"{n}\" day=2026-11-23") }
}

/// A log of some lines.
fn written(lines: usize) -> (tempfile::TempDir, Log, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::in_dir(dir.path().join("site"));
    for n in 0..lines {
        log.note(&deed(n)).unwrap();
    }
    let path = log.path();
    (dir, log, path)
}

fn rewrite(path: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let mut lines: Vec<String> = std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
    change(&mut lines);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(path, text).unwrap();
}

#[test]
fn an_untouched_log_is_whole_and_says_who_when_what() {
    let (_dir, log, path) = written(5);
    assert_eq!(log.verify().unwrap(), (5, Vec::new()));
    let text = std::fs::read_to_string(path).unwrap();
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let names: Vec<&str> = first.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["n", "time", "user", "what", "filter", "previous", "hash"]);
    assert!(!first["user"].as_str().unwrap().is_empty());
    assert!(first["time"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn no_log_is_no_finding() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Log::in_dir(dir.path().join("none")).verify().unwrap(), (0, Vec::new()));
}

#[test]
fn every_tampering_is_found() {
    type Tamper = fn(&mut Vec<String>);
    let cases: [(&str, Tamper, Finding); 6] = [
        ("edited", |l| l[2] = l[2].replace("compute", "drill"), Finding::Edited(3)),
        ("deleted", |l| drop(l.remove(2)), Finding::Order(3)),
        ("first deleted", |l| drop(l.remove(0)), Finding::Order(1)),
        ("swapped", |l| l.swap(1, 2), Finding::Order(2)),
        ("doubled", |l| l.insert(2, l[1].clone()), Finding::Order(3)),
        ("cut", |l| l.truncate(3), Finding::Cut(3, 5)),
    ];
    for (name, tamper, expected) in cases {
        let (_dir, log, path) = written(5);
        rewrite(&path, tamper);
        let (_, findings) = log.verify().unwrap();
        assert!(findings.contains(&expected), "{name}: {findings:?}");
        // Later lines do not heal it.
        log.note(&deed(9)).unwrap();
        log.note(&deed(10)).unwrap();
        assert!(!log.verify().unwrap().1.is_empty(), "{name}: healed");
    }
}

#[test]
fn a_removed_log_or_note_is_seen() {
    let (_dir, log, path) = written(3);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(log.verify().unwrap().1, [Finding::Cut(0, 3)]);
    let (_dir, log, path) = written(3);
    std::fs::remove_file(path.with_file_name("audit.end")).unwrap();
    assert_eq!(log.verify().unwrap().1, [Finding::NoEnd]);
    log.note(&deed(4)).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"resumed\""), "that the note was missing stays in the log: {text}");
}

#[test]
fn a_process_that_ends_in_the_middle_breaks_nothing_else() {
    let (_dir, log, path) = written(3);
    let end = std::fs::read_to_string(path.with_file_name("audit.end")).unwrap();
    log.note(&deed(4)).unwrap();
    // The line is written, its note is not.
    std::fs::write(path.with_file_name("audit.end"), end).unwrap();
    assert_eq!(log.verify().unwrap(), (4, Vec::new()));
    log.note(&deed(5)).unwrap();
    assert_eq!(log.verify().unwrap(), (5, Vec::new()));
    // Half a line is told, and the next stands on a line of its own.
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"n\":6,\"ti");
    std::fs::write(&path, text).unwrap();
    log.note(&deed(6)).unwrap();
    assert_eq!(log.verify().unwrap(), (7, vec![Finding::Edited(6)]));
}

#[test]
fn writers_at_the_same_time_make_one_chain() {
    let (_dir, log, _) = written(0);
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let log = log.clone();
            scope.spawn(move || (0..10).for_each(|n| log.note(&deed(worker * 100 + n)).unwrap()));
        }
    });
    assert_eq!(log.verify().unwrap(), (40, Vec::new()));
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let log = Log::in_dir(file.join("site"));
    assert!(log.note(&deed(0)).is_err());
    let writer = Writer::start(Ok(log));
    writer.tell(deed(1));
    while !writer.has_failed() {
        std::thread::yield_now();
    }
    assert!(Writer::start(Err(std::io::Error::other("no folder"))).has_failed());
}
