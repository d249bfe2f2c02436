//! Tiles of a server by a template of its address (XYZ or WMTS), with a cache on disk of bounded size. Owns the one
//! place that opens a socket. The token comes from the environment, is put into the address at the last moment, and is
//! neither stored nor logged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::TileError;
use super::address::Address;
use super::archive::gunzip;
use super::picture;
use crate::site::meta::BaseMapMeta;

/// How long one tile may take.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long a server that did not answer is left alone.
const REST: Duration = Duration::from_secs(10);
/// The largest answer that is read.
const MOST_BYTES: usize = 8 << 20;
/// How old a stored tile may be before the server is asked again.
const FRESH: Duration = Duration::from_hours(30 * 24);
/// Variable of the environment that holds the token, where the site names no other.
const TOKEN: &str = "ONEMAP_TILE_TOKEN";
/// Variable that says where tiles are stored.
const CACHE_DIR: &str = "ONEMAP_CACHE_DIR";

/// A server.
pub struct Web {
    template: String,
    token: Option<String>,
    subdomains: Vec<String>,
    cache: Option<Cache>,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    resting: Option<(Instant, TileError)>,
}

impl std::fmt::Debug for Web {
    // The token is not for logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Web").field("template", &self.template).finish_non_exhaustive()
    }
}

impl Web {
    /// A client for a server.
    ///
    /// # Errors
    /// The address wants a token that the environment does not hold, or no client can be made.
    pub fn open(meta: &BaseMapMeta, part: usize, parts: usize) -> Result<Self, TileError> {
        let token = std::env::var(meta.token_env.as_deref().unwrap_or(TOKEN)).ok();
        let token = token.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        if token.is_none() && meta.url.as_ref().is_some_and(|url| url.contains("{token}")) {
            return Err(TileError::NoToken);
        }
        Self::with_cache(meta, token, cache_dir().as_deref(), part, parts)
    }

    /// The same with a token and a folder for tiles that do not come from the environment.
    pub(super) fn with_cache(
        meta: &BaseMapMeta,
        token: Option<String>,
        cache: Option<&Path>,
        part: usize,
        parts: usize,
    ) -> Result<Self, TileError> {
        let template = meta.url.clone().ok_or(TileError::Missing)?;
        let failed = |err: &dyn std::fmt::Display| TileError::Unreadable(err.to_string());
        // Another part of the program may have chosen one already: that is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("onemap/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(PATIENCE / 2)
            .timeout(PATIENCE)
            .build()
            .map_err(|err| failed(&err.without_url()))?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|err| failed(&err))?;
        let limit = (meta.cache_mib.unwrap_or(256) << 20) / parts.max(1) as u64;
        let cache = cache.filter(|_| limit > 0).and_then(|dir| Cache::open(dir, &template, part, limit));
        let subdomains =
            if meta.subdomains.is_empty() { vec![String::new()] } else { meta.subdomains.clone() };
        Ok(Self { template, token, subdomains, cache, client, runtime, resting: None })
    }

    /// The bytes of a tile: from the disk while they are fresh, else from the server; old ones where the server is down.
    ///
    /// # Errors
    /// Neither the server nor the disk has it.
    pub fn tile(&mut self, address: Address) -> Result<Option<Vec<u8>>, TileError> {
        let stored = self.cache.as_ref().and_then(|c| c.get(address));
        if let Some((bytes, age)) = &stored
            && *age < FRESH
        {
            return Ok(Some(bytes.clone()));
        }
        let old = stored.map(|(bytes, _)| bytes);
        if let Some((since, error)) = &self.resting {
            if since.elapsed() < REST {
                return old.map_or_else(|| Err(error.clone()), |bytes| Ok(Some(bytes)));
            }
            self.resting = None;
        }
        match self.ask(address) {
            Ok(Some(bytes)) => {
                if let Some(cache) = &mut self.cache {
                    cache.put(address, &bytes);
                }
                Ok(Some(bytes))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                if matches!(error, TileError::Down(_)) {
                    self.resting = Some((Instant::now(), error.clone()));
                }
                old.map_or(Err(error), |bytes| Ok(Some(bytes)))
            }
        }
    }

    fn address(&self, Address { z, x, y }: Address) -> String {
        let which = (x as usize + y as usize) % self.subdomains.len().max(1);
        let rows_from_south = (1_u64 << z) - 1 - u64::from(y);
        self.template
            .replace("{z}", &z.to_string())
            .replace("{x}", &x.to_string())
            .replace("{y}", &y.to_string())
            .replace("{-y}", &rows_from_south.to_string())
            .replace("{s}", self.subdomains.get(which).map_or("", String::as_str))
            .replace("{token}", self.token.as_deref().unwrap_or_default())
    }

    fn ask(&self, address: Address) -> Result<Option<Vec<u8>>, TileError> {
        let url = self.address(address);
        // An error of the client carries the address, and that the token.
        let down = |err: reqwest::Error| {
            let err = err.without_url();
            TileError::Down(if err.is_timeout() { "timeout".to_owned() } else { err.to_string() })
        };
        self.runtime.block_on(async {
            let mut answer = self.client.get(url).send().await.map_err(down)?;
            let status = answer.status();
            if matches!(status.as_u16(), 204 | 404 | 410) {
                return Ok(None);
            }
            if !status.is_success() {
                let said = TileError::Answer(format!("HTTP {}", status.as_u16()));
                return Err(if status.is_server_error() { TileError::Down(said.to_string()) } else { said });
            }
            let kind =
                answer.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or("?").to_owned();
            let mut bytes: Vec<u8> = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(down)? {
                if bytes.len() + chunk.len() > MOST_BYTES {
                    return Err(TileError::Answer(format!("> {} MiB", MOST_BYTES >> 20)));
                }
                bytes.extend_from_slice(&chunk);
            }
            if bytes.is_empty() {
                return Ok(None);
            }
            if bytes.starts_with(&[0x1f, 0x8b]) {
                bytes = gunzip(&bytes, MOST_BYTES as u64 * 3)?;
            }
            // A page that says "log in" is no tile, whatever its status.
            let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
            if picture::format(&bytes).is_none() && !is_vector(&kind, &bytes) {
                return Err(TileError::Answer(kind));
            }
            Ok(Some(bytes))
        })
    }
}

fn is_vector(kind: &str, bytes: &[u8]) -> bool {
    !kind.starts_with("text/") && super::mvt::layers(bytes).is_ok_and(|l| !l.is_empty())
}

fn cache_dir() -> Option<PathBuf> {
    let from = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    from(CACHE_DIR)
        .or_else(|| from("XDG_CACHE_HOME").map(|d| d.join("onemap")))
        .or_else(|| from("LOCALAPPDATA").map(|d| d.join("onemap")))
        .or_else(|| from("HOME").map(|d| d.join(".cache/onemap")))
}

/// Tiles on disk, the oldest leaving first.
#[derive(Debug)]
pub(super) struct Cache {
    dir: PathBuf,
    limit: u64,
    held: u64,
    /// By time of storing, with a count that keeps equal times apart.
    order: BTreeMap<(SystemTime, u64), (PathBuf, u64)>,
    count: u64,
}

impl Cache {
    /// The cache of a server (known by its template, the token not filled in) and of one of its threads.
    pub(super) fn open(base: &Path, template: &str, part: usize, limit: u64) -> Option<Self> {
        // FNV-1a: the folder keeps its name whatever the compiler.
        let name = template
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let dir = base.join("tiles").join(format!("{name:016x}-{part}"));
        std::fs::create_dir_all(&dir).inspect_err(|err| log::warn!("no tile cache: {err}")).ok()?;
        let mut cache = Self { dir, limit, held: 0, order: BTreeMap::new(), count: 0 };
        for entry in std::fs::read_dir(&cache.dir).ok()?.filter_map(Result::ok) {
            if let Ok(meta) = entry.metadata() {
                cache.note(entry.path(), meta.len(), meta.modified().unwrap_or(SystemTime::UNIX_EPOCH));
            }
        }
        cache.shrink();
        Some(cache)
    }

    fn note(&mut self, path: PathBuf, bytes: u64, at: SystemTime) {
        self.count += 1;
        self.held += bytes;
        self.order.insert((at, self.count), (path, bytes));
    }

    fn path(&self, Address { z, x, y }: Address) -> PathBuf {
        self.dir.join(format!("{z}-{x}-{y}"))
    }

    pub(super) fn get(&self, address: Address) -> Option<(Vec<u8>, Duration)> {
        let path = self.path(address);
        let age = std::fs::metadata(&path).ok()?.modified().ok()?.elapsed().unwrap_or_default();
        Some((std::fs::read(path).ok()?, age))
    }

    pub(super) fn put(&mut self, address: Address, bytes: &[u8]) {
        let path = self.path(address);
        // Written beside and moved, so that a power cut leaves no half tile.
        let beside = path.with_extension("new");
        if std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, &path)).is_err() {
            log::debug!("a tile could not be stored");
            return;
        }
        let replaced: Vec<(SystemTime, u64)> =
            self.order.iter().filter(|(_, (p, _))| *p == path).map(|(key, _)| *key).collect();
        for key in replaced {
            self.held -= self.order.remove(&key).map_or(0, |(_, bytes)| bytes);
        }
        self.note(path, bytes.len() as u64, SystemTime::now());
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.held > self.limit
            && let Some((_, (path, bytes))) = self.order.pop_first()
        {
            self.held -= bytes;
            if let Err(err) = std::fs::remove_file(path) {
                log::debug!("an old tile could not be removed: {err}");
            }
        }
    }

    #[cfg(test)]
    pub(super) const fn held(&self) -> u64 {
        self.held
    }
}
