//! Owns `onemap generate`: a whole site of demonstration data from a template folder, every figure told by its
//! generate.toml. Never invents a person: rows are objects, events, and counts per area. Never reads the clock.

mod areas;
mod base;
mod base_tiles;
mod buildings;
mod calendar;
mod cases;
mod cases_draw;
mod cases_spec;
mod collection;
mod disputes;
mod enforcement;
mod enterprise;
mod fabric;
mod governance;
mod hazards;
mod homes;
mod legal;
mod lives;
mod locator;
mod math;
mod people;
mod plane;
mod psych;
mod rings;
mod rng;
mod safety;
mod seeds;
mod supervision;
mod suppress;
mod template;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_areas;
mod town;
mod voronoi;
mod world;
mod write;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

pub use write::TableSummary;

use template::Volume;
use world::World;

/// How much data to write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// The small site kept with the program's sources.
    Sample,
    /// Multiples of the published record volumes.
    Times(f64),
}

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How much.
    pub scale: Scale,
    /// The same seed gives the same bytes.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { scale: Scale::Sample, seed: 20_261_123 }
    }
}

/// A step done.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The table or file written.
    pub item: String,
    /// Its rows.
    pub rows: u64,
    /// Steps done and steps in all.
    pub done: usize,
    /// Steps in all.
    pub total: usize,
}

/// What was generated.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Every table and its rows.
    pub tables: Vec<TableSummary>,
    /// Areas of all levels.
    pub areas: usize,
}

impl Summary {
    /// Rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// Why a site could not be generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A template file does not say what it must.
    #[error("{path}: {problem}")]
    Template {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The time zone or a date is not known.
    #[error("time: {0}")]
    Time(jiff::Error),
    /// The history is too short.
    #[error("the history must be longer than 400 days")]
    Days,
    /// The outline cannot be cut into cells.
    #[error("the outline crosses itself or is too narrow for its cells")]
    Geometry,
    /// A table could not be written.
    #[error("{path}: {source}")]
    Table {
        /// The file.
        path: PathBuf,
        /// What the table writer said.
        source: polars::prelude::PolarsError,
    },
    /// The scale is not a positive number.
    #[error("the scale must be a positive number, at most 1000")]
    Scale,
    /// The folder to write into holds something else than a site that this template made.
    #[error("{path} is not empty")]
    Taken {
        /// The folder.
        path: PathBuf,
        /// What a site made from the template is called.
        id: String,
    },
}

impl Scale {
    /// Rows for this volume.
    fn of(self, volume: Volume) -> f64 {
        match self {
            Self::Sample => volume.0,
            Self::Times(times) => volume.1 * times,
        }
    }

    /// A published number of things: multiplied only beyond scale 1.
    fn published(self, number: i64) -> i64 {
        match self {
            Self::Times(times) if times > 1.0 => (number as f64 * times).round() as i64,
            _ => number,
        }
    }
}

type Job = fn(&World, &Path) -> Result<Vec<TableSummary>, GenerateError>;

/// Every table, the slowest first so that the two threads end together.
const JOBS: [Job; 12] = [
    cases::write,
    collection::write,
    disputes::write,
    hazards::write,
    safety::write,
    enforcement::write,
    supervision::write,
    people::write,
    enterprise::write,
    governance::write,
    psych::write,
    legal::write,
];

/// Generates the site of the template into `out_dir`; the two may be the same folder.
///
/// # Errors
/// The template cannot be used, the folder holds something else, or a file cannot be written.
pub fn generate(
    template_dir: &Path,
    out_dir: &Path,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, GenerateError> {
    if let Scale::Times(times) = options.scale
        && !(times > 0.0 && times <= 1000.0)
    {
        return Err(GenerateError::Scale);
    }
    if !is_ours(template_dir, out_dir) {
        let id = site_id(template_dir).unwrap_or_default();
        return Err(GenerateError::Taken { path: out_dir.to_owned(), id });
    }
    let template = template::read(template_dir)?;
    let total = JOBS.len() + 2;
    let data = out_dir.join("data");
    fs::create_dir_all(data.join("replay"))
        .map_err(|source| GenerateError::Io { path: data.clone(), source })?;
    copy_definitions(template_dir, out_dir)?;
    let world = World::build(template, options.scale, options.seed)?;
    let path = out_dir.join("areas.geojson");
    fs::write(&path, &world.areas.geojson).map_err(|source| GenerateError::Io { path, source })?;
    let areas = 1 + world.areas.subdistricts.len() + world.areas.communities.len() + world.areas.grids.len();
    progress(Progress { item: "areas".to_owned(), rows: areas as u64, done: 1, total });
    base::write(&world, out_dir)?;
    let mut tables = buildings::write(&world, &data)?;
    let mut done = 2;
    for table in &tables {
        progress(Progress { item: table.table.clone(), rows: table.rows, done, total });
    }

    // Two threads take tables in turn; each table has its own stream of chance, so the order does not matter.
    let next = AtomicUsize::new(0);
    let (sender, receiver) = crossbeam_channel::bounded(JOBS.len());
    let mut failed = None;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let (sender, next, world, data) = (sender.clone(), &next, &world, &data);
            let work = move || {
                while let Some(job) = JOBS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if sender.send(job(world, data)).is_err() {
                        return;
                    }
                }
            };
            let thread = std::thread::Builder::new().name("generate".to_owned()).spawn_scoped(scope, work);
            if let Err(source) = thread {
                failed = Some(GenerateError::Io { path: data.clone(), source });
            }
        }
        drop(sender);
        for result in receiver {
            done += 1;
            match result {
                Ok(written) => {
                    for table in &written {
                        progress(Progress { item: table.table.clone(), rows: table.rows, done, total });
                    }
                    tables.extend(written);
                }
                Err(error) => failed = failed.take().or(Some(error)),
            }
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    tables.sort_by(|a, b| a.table.cmp(&b.table));
    Ok(Summary { tables, areas })
}

/// Whether a folder may be written into: it is not there, or is empty, or holds a site that was made from a template of the
/// same name: it has the template's generate.toml, which no site of real data has, and its site.toml the same id.
fn is_ours(template: &Path, out: &Path) -> bool {
    let is_free = fs::read_dir(out).map_or(!out.exists(), |mut entries| entries.next().is_none());
    let is_made = || {
        out.join("generate.toml").is_file() && site_id(out).is_some_and(|id| Some(id) == site_id(template))
    };
    is_free || is_made()
}

/// The id in a folder's site.toml.
fn site_id(dir: &Path) -> Option<String> {
    let site: toml::Table = toml::from_str(&fs::read_to_string(dir.join("site.toml")).ok()?).ok()?;
    site.get("id")?.as_str().map(str::to_owned)
}

/// Copies what defines the site (all but areas and data) when the target is another folder.
fn copy_definitions(from: &Path, to: &Path) -> Result<(), GenerateError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| GenerateError::Io { path, source }
    };
    let same = match (from.canonicalize(), to.canonicalize()) {
        (Ok(from), Ok(to)) => from == to,
        _ => false,
    };
    if same {
        return Ok(());
    }
    for entry in fs::read_dir(from).map_err(io(from))? {
        let entry = entry.map_err(io(from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            if entry.file_name() == "data" {
                continue;
            }
            fs::create_dir_all(&target).map_err(io(&target))?;
            for inner in fs::read_dir(&path).map_err(io(&path))? {
                let inner = inner.map_err(io(&path))?;
                if inner.path().is_file() {
                    fs::copy(inner.path(), target.join(inner.file_name())).map_err(io(&target))?;
                }
            }
        } else if entry.file_name() != "areas.geojson" {
            fs::copy(&path, &target).map_err(io(&target))?;
        }
    }
    Ok(())
}
