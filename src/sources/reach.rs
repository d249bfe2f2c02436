//! How sources reach a server: secrets from the environment or a file, certificates, waiting that hears the word to stop. Owns
//! no connection.

use std::future::Future;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::tap::{Stop, Trouble};
use crate::site::feeds::TlsMeta;
use crate::site::text::Message;

/// How often a waiting source looks whether it must stop.
const LOOK: Duration = Duration::from_millis(50);

/// Where a source's password is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Secret<'a> {
    /// Environment variable.
    pub(super) env: Option<&'a String>,
    /// File, relative to the site's folder.
    pub(super) file: Option<&'a PathBuf>,
}

/// A file with a password is not longer.
const MOST_SECRET_BYTES: u64 = 4096;

impl Secret<'_> {
    /// The password; none where the source has none.
    ///
    /// # Errors
    /// The variable is not set; the file cannot be read, or others than its owner may read it.
    pub(super) fn read(self, site_dir: &Path) -> Result<Option<String>, Trouble> {
        if let Some(file) = self.file {
            return from_file(&site_dir.join(file)).map(Some);
        }
        let Some(name) = self.env else { return Ok(None) };
        std::env::var(name)
            .map(Some)
            .map_err(|_| Trouble::Failed(Message::new("status.feed.no_secret").with("name", name)))
    }
}

fn from_file(path: &Path) -> Result<String, Trouble> {
    let told = |key, error: &dyn std::fmt::Display| {
        Trouble::Failed(Message::new(key).with("path", path.display()).with("error", error))
    };
    let unread = |err: std::io::Error| told("status.feed.secret_file", &err);
    let file = std::fs::File::open(path).map_err(unread)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Of the opened file, so that none can be put in its place in between.
        let mode = file.metadata().map_err(unread)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(told("status.feed.secret_open", &format!("{mode:03o}")));
        }
    }
    let mut text = String::new();
    file.take(MOST_SECRET_BYTES).read_to_string(&mut text).map_err(unread)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_password_file_is_read_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = PathBuf::from("password");
        std::fs::write(dir.path().join(&path), "se cret\r\n").unwrap();
        let secret = Secret { env: None, file: Some(&path) };
        for (mode, told) in
            [(0o600, None), (0o400, None), (0o640, Some("640")), (0o604, Some("604")), (0o660, Some("660"))]
        {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(dir.path().join(&path), permissions).unwrap();
            match (secret.read(dir.path()), told) {
                (Ok(Some(text)), None) => assert_eq!(text, "se cret"),
                (Err(Trouble::Failed(message)), Some(told)) => {
                    assert_eq!(message.key, "status.feed.secret_open");
                    assert!(message.args.iter().any(|(_, value)| value == told));
                    assert!(!format!("{message:?}").contains("se cret"));
                }
                (other, _) => panic!("{mode:o}: {other:?}"),
            }
        }
        let gone = PathBuf::from("gone");
        let missing = Secret { env: None, file: Some(&gone) }.read(dir.path());
        assert!(matches!(missing, Err(Trouble::Failed(m)) if m.key == "status.feed.secret_file"));
        assert!(matches!(Secret { env: None, file: None }.read(dir.path()), Ok(None)));
    }
}
