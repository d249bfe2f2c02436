//! The values of a page: plain, or places in a dictionary. Owns bytes to numbers and texts; a length that does not fit
//! the bytes is refused.

use polars_parquet::parquet::encoding::hybrid_rle::{HybridRleChunk, HybridRleDecoder};
use polars_parquet::parquet::schema::types::PhysicalType;

use super::column::Texts;
use super::pages::Unfit;

/// Whether every value is UTF-8. What is so as a whole and has no value that begins inside a character is so in parts;
/// as a whole it is not where a length between the values is none.
pub(super) fn all_texts(texts: &Texts) -> bool {
    texts.bytes.is_ascii()
        || std::str::from_utf8(&texts.bytes).is_ok_and(|all| {
            texts
                .spans
                .iter()
                .all(|(from, to)| all.is_char_boundary(*from as usize) && all.is_char_boundary(*to as usize))
        })
        || texts.all_bytes().all(|value| std::str::from_utf8(value).is_ok())
}

/// Adds values of four bytes of length and as many bytes to a list, lengths and all: one copy for all of them instead of
/// one for each.
pub(super) fn plain_texts(bytes: &[u8], count: usize, texts: &mut Texts) -> Result<(), Unfit> {
    let mut at = u32::try_from(texts.bytes.len()).map_err(|_| Unfit)?;
    u32::try_from(texts.bytes.len() + bytes.len()).map_err(|_| Unfit)?;
    texts.bytes.extend_from_slice(bytes);
    let mut left = bytes;
    for _ in 0..count {
        let (length, rest) = left.split_first_chunk::<4>().ok_or(Unfit)?;
        let length = u32::from_le_bytes(*length);
        left = rest.get(length as usize..).ok_or(Unfit)?;
        // Within the bytes, whose end fits.
        texts.spans.push((at + 4, at + 4 + length));
        at += 4 + length;
    }
    Ok(())
}

pub(super) fn plain_floats(bytes: &[u8], count: usize, out: &mut Vec<f64>) -> Result<(), Unfit> {
    let bytes = bytes.get(..count * 8).ok_or(Unfit)?;
    out.extend(bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)));
    Ok(())
}

pub(super) fn plain_ints(
    physical: PhysicalType,
    bytes: &[u8],
    count: usize,
    out: &mut Vec<i64>,
) -> Result<(), Unfit> {
    match physical {
        PhysicalType::Int64 => {
            let bytes = bytes.get(..count * 8).ok_or(Unfit)?;
            out.extend(bytes.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b)));
        }
        PhysicalType::Int32 => {
            let bytes = bytes.get(..count * 4).ok_or(Unfit)?;
            out.extend(bytes.as_chunks::<4>().0.iter().map(|b| i64::from(i32::from_le_bytes(*b))));
        }
        PhysicalType::Boolean => {
            let bytes = bytes.get(..count.div_ceil(8)).ok_or(Unfit)?;
            let bits = bytes.iter().flat_map(|byte| (0..8).map(move |bit| i64::from(byte >> bit & 1)));
            out.extend(bits.take(count));
        }
        _ => return Err(Unfit),
    }
    Ok(())
}

/// Places in a dictionary: one byte of width, then runs.
pub(super) fn codes(bytes: &[u8], count: usize, known: usize, out: &mut Vec<u32>) -> Result<(), Unfit> {
    if count == 0 {
        return Ok(());
    }
    let (width, runs) = bytes.split_first().ok_or(Unfit)?;
    let first = out.len();
    hybrid(runs, u32::from(*width), count, out)?;
    let greatest = out.get(first..).unwrap_or_default().iter().copied().max().unwrap_or(0);
    if greatest as usize >= known { Err(Unfit) } else { Ok(()) }
}

pub(super) fn hybrid(bytes: &[u8], width: u32, count: usize, out: &mut Vec<u32>) -> Result<(), Unfit> {
    if width > 32 {
        return Err(Unfit);
    }
    let mut decoder = HybridRleDecoder::new(bytes, width, count);
    while let Some(chunk) = decoder.next_chunk()? {
        match chunk {
            HybridRleChunk::Rle(value, length) => out.resize(out.len() + length, value),
            HybridRleChunk::Bitpacked(packed) => packed.collect_into(out),
        }
    }
    Ok(())
}
