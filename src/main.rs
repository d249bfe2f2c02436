//! The program: logging and the command line; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    let began = std::time::Instant::now();
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    let arguments: Vec<_> = std::env::args_os().collect();
    onemap::cli::main(&arguments, began)
}
