//! Where passwords of sources are: the environment or the key ring of the operating system. Owns the order in which
//! rings are asked; never prints or keeps a password, and never reads one from a file.
//!
//! On Linux there are two rings: the kernel's, of one user and gone with the next start of the machine, and the
//! Secret Service of a desktop session (freedesktop.org's interface over D-Bus). Other systems' rings are not built.

#[cfg(target_os = "linux")]
mod kernel;
#[cfg(target_os = "linux")]
mod service;

use crate::site::feeds::{KeyringMeta, SecretMeta};
use crate::site::text::Message;

/// A password is not longer, in bytes.
pub const MOST_BYTES: usize = 4096;

/// A key ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ring {
    /// The Linux kernel's, of this user.
    Kernel,
    /// The Secret Service of this session.
    Service,
}

/// Both, in the order in which they are asked: the kernel answers at once and without a session.
pub const RINGS: [Ring; 2] = [Ring::Kernel, Ring::Service];

/// Why a ring gave or took nothing.
#[derive(Debug)]
pub enum RingError {
    /// The ring is there and must be unlocked by a person first.
    Locked,
    /// It cannot be asked: what the machine says.
    Unavailable(String),
}

/// The password of a source; none where it has none.
///
/// # Errors
/// The variable is not set; no ring has the password, or one that may have it is locked.
pub async fn read(secret: &SecretMeta<'_>, source: &str) -> Result<Option<String>, Message> {
    if let Some(name) = secret.env {
        let message = || Message::new("status.feed.no_secret").with("name", name);
        return std::env::var(name).map(Some).map_err(|_| message());
    }
    let Some(place) = secret.keyring else { return Ok(None) };
    let mut trouble = None;
    for ring in RINGS {
        match find(ring, place).await {
            Ok(Some(password)) => return Ok(Some(password)),
            Ok(None) => {}
            Err(RingError::Locked) => trouble = Some(Message::new("status.feed.ring_locked")),
            Err(RingError::Unavailable(why)) => log::debug!("{source}: {ring:?}: {why}"),
        }
    }
    let absent = || Message::new("status.feed.ring_empty").with("id", source);
    let message = trouble.unwrap_or_else(absent);
    Err(message.with("service", &place.service).with("account", &place.account))
}

/// The password that a ring holds for a place; none where it holds none.
///
/// # Errors
/// The ring is locked or cannot be asked.
#[cfg(target_os = "linux")]
pub async fn find(ring: Ring, place: &KeyringMeta) -> Result<Option<String>, RingError> {
    match ring {
        Ring::Kernel => kernel::find(place),
        Ring::Service => service::find(place).await,
    }
}

/// Puts a password into a ring, in the place of an earlier one.
///
/// # Errors
/// The ring is locked or takes nothing.
#[cfg(target_os = "linux")]
pub async fn store(ring: Ring, place: &KeyringMeta, password: &str) -> Result<(), RingError> {
    match ring {
        Ring::Kernel => kernel::store(place, password),
        Ring::Service => service::store(place, password).await,
    }
}

/// Takes a password out of a ring; false where it held none.
///
/// # Errors
/// The ring is locked or cannot be asked.
#[cfg(target_os = "linux")]
pub async fn remove(ring: Ring, place: &KeyringMeta) -> Result<bool, RingError> {
    match ring {
        Ring::Kernel => kernel::remove(place),
        Ring::Service => service::remove(place).await,
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::{KeyringMeta, Ring, RingError};

    fn none() -> RingError {
        RingError::Unavailable(std::env::consts::OS.to_owned())
    }

    /// No ring of this system is built.
    ///
    /// # Errors
    /// Always.
    pub async fn find(_: Ring, _: &KeyringMeta) -> Result<Option<String>, RingError> {
        Err(none())
    }

    /// No ring of this system is built.
    ///
    /// # Errors
    /// Always.
    pub async fn store(_: Ring, _: &KeyringMeta, _: &str) -> Result<(), RingError> {
        Err(none())
    }

    /// No ring of this system is built.
    ///
    /// # Errors
    /// Always.
    pub async fn remove(_: Ring, _: &KeyringMeta) -> Result<bool, RingError> {
        Err(none())
    }
}

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{find, remove, store};
