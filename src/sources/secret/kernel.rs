//! Passwords in the Linux kernel's key ring of this user (`@u` of keyctl). Owns names and permissions of its keys; the
//! kernel forgets them when the machine stops, so whoever starts the wall puts them there.

use linux_keyutils::{Key, KeyError, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission};

use super::RingError;
use crate::site::feeds::KeyringMeta;

fn name(place: &KeyringMeta) -> String {
    format!("{}:{}", place.service, place.account)
}

fn told(err: KeyError) -> RingError {
    RingError::Unavailable(err.to_string())
}

fn ring() -> Result<KeyRing, RingError> {
    KeyRing::from_special_id(KeyRingIdentifier::User, false).map_err(told)
}

fn key(place: &KeyringMeta) -> Result<Option<Key>, RingError> {
    match ring()?.search(&name(place)) {
        Ok(key) => Ok(Some(key)),
        Err(
            KeyError::KeyDoesNotExist
            | KeyError::KeyringDoesNotExist
            | KeyError::KeyExpired
            | KeyError::KeyRevoked,
        ) => Ok(None),
        Err(err) => Err(told(err)),
    }
}

pub(super) fn find(place: &KeyringMeta) -> Result<Option<String>, RingError> {
    let Some(key) = key(place)? else { return Ok(None) };
    let bytes = key.read_to_vec().map_err(told)?;
    String::from_utf8(bytes).map(Some).map_err(|err| RingError::Unavailable(err.utf8_error().to_string()))
}

/// The key is made where only this thread has it, since only who possesses a key may set its permissions; then it goes
/// into the user's ring. Every process of this user may read it there: a service has a session of its own.
pub(super) fn store(place: &KeyringMeta, password: &str) -> Result<(), RingError> {
    let thread = KeyRing::from_special_id(KeyRingIdentifier::Thread, true).map_err(told)?;
    let key = thread.add_key(&name(place), password).map_err(told)?;
    let user = Permission::VIEW | Permission::READ | Permission::SEARCH;
    let permissions = KeyPermissionsBuilder::builder().posessor(Permission::ALL).user(user).build();
    key.set_perms(permissions).map_err(told)?;
    ring()?.link_key(key).map_err(told)?;
    thread.unlink_key(key).map_err(told)
}

pub(super) fn remove(place: &KeyringMeta) -> Result<bool, RingError> {
    let Some(key) = key(place)? else { return Ok(false) };
    ring()?.unlink_key(key).map_err(told)?;
    Ok(true)
}
