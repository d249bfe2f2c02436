//! `onemap sql`: the statements that make a site's tables in a database.

use std::path::PathBuf;

use clap::ArgMatches;

use crate::site::problem::nearest;
use crate::site::text::Message;
use crate::sources::sql;

use super::{Exit, Failure, open, site_dir, write_out};

/// Prints the statements.
pub(super) fn run(args: &ArgMatches) -> Result<Exit, Failure> {
    let (site, _) = open(&site_dir(args.get_one::<PathBuf>("site")))?;
    let tables: Vec<String> = args.get_many::<String>("table").unwrap_or_default().cloned().collect();
    if let Some(unknown) = tables.iter().find(|t| site.table(t).is_none()) {
        let hint = nearest(unknown, site.tables().map(|(_, t)| t.id.as_str())).unwrap_or("—");
        return Err(Failure::usage(
            Message::new("cli.bad_table").with("text", unknown).with("nearest", hint),
        ));
    }
    let word = |name| args.get_one::<String>(name).map_or("onemap", String::as_str);
    for name in ["schema", "role"] {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if word(name).is_empty() || !word(name).chars().all(fine) {
            return Err(Failure::usage(Message::new("cli.bad_name").with("text", word(name))));
        }
    }
    write_out(&sql::schema(&site, word("schema"), word("role"), &tables));
    Ok(Exit::Done)
}
