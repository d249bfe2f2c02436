//! `onemap secret`: puts the password of a source into a key ring, looks whether it is there, takes it out. Never
//! prints a password, and takes none from the command line, where every process of the machine could read it.

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;

use crate::site::Site;
use crate::site::feeds::KeyringMeta;
use crate::site::problem::nearest;
use crate::site::text::{Lang, Message, Messages};
use crate::sources::secret::{self, MOST_BYTES, RINGS, Ring, RingError};

use super::{Exit, Failure, open, site_dir, write_err, write_out};

/// A ring that says nothing for so long is not there; a person may have to unlock it.
const PATIENCE: Duration = Duration::from_mins(1);

/// Does what was asked.
pub(super) fn run(args: &ArgMatches, lang: Lang) -> Result<Exit, Failure> {
    let (site, _) = open(&site_dir(args.get_one::<PathBuf>("site")))?;
    let text = site.messages(lang);
    let id = args.get_one::<String>("id").map_or("", String::as_str);
    let place = place(&site, id)?;
    let kernel = args.get_flag("kernel");
    match args.get_one::<String>("what").map_or("", String::as_str) {
        "set" => {
            let ring = if kernel { Ring::Kernel } else { Ring::Service };
            let password = password(text, place)?;
            asked(secret::store(ring, place, &password), ring, text)?;
            told("cli.secret_stored", place, ring, text);
            Ok(Exit::Done)
        }
        "check" => {
            let rings = if kernel { &RINGS[..1] } else { &RINGS[..] };
            each(rings, text, |ring| {
                let is_there = asked(secret::find(ring, place), ring, text)?.is_some();
                told(if is_there { "cli.secret_there" } else { "cli.secret_absent" }, place, ring, text);
                Ok(is_there)
            })
        }
        _ => {
            let rings = if kernel { &RINGS[..1] } else { &RINGS[..] };
            each(rings, text, |ring| {
                let was_there = asked(secret::remove(ring, place), ring, text)?;
                told(if was_there { "cli.secret_removed" } else { "cli.secret_absent" }, place, ring, text);
                Ok(was_there)
            })
        }
    }
}

/// Done where one of the rings had it; where none could be asked, the machine lacks something.
fn each(
    rings: &[Ring],
    text: &Messages,
    mut ask: impl FnMut(Ring) -> Result<bool, Failure>,
) -> Result<Exit, Failure> {
    let (mut found, mut answers) = (false, 0);
    for (left, ring) in (0..rings.len()).rev().zip(rings) {
        match ask(*ring) {
            Ok(had) => {
                found |= had;
                answers += 1;
            }
            // The last word is the failure's own.
            Err(failure) if left == 0 && answers == 0 => return Err(failure),
            Err(failure) => write_err(&text.say(&failure.message)),
        }
    }
    Ok(if found { Exit::Done } else { Exit::Data })
}

/// The place that a source names for its password.
fn place<'a>(site: &'a Site, id: &str) -> Result<&'a KeyringMeta, Failure> {
    let sources = &site.feeds.sources;
    let Some(source) = sources.iter().find(|s| s.id == id) else {
        let hint = nearest(id, sources.iter().map(|s| s.id.as_str())).unwrap_or("—");
        return Err(Failure::usage(
            Message::new("cli.secret_no_source").with("id", id).with("nearest", hint),
        ));
    };
    let no_place = || Failure::usage(Message::new("cli.secret_no_place").with("id", id));
    source.secret().keyring.ok_or_else(no_place)
}

/// From the terminal, unseen, or from standard input up to its end; a line end behind it is no part of it.
fn password(text: &Messages, place: &KeyringMeta) -> Result<String, Failure> {
    let unread = |err: std::io::Error| {
        Failure::new(Exit::Machine, Message::new("cli.secret_unread").with("error", err))
    };
    let password = if std::io::stdin().is_terminal() {
        let asking = Message::new("cli.secret_ask");
        let asking = asking.with("service", &place.service).with("account", &place.account);
        rpassword::prompt_password(text.say(&asking)).map_err(unread)?
    } else {
        let mut password = String::new();
        std::io::stdin().take(MOST_BYTES as u64 + 2).read_to_string(&mut password).map_err(unread)?;
        password
    };
    let password = password.trim_end_matches(['\r', '\n']);
    if password.is_empty() || password.len() > MOST_BYTES || password.contains(['\0', '\r', '\n']) {
        return Err(Failure::usage(Message::new("cli.secret_form").with("most", MOST_BYTES)));
    }
    Ok(password.to_owned())
}

/// What a ring answers, as long as it does.
fn asked<T>(
    question: impl Future<Output = Result<T, RingError>>,
    ring: Ring,
    text: &Messages,
) -> Result<T, Failure> {
    let name = text.get(ring_name(ring)).to_owned();
    let silent = |why: &dyn std::fmt::Display| {
        let message = Message::new("cli.secret_no_ring").with("ring", &name).with("error", why);
        Failure::new(Exit::Machine, message)
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|err| silent(&err))?;
    match runtime.block_on(async { tokio::time::timeout(PATIENCE, question).await }) {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(RingError::Locked)) => {
            Err(Failure::new(Exit::Machine, Message::new("cli.secret_locked").with("ring", &name)))
        }
        Ok(Err(RingError::Unavailable(why))) => Err(silent(&why)),
        Err(late) => Err(silent(&late)),
    }
}

const fn ring_name(ring: Ring) -> &'static str {
    match ring {
        Ring::Kernel => "cli.secret_ring_kernel",
        Ring::Service => "cli.secret_ring_service",
    }
}

fn told(key: &'static str, place: &KeyringMeta, ring: Ring, text: &Messages) {
    let name = text.get(ring_name(ring));
    let message = Message::new(key).with("service", &place.service).with("account", &place.account);
    write_out(&format!("{}\n", text.say(&message.with("ring", name))));
}
