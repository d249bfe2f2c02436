//! `onemap generate`: a synthetic site from a template's definitions.

use std::path::PathBuf;
use std::time::Instant;

use clap::ArgMatches;

use crate::generate::{self, GenerateError, Options, Scale};
use crate::site::text::{Lang, Message, Messages};

use super::{Exit, Failure, no_site, progress::Bar, site_dir, write_err};

/// Writes the site.
pub(super) fn run(args: &ArgMatches, lang: Lang) -> Result<Exit, Failure> {
    let text = Messages::built_in(lang);
    let template = site_dir(args.get_one::<PathBuf>("site"));
    if !template.is_dir() {
        return Err(no_site(&template));
    }
    let out = args.get_one::<PathBuf>("out").cloned().unwrap_or_default();
    let scale = match args.get_one::<String>("preset") {
        Some(_) => Scale::Sample,
        None => Scale::Times(args.get_one::<f64>("scale").copied().unwrap_or(1.0)),
    };
    let options = Options { scale, seed: args.get_one::<u64>("seed").copied().unwrap_or_default() };
    let began = Instant::now();
    let bar = Bar::new(text.get("cli.generating"));
    let summary = generate::generate(&template, &out, &options, &mut |step| {
        bar.step(step.done, step.total);
    })
    .map_err(failure)?;
    bar.finish();
    let mib = folder_bytes(&out) / (1 << 20);
    write_err(&text.fill(
        "cli.generated",
        &[
            ("tables", &summary.tables.len().to_string()),
            ("rows", &summary.rows().to_string()),
            ("areas", &summary.areas.to_string()),
            ("mib", &mib.to_string()),
            ("secs", &format!("{:.1}", began.elapsed().as_secs_f64())),
        ],
    ));
    Ok(Exit::Done)
}

fn failure(err: GenerateError) -> Failure {
    match err {
        GenerateError::Taken { path, id } => {
            let message = Message::new("cli.generate_taken").with("dir", path.display()).with("id", id);
            Failure::new(Exit::Usage, message)
        }
        other => Failure::new(Exit::Data, Message::new("cli.generate_failed").with("error", other)),
    }
}

fn folder_bytes(dir: &std::path::Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return 0;
    };
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => folder_bytes(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
