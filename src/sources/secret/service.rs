//! Passwords in the Secret Service of a desktop session, over D-Bus. Owns the few calls that take; a password crosses
//! the session's own socket as it is, which its owner alone may open, and no dialogue is opened on a wall.

use std::collections::HashMap;

use zbus::Connection;
use zbus::zvariant::{DynamicType, ObjectPath, OwnedObjectPath, OwnedValue, Value};

use super::RingError;
use crate::site::feeds::KeyringMeta;

const SERVICE: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const ON_SERVICE: &str = "org.freedesktop.Secret.Service";
const ON_COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ON_ITEM: &str = "org.freedesktop.Secret.Item";
/// "No object", of a prompt or a collection.
const NOTHING: &str = "/";

/// Session, parameters, value, content type.
type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

fn told(err: impl std::fmt::Display) -> RingError {
    RingError::Unavailable(err.to_string())
}

struct Session {
    bus: Connection,
    session: OwnedObjectPath,
}

impl Session {
    async fn open() -> Result<Self, RingError> {
        let bus = Connection::session().await.map_err(told)?;
        let body = ("plain", Value::from(""));
        let reply = bus.call_method(Some(SERVICE), ROOT, Some(ON_SERVICE), "OpenSession", &body);
        let reply = reply.await.map_err(told)?;
        let (_, session): (OwnedValue, OwnedObjectPath) = reply.body().deserialize().map_err(told)?;
        Ok(Self { bus, session })
    }

    async fn call<B, T>(
        &self,
        object: &ObjectPath<'_>,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<T, RingError>
    where
        B: serde::Serialize + DynamicType,
        T: for<'d> zbus::zvariant::DynamicDeserialize<'d>,
    {
        let reply = self.bus.call_method(Some(SERVICE), object, Some(interface), method, body);
        reply.await.map_err(told)?.body().deserialize().map_err(told)
    }

    async fn on_service<B, T>(&self, method: &str, body: &B) -> Result<T, RingError>
    where
        B: serde::Serialize + DynamicType,
        T: for<'d> zbus::zvariant::DynamicDeserialize<'d>,
    {
        let root = ObjectPath::try_from(ROOT).map_err(told)?;
        self.call(&root, ON_SERVICE, method, body).await
    }

    /// Unlocks what opens without a question.
    async fn unlock(&self, object: &OwnedObjectPath) -> Result<(), RingError> {
        let (_, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) =
            self.on_service("Unlock", &(vec![object],)).await?;
        if prompt.as_str() == NOTHING { Ok(()) } else { Err(RingError::Locked) }
    }

    async fn item(&self, place: &KeyringMeta) -> Result<Option<OwnedObjectPath>, RingError> {
        let (open, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            self.on_service("SearchItems", &(attributes(place),)).await?;
        if let Some(item) = open.into_iter().next() {
            return Ok(Some(item));
        }
        let Some(item) = locked.into_iter().next() else { return Ok(None) };
        self.unlock(&item).await?;
        Ok(Some(item))
    }
}

fn attributes(place: &KeyringMeta) -> HashMap<&str, &str> {
    HashMap::from([("service", place.service.as_str()), ("account", place.account.as_str())])
}

pub(super) async fn find(place: &KeyringMeta) -> Result<Option<String>, RingError> {
    let session = Session::open().await?;
    let Some(item) = session.item(place).await? else { return Ok(None) };
    let (secret,): (Secret,) = session.call(&item, ON_ITEM, "GetSecret", &(&session.session,)).await?;
    String::from_utf8(secret.2).map(Some).map_err(|err| told(err.utf8_error()))
}

pub(super) async fn store(place: &KeyringMeta, password: &str) -> Result<(), RingError> {
    let session = Session::open().await?;
    let collection: OwnedObjectPath = session.on_service("ReadAlias", &("default",)).await?;
    if collection.as_str() == NOTHING {
        return Err(RingError::Locked);
    }
    session.unlock(&collection).await?;
    let label = format!("{} {}", place.service, place.account);
    let properties = HashMap::from([
        ("org.freedesktop.Secret.Item.Label", Value::from(label)),
        ("org.freedesktop.Secret.Item.Attributes", Value::from(attributes(place))),
    ]);
    let secret: (_, &[u8], _, _) = (&session.session, &[], password.as_bytes(), "text/plain");
    let (_, prompt): (OwnedObjectPath, OwnedObjectPath) =
        session.call(&collection, ON_COLLECTION, "CreateItem", &(properties, secret, true)).await?;
    if prompt.as_str() == NOTHING { Ok(()) } else { Err(RingError::Locked) }
}

pub(super) async fn remove(place: &KeyringMeta) -> Result<bool, RingError> {
    let session = Session::open().await?;
    let Some(item) = session.item(place).await? else { return Ok(false) };
    let prompt: OwnedObjectPath = session.call(&item, ON_ITEM, "Delete", &()).await?;
    if prompt.as_str() == NOTHING { Ok(true) } else { Err(RingError::Locked) }
}
