//! The program: logging and the command line; nothing else.

use std::process::ExitCode;

use onemap::memory::GiveBack;

/// Warnings of our own; the renderer's remarks (a software device, a missing run-time folder) only when asked for.
const QUIET: &str = "warn,egui_wgpu=error,wgpu_hal=error,wgpu_core=error,zbus=error,tracing=error";

fn main() -> ExitCode {
    onemap::memory::give_back(GiveBack::AtOnce);
    let began = std::time::Instant::now();
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(QUIET)).init();
    let arguments: Vec<_> = std::env::args_os().collect();
    onemap::cli::main(&arguments, began)
}
