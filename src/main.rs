//! The program: logging and the command line; nothing else.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Warnings of our own; the renderer's remarks (a software device, a missing run-time folder) only when asked for.
const QUIET: &str = "warn,egui_wgpu=error,wgpu_hal=error,wgpu_core=error,zbus=error,tracing=error";

/// Gives freed memory back at once: after loading, half of what the passes over the tables used is free, and a wall
/// runs for months beside other programs.
#[expect(unsafe_code, reason = "sets one option of the allocator")]
fn give_memory_back() {
    /// `mi_option_purge_delay` of mimalloc v3's `mi_option_t`, which the bindings do not name.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    // SAFETY: the call writes one integer of the allocator's own table; it is "not thread safe", and this is the first
    // line of `main`, when there is no other thread.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, 0) };
}

fn main() -> ExitCode {
    give_memory_back();
    let began = std::time::Instant::now();
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(QUIET)).init();
    let arguments: Vec<_> = std::env::args_os().collect();
    onemap::cli::main(&arguments, began)
}
