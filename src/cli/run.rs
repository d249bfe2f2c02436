//! `onemap run`: the window.

use std::path::PathBuf;
use std::time::Instant;

use clap::ArgMatches;

use crate::app::{self, Opening};
use crate::site::Site;
use crate::site::problem::nearest;
use crate::site::text::{Lang, Message};
use crate::state::Mode;

use super::{Exit, Failure, open, site_dir, write_err};

/// Opens the window.
pub(super) fn run(args: &ArgMatches, lang: Lang, began: Instant) -> Result<Exit, Failure> {
    let (site, problems) = open(&site_dir(args.get_one::<PathBuf>("site")))?;
    for problem in &problems {
        write_err(&problem.line(site.messages(lang)));
    }
    let mode = match args.get_one::<String>("mode").map(String::as_str) {
        Some("desk") => Mode::Desk,
        Some("wall") => Mode::Wall,
        _ => Mode::Demo,
    };
    let scene = scene(&site, args.get_one::<String>("scene"))?;
    // The window speaks Chinese unless told otherwise, whatever the machine's language.
    let named = args.get_one::<String>("lang").is_some();
    let opening = Opening { mode, lang: if named { lang } else { Lang::Zh }, scene, began };
    app::open(site, opening).map_err(|err| {
        let key = match err {
            eframe::Error::Wgpu(_) => "cli.no_gpu",
            _ => "cli.no_display",
        };
        Failure::new(Exit::Machine, Message::new(key).with("error", err))
    })?;
    Ok(Exit::Done)
}

/// The scene of a name.
pub(super) fn scene(site: &Site, name: Option<&String>) -> Result<Option<usize>, Failure> {
    let Some(name) = name else { return Ok(None) };
    site.scene_index(name).map(Some).ok_or_else(|| {
        let hint = nearest(name, site.scenes.iter().map(|s| s.id.as_str())).unwrap_or("—");
        Failure::usage(Message::new("cli.bad_scene").with("text", name).with("nearest", hint))
    })
}
