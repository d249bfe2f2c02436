//! The allocator. Owns when freed memory goes back to the system and how large its pages are; allocates nothing itself.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;

#[cfg(not(test))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// The same allocator, which counts what a thread asks for.
#[cfg(test)]
#[expect(unsafe_code, reason = "an allocator is unsafe to implement; this one passes every call on as it is")]
pub(crate) mod counting {
    use std::alloc::{GlobalAlloc, Layout};
    use std::cell::Cell;

    thread_local! {
        static ASKED: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    }

    pub(crate) struct Counting;

    /// How often this thread asked for memory, and for how many bytes.
    pub(crate) fn asked() -> (u64, u64) {
        ASKED.get()
    }

    fn note(bytes: usize) {
        // A thread that ends may ask once more when its own counter is gone.
        let _ = ASKED.try_with(|asked| asked.set((asked.get().0 + 1, asked.get().1 + bytes as u64)));
    }

    // SAFETY: every call goes to the allocator below with the arguments it came with.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            note(layout.size());
            unsafe { mimalloc::MiMalloc.alloc(layout) }
        }

        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            note(layout.size());
            unsafe { mimalloc::MiMalloc.alloc_zeroed(layout) }
        }

        unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            note(size);
            unsafe { mimalloc::MiMalloc.realloc(at, layout, size) }
        }

        unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
            unsafe { mimalloc::MiMalloc.dealloc(at, layout) }
        }
    }
}

/// `mi_option_purge_delay` in mimalloc v3's `mi_option_t`, which the bindings do not name.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// When freed memory goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveBack {
    /// At once: around loading, which uses more than it leaves behind.
    AtOnce,
    /// Not before it is asked for: while tables are counted, since a piece needs what the piece before has freed, and a
    /// page that went back would have to be cleared again.
    Keep,
    /// After a while, and by a thread of its own: once a window paints, since the next frame needs what this one frees, a
    /// page that was given back costs a fault when it is needed again, and giving back takes milliseconds of whoever does it.
    Later,
}

/// How often the thread of [`GiveBack::Later`] gives back.
const TURN: std::time::Duration = std::time::Duration::from_secs(10);
/// Whether it should.
static IS_LATER: AtomicBool = AtomicBool::new(false);

/// Chooses when freed memory goes back to the system.
#[expect(unsafe_code, reason = "one call of the allocator's own interface")]
pub fn give_back(when: GiveBack) {
    // Longer than a piece takes, and much shorter than a large table.
    const KEEP_MILLIS: std::ffi::c_long = 200;
    // The thread comes before it: else whichever thread asks for memory then would give back, the window's too.
    const LATER_MILLIS: std::ffi::c_long = 60_000;
    IS_LATER.store(when == GiveBack::Later, Ordering::Relaxed);
    let millis = match when {
        GiveBack::AtOnce => 0,
        GiveBack::Keep => KEEP_MILLIS,
        GiveBack::Later => LATER_MILLIS,
    };
    // SAFETY: the call stores one aligned integer in the allocator's table of options and touches nothing else. Other
    // threads may read it meanwhile; they see the old delay or the new one, and both are valid at any time.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, millis) };
    if when == GiveBack::Later {
        give_back_by_turns();
    }
}

/// Has the thread of [`GiveBack::Later`] give back at once, since what was freed before is still to go after a shorter while,
/// and then at every turn. Where there is no such thread to be had, other threads give back, only later.
#[expect(unsafe_code, reason = "one call of the allocator's own interface")]
fn give_back_by_turns() {
    static GIVER: OnceLock<Option<Thread>> = OnceLock::new();
    let work = || loop {
        if IS_LATER.load(Ordering::Relaxed) {
            // SAFETY: any thread may ask for this at any time; it gives back what no thread holds.
            unsafe { libmimalloc_sys::mi_collect(true) };
        }
        std::thread::park_timeout(TURN);
    };
    let giver = GIVER.get_or_init(|| {
        let begun = std::thread::Builder::new().name("memory".to_owned()).spawn(work);
        begun
            .map_err(|err| log::warn!("no thread for memory: {err}"))
            .ok()
            .map(|giver| giver.thread().clone())
    });
    giver.iter().for_each(Thread::unpark);
}

/// Has memory come in small pages from now on. For commands that end with their figures: of huge pages a part stays
/// empty, and the system has to clear them whole. What lives on, a window above all, is quicker with huge ones.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "one call of the system's own interface")]
pub fn small_pages() {
    const ON: std::ffi::c_ulong = 1;
    const UNUSED: std::ffi::c_ulong = 0;
    // SAFETY: the call sets a flag of this process, takes numbers only and changes no memory. Where the system does not
    // know it, nothing happens.
    unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, ON, UNUSED, UNUSED, UNUSED) };
}

/// Has memory come in small pages from now on, where the system can be asked for that.
#[cfg(not(target_os = "linux"))]
pub const fn small_pages() {}
