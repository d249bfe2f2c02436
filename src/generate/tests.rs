//! Checks of a whole generated site.

use std::path::Path;

use super::*;

/// Writes a site to look at: ONEMAP_GEN_TEMPLATE, ONEMAP_GEN_OUT, ONEMAP_GEN_SCALE.
#[test]
#[ignore = "writes files where the environment says"]
fn write_site() {
    let var = |name: &str| std::env::var(name).expect(name);
    let scale = match std::env::var("ONEMAP_GEN_SCALE").ok().and_then(|text| text.parse().ok()) {
        Some(times) => Scale::Times(times),
        None => Scale::Sample,
    };
    let started = std::time::Instant::now();
    let options = Options { scale, ..Options::default() };
    let (template, out) = (var("ONEMAP_GEN_TEMPLATE"), var("ONEMAP_GEN_OUT"));
    let mut lines = Vec::new();
    let done = generate(Path::new(&template), Path::new(&out), &options, &mut |step| {
        lines.push(format!("{} {} {:.1}", step.item, step.rows, started.elapsed().as_secs_f64()));
    });
    let summary = done.unwrap_or_else(|error| panic!("{error}"));
    panic!("{}\n{} rows, {} areas", lines.join("\n"), summary.rows(), summary.areas);
}
