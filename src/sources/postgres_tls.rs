//! TLS for the database connection. Owns nothing but the joint between two libraries.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Makes protected streams; without a configuration none is ever asked for.
#[derive(Clone)]
pub(super) struct Tls {
    config: Option<Arc<ClientConfig>>,
}

impl Tls {
    pub(super) const fn new(config: Option<Arc<ClientConfig>>) -> Self {
        Self { config }
    }
}

/// The connector of one host.
pub(super) struct OneHost {
    config: Option<Arc<ClientConfig>>,
    host: String,
}

impl MakeTlsConnect<TcpOrUnix> for Tls {
    type Stream = Protected;
    type TlsConnect = OneHost;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<OneHost> {
        Ok(OneHost { config: self.config.clone(), host: host.to_owned() })
    }
}

/// What the client library opens.
type TcpOrUnix = tokio_postgres::Socket;

impl TlsConnect<TcpOrUnix> for OneHost {
    type Stream = Protected;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Protected>> + Send>>;

    fn connect(self, stream: TcpOrUnix) -> Self::Future {
        Box::pin(async move {
            let config = self.config.ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?;
            let name = ServerName::try_from(self.host).map_err(io::Error::other)?;
            TlsConnector::from(config).connect(name, stream).await.map(|s| Protected(Box::new(s)))
        })
    }
}

/// A protected stream.
pub(super) struct Protected(Box<TlsStream<TcpOrUnix>>);

impl tokio_postgres::tls::TlsStream for Protected {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Protected {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(cx, out)
    }
}

impl AsyncWrite for Protected {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(cx)
    }
}
