//! The words of the command line, in the language of the machine. Owns names and help; the work is in the
//! subcommands.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

use clap::builder::PossibleValuesParser;
use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::site::problem::nearest;
use crate::site::text::{Lang, Message, Messages};

use super::{Exit, Failure, bench, check, compute, generate, run, secret, snapshot, sql};

/// Language of messages: `--lang` where given, else the machine's.
#[must_use]
pub fn language(arguments: &[OsString]) -> Lang {
    let words: Vec<&str> = arguments.iter().filter_map(|a| a.to_str()).collect();
    let named = words.iter().enumerate().find_map(|(i, word)| match *word {
        "--lang" => words.get(i + 1).copied(),
        _ => word.strip_prefix("--lang="),
    });
    let locale = sys_locale::get_locale().unwrap_or_default();
    match named {
        Some("en") => Lang::En,
        Some("zh") => Lang::Zh,
        _ if locale.starts_with("en") || locale == "C" || locale.starts_with("POSIX") => Lang::En,
        _ => Lang::Zh,
    }
}

fn site_arg(text: &Messages) -> Arg {
    Arg::new("site")
        .long("site")
        .value_name("DIR")
        .value_parser(value_parser!(PathBuf))
        .help(text.get("cli.site").to_owned())
}

fn choice(name: &'static str, values: &'static [&'static str], help: &str) -> Arg {
    let help = format!("{help} [{}]", values.join("|"));
    Arg::new(name)
        .long(name)
        .value_parser(PossibleValuesParser::new(values))
        .hide_possible_values(true)
        .help(help)
}

fn value(name: &'static str, value_name: &'static str, help: &str) -> Arg {
    Arg::new(name).long(name).value_name(value_name).help(help.to_owned())
}

fn path(name: &'static str, help: &str) -> Arg {
    value(name, "PATH", help).value_parser(value_parser!(PathBuf))
}

/// The whole command line.
#[must_use]
pub fn command(text: &Messages) -> Command {
    let lang = || choice("lang", &["zh", "en"], text.get("cli.lang"));
    let sub = |name: &'static str| {
        let about = text.get(match name {
            "run" => "cli.run",
            "compute" => "cli.compute",
            "check" => "cli.check",
            "snapshot" => "cli.snapshot",
            "generate" => "cli.generate",
            "sql" => "cli.sql",
            "secret" => "cli.secret",
            _ => "cli.bench",
        });
        dressed(Command::new(name).about(about.to_owned()), text).arg(lang())
    };
    let shape = || {
        [
            path("shape", text.get("cli.shape")).value_name("FILE").conflicts_with("area"),
            choice("datum", &["WGS84", "CGCS2000", "GCJ02", "BD09"], text.get("cli.datum")),
        ]
    };
    let run = [
        site_arg(text),
        choice("mode", &["wall", "desk", "demo"], text.get("cli.mode")),
        value("scene", "NAME", text.get("cli.scene")),
    ];
    dressed(Command::new("onemap").bin_name("onemap").about(text.get("cli.about").to_owned()), text)
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .arg(
            Arg::new("version")
                .long("version")
                .short('V')
                .action(ArgAction::Version)
                .help(text.get("cli.version").to_owned()),
        )
        .args(run.clone())
        .arg(lang())
        .subcommand(sub("run").args(run))
        .subcommand(
            sub("compute")
                .arg(site_arg(text))
                .arg(value("as-of", "DATE", text.get("cli.as_of")))
                .arg(value("known-at", "DATE|INSTANT", text.get("cli.known_at")))
                .arg(value("area", "CODE", text.get("cli.area")))
                .args(shape())
                .arg(
                    Arg::new("no-cache")
                        .long("no-cache")
                        .action(ArgAction::SetTrue)
                        .help(text.get("cli.no_cache").to_owned()),
                )
                .arg(
                    Arg::new("derived")
                        .long("derived")
                        .action(ArgAction::SetTrue)
                        .help(text.get("cli.derived").to_owned()),
                )
                .arg(
                    Arg::new("silence")
                        .long("silence")
                        .action(ArgAction::SetTrue)
                        .conflicts_with_all(["derived", "known-at", "shape"])
                        .help(text.get("cli.silence").to_owned()),
                )
                .arg(
                    choice("format", &["table", "csv", "json", "sdmx", "xlsx"], text.get("cli.format"))
                        .default_value("table"),
                )
                .arg(path("out", text.get("cli.compute_out"))),
        )
        .subcommand(
            sub("check")
                .arg(site_arg(text))
                .arg(
                    Arg::new("all")
                        .long("all")
                        .action(ArgAction::SetTrue)
                        .help(text.get("cli.check_all").to_owned()),
                )
                .arg(
                    choice("format", &["table", "csv", "json"], text.get("cli.format"))
                        .default_value("table"),
                ),
        )
        .subcommand(
            sub("snapshot")
                .arg(site_arg(text))
                .arg(choice("mode", &["wall", "desk"], text.get("cli.mode")).default_value("wall"))
                .arg(value("size", "WxH", text.get("cli.size")).default_value("3840x2160"))
                .arg(value("scene", "NAME", text.get("cli.scene")))
                .arg(value("area", "CODE", text.get("cli.area")))
                .args(shape())
                .arg(value("at", "HH:MM", text.get("cli.at")).default_value("10:31"))
                .arg(value("as-of", "DATE|INSTANT", text.get("cli.snapshot_as_of")))
                .arg(value("known-at", "DATE|INSTANT|then", text.get("cli.snapshot_known_at")))
                .arg(
                    Arg::new("silence")
                        .long("silence")
                        .action(ArgAction::SetTrue)
                        .help(text.get("cli.snapshot_silence").to_owned()),
                )
                .arg(value("indicator", "ID", text.get("cli.snapshot_indicator")))
                .arg(choice("open", &["details", "funnel"], text.get("cli.snapshot_open")))
                .arg(path("out", text.get("cli.out")).required(true)),
        )
        .subcommand(
            sub("generate")
                .arg(path("out", text.get("cli.out")).required(true))
                .arg(
                    value("scale", "X", text.get("cli.scale"))
                        .value_parser(value_parser!(f64))
                        .default_value("1"),
                )
                .arg(choice("preset", &["sample"], text.get("cli.preset")))
                .arg(site_arg(text))
                .arg(
                    value("seed", "N", text.get("cli.seed"))
                        .value_parser(value_parser!(u64))
                        .default_value("20261123"),
                ),
        )
        .subcommand(
            sub("sql")
                .arg(site_arg(text))
                .arg(value("schema", "NAME", text.get("cli.sql_schema")).default_value("onemap"))
                .arg(value("role", "NAME", text.get("cli.sql_role")).default_value("onemap_reader"))
                .arg(value("table", "NAME", text.get("cli.sql_table")).action(ArgAction::Append)),
        )
        .subcommand(
            sub("secret")
                .arg(
                    Arg::new("what")
                        .required(true)
                        .value_parser(PossibleValuesParser::new(["set", "check", "remove"]))
                        .hide_possible_values(true)
                        .help(text.get("cli.secret_what").to_owned()),
                )
                .arg(
                    Arg::new("id").required(true).value_name("ID").help(text.get("cli.secret_id").to_owned()),
                )
                .arg(site_arg(text))
                .arg(
                    Arg::new("kernel")
                        .long("kernel")
                        .action(ArgAction::SetTrue)
                        .help(text.get("cli.secret_kernel").to_owned()),
                ),
        )
        .subcommand(
            sub("bench")
                .arg(
                    Arg::new("what")
                        .required(true)
                        .value_parser(PossibleValuesParser::new([
                            "compute", "live", "days", "batch", "frames", "start", "cube", "cells",
                        ]))
                        .hide_possible_values(true)
                        .help(text.get("cli.bench_what").to_owned()),
                )
                .arg(site_arg(text))
                .arg(value("size", "WxH", text.get("cli.size")).default_value("3840x2160"))
                .arg(value("events", "N", text.get("cli.bench_events")).value_parser(value_parser!(usize)))
                .arg(value("frames", "N", text.get("cli.bench_frames")).value_parser(value_parser!(usize)))
                .arg(path("places", text.get("cli.bench_places")))
                .arg(value("table", "NAME", text.get("cli.bench_table")))
                .arg(choice("format", &["table", "json"], text.get("cli.format")).default_value("table")),
        )
}

/// Headings and the help flag in the language of the machine.
fn dressed(command: Command, text: &Messages) -> Command {
    let help = Arg::new("help")
        .long("help")
        .short('h')
        .action(ArgAction::Help)
        .help(text.get("cli.help").to_owned());
    let template = format!("{{about}}\n\n{}: {{usage}}\n\n{{all-args}}", text.get("cli.usage"));
    let usage = match command.get_name() {
        "onemap" => format!("onemap [{}] [{}]", text.get("cli.options"), text.get("cli.commands")),
        "bench" => {
            format!(
                "onemap bench <compute|live|days|batch|frames|start|cube|cells> [{}]",
                text.get("cli.options")
            )
        }
        "secret" => format!("onemap secret <set|check|remove> <ID> [{}]", text.get("cli.options")),
        name => format!("onemap {name} [{}]", text.get("cli.options")),
    };
    command
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .subcommand_help_heading(text.get("cli.commands").to_owned())
        .next_help_heading(text.get("cli.options").to_owned())
        .help_template(template)
        .override_usage(usage)
        .arg(help)
}

/// The subcommands, for "did you mean".
const COMMANDS: &[&str] = &["run", "compute", "check", "snapshot", "generate", "sql", "secret", "bench"];

/// What is wrong with the arguments, in our words; the parser's own where it is something rare.
pub(super) fn usage_problem(err: &clap::Error) -> Message {
    let context = |kind| err.get(kind).map(ToString::to_string).unwrap_or_default();
    let argument = context(ContextKind::InvalidArg);
    match err.kind() {
        ErrorKind::UnknownArgument => {
            let meant = context(ContextKind::SuggestedArg);
            let key = if meant.is_empty() { "cli.unknown_argument" } else { "cli.unknown_argument_meant" };
            Message::new(key).with("argument", argument).with("nearest", meant)
        }
        ErrorKind::InvalidSubcommand => {
            let named = context(ContextKind::InvalidSubcommand);
            let meant =
                nearest(&named, COMMANDS.iter().copied()).map_or_else(|| COMMANDS.join(", "), str::to_owned);
            Message::new("cli.unknown_command").with("command", named).with("nearest", meant)
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let choices = context(ContextKind::ValidValue);
            let key = if choices.is_empty() { "cli.unreadable_value" } else { "cli.invalid_value" };
            let message = Message::new(key).with("argument", argument).with("choices", choices);
            message.with("value", context(ContextKind::InvalidValue))
        }
        ErrorKind::MissingRequiredArgument => Message::new("cli.missing_argument").with("argument", argument),
        _ => {
            let rendered = err.render().to_string();
            let first = rendered.trim_start_matches("error: ").lines().next().unwrap_or_default().to_owned();
            Message::new("cli.bad_usage").with("error", first)
        }
    }
}

/// Starts the subcommand.
pub(super) fn dispatch(matches: &ArgMatches, lang: Lang, began: Instant) -> Result<Exit, Failure> {
    match matches.subcommand() {
        Some(("compute", sub)) => compute::run(sub, lang),
        Some(("check", sub)) => check::run(sub, lang),
        Some(("snapshot", sub)) => snapshot::run(sub, lang),
        Some(("generate", sub)) => generate::run(sub, lang),
        Some(("sql", sub)) => sql::run(sub),
        Some(("secret", sub)) => secret::run(sub, lang),
        Some(("bench", sub)) => bench::run(sub, lang),
        Some((_, sub)) => run::run(sub, lang, began),
        None => run::run(matches, lang, began),
    }
}
