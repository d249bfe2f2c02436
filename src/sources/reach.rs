//! How sources reach a server: the wait for a password, certificates, waiting that hears the word to stop. Owns no
//! connection.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::secret;
use super::tap::{Stop, Tap, Trouble};
use crate::site::feeds::{SecretMeta, TlsMeta};
use crate::site::text::Message;

/// How often a waiting source looks whether it must stop.
const LOOK: Duration = Duration::from_millis(50);

/// A key ring that does not answer for this long has no password for us.
const RING: Duration = Duration::from_secs(10);

/// The password of the source; none where it has none.
///
/// # Errors
/// The variable is not set, no ring has it, or the word to stop was given.
pub(super) async fn password(tap: &Tap, meta: &SecretMeta<'_>) -> Result<Option<String>, Trouble> {
    let asked = tokio::time::timeout(RING, secret::read(meta, tap.id()));
    match or_stop(tap.stop(), asked).await? {
        Ok(answer) => answer.map_err(Trouble::Failed),
        Err(late) => Err(Trouble::Failed(Message::new("status.feed.ring_silent").with("error", late))),
    }
}

/// Runs what a source does on its own thread until it ends.
///
/// # Errors
/// Why it ended; the machine gives no runtime.
pub(super) fn to_the_end(work: impl Future<Output = Result<(), Trouble>>) -> Result<(), Trouble> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|err| lost(&err))?;
    let ended = runtime.block_on(work);
    // A name that is still being looked up must not hold the thread.
    runtime.shutdown_background();
    ended
}

/// The connection was lost.
pub(super) fn lost(err: &dyn std::fmt::Display) -> Trouble {
    Trouble::Failed(Message::new("status.feed.lost").with("error", err))
}

/// No connection could be made.
pub(super) fn unreached(host: &str, port: u16, err: &dyn std::fmt::Display) -> Trouble {
    let message = Message::new("status.feed.connect").with("server", format!("{host}:{port}"));
    Trouble::Failed(message.with("error", err))
}

/// Waits for something, and for the word to stop.
///
/// # Errors
/// The word was given first.
pub(super) async fn or_stop<T>(stop: &Stop, what: impl Future<Output = T>) -> Result<T, Trouble> {
    let mut what = std::pin::pin!(what);
    loop {
        if let Ok(done) = tokio::time::timeout(LOOK, what.as_mut()).await {
            return Ok(done);
        }
        if stop.is_given() {
            return Err(Trouble::Stopped);
        }
    }
}

/// Who may sign a server's certificate; names and dates are always verified.
///
/// # Errors
/// The file cannot be read or holds no certificate.
pub(super) fn tls(site_dir: &Path, meta: &TlsMeta) -> Result<Arc<ClientConfig>, Trouble> {
    let failed =
        |err: &dyn std::fmt::Display| Trouble::Failed(Message::new("status.feed.tls").with("error", err));
    let mut roots = RootCertStore::empty();
    if let Some(file) = &meta.authorities {
        let path = site_dir.join(file);
        let told = |err: &dyn std::fmt::Display| failed(&format!("{}: {err}", path.display()));
        for certificate in CertificateDer::pem_file_iter(&path).map_err(|e| told(&e))? {
            roots.add(certificate.map_err(|e| told(&e))?).map_err(|e| told(&e))?;
        }
    } else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
    }
    if roots.is_empty() {
        return Err(failed(&"—"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| failed(&e))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
