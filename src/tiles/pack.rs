//! Writes a PMTiles 3 archive: equal tiles are stored once, nothing is packed, so that the same tiles give the same
//! bytes on every machine. Owns the writing of archives that fit one directory; never draws a tile.

use std::collections::BTreeMap;

use super::Content;
use super::address::Address;
use super::wire::put_varint;

/// Where the first directory must end, so that one read brings it with the header.
const FIRST_READ: usize = 16_384;
const HEADER: usize = 127;

/// Too many different runs of tiles for one directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the archive has too many tiles for one directory")]
pub struct TooMany;

/// The bytes of an archive. `bounds` are west, south, east, north in degrees.
///
/// # Errors
/// More tiles than one directory holds.
pub fn pack(
    content: Content,
    tiles: &BTreeMap<Address, Vec<u8>>,
    metadata: &serde_json::Value,
    bounds: [f64; 4],
) -> Result<Vec<u8>, TooMany> {
    let mut sorted: Vec<(u64, &[u8])> = tiles.iter().map(|(a, b)| (a.number(), b.as_slice())).collect();
    sorted.sort_unstable_by_key(|(number, _)| *number);
    let mut data: Vec<u8> = Vec::new();
    let mut known: BTreeMap<&[u8], u64> = BTreeMap::new();
    // Number, run, length, offset.
    let mut entries: Vec<[u64; 4]> = Vec::new();
    for (number, bytes) in &sorted {
        let offset = *known.entry(bytes).or_insert_with(|| {
            data.extend_from_slice(bytes);
            (data.len() - bytes.len()) as u64
        });
        match entries.last_mut() {
            Some([first, run, _, at]) if *at == offset && *first + *run == *number => *run += 1,
            _ => entries.push([*number, 1, bytes.len() as u64, offset]),
        }
    }
    let root = directory(&entries);
    if HEADER + root.len() > FIRST_READ {
        return Err(TooMany);
    }
    let metadata = metadata.to_string().into_bytes();
    let zooms = || tiles.keys().map(|a| a.z);
    let (root_at, metadata_at) = (HEADER as u64, (HEADER + root.len()) as u64);
    let data_at = metadata_at + metadata.len() as u64;
    let mut out = b"PMTiles\x03".to_vec();
    let counts = [sorted.len(), entries.len(), known.len()].map(|n| n as u64);
    let spans = [
        root_at,
        root.len() as u64,
        metadata_at,
        metadata.len() as u64,
        data_at,
        0,
        data_at,
        data.len() as u64,
    ];
    for value in spans.into_iter().chain(counts) {
        out.extend_from_slice(&value.to_le_bytes());
    }
    // Not in the order of numbers, plain directories, plain tiles; of pictures ours are WebP.
    out.extend([0, 1, 1, if content == Content::Vector { 1 } else { 4 }]);
    out.extend([zooms().min().unwrap_or(0), zooms().max().unwrap_or(0)]);
    let degrees =
        |out: &mut Vec<u8>, value: f64| out.extend_from_slice(&((value * 1e7).round() as i32).to_le_bytes());
    bounds.iter().for_each(|v| degrees(&mut out, *v));
    out.push(zooms().min().unwrap_or(0));
    let [west, south, east, north] = bounds;
    degrees(&mut out, f64::midpoint(west, east));
    degrees(&mut out, f64::midpoint(south, north));
    out.extend(root);
    out.extend(metadata);
    out.extend(data);
    Ok(out)
}

fn directory(entries: &[[u64; 4]]) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, entries.len() as u64);
    let mut last = 0;
    for [number, ..] in entries {
        put_varint(&mut out, number - last);
        last = *number;
    }
    entries.iter().for_each(|[_, run, ..]| put_varint(&mut out, *run));
    entries.iter().for_each(|[_, _, length, _]| put_varint(&mut out, *length));
    let mut next = None;
    for [_, _, length, offset] in entries {
        put_varint(&mut out, if next == Some(*offset) { 0 } else { offset + 1 });
        next = Some(offset + length);
    }
    out
}
