//! Parcels as bytes: what the journal keeps. Owns the layout; reading never panics, whatever the bytes are.

use polars::prelude::*;

use super::{Cursor, Parcel, Rows};

const VERSION: u8 = 1;

/// A parcel and the source it came from, as bytes.
#[must_use]
pub fn encode<R: Rows>(source: &str, parcel: &Parcel<R>) -> Vec<u8> {
    let rows = parcel.rows.frame();
    let mut out = Vec::with_capacity(64 + rows.estimated_size());
    out.push(VERSION);
    text(&mut out, source);
    text(&mut out, &parcel.table);
    out.extend(parcel.arrived_secs.to_le_bytes());
    out.push(u8::from(parcel.cursor.is_some()));
    if let Some(cursor) = &parcel.cursor {
        text(&mut out, &cursor.name);
        text(&mut out, &cursor.value);
    }
    count(&mut out, rows.height());
    count(&mut out, parcel.ids.len());
    parcel.ids.iter().for_each(|id| out.extend(id.to_le_bytes()));
    count(&mut out, parcel.versions.len());
    parcel.versions.iter().for_each(|v| out.extend(v.to_le_bytes()));
    count(&mut out, rows.width());
    for column in rows.columns() {
        encode_column(&mut out, column);
    }
    out
}

fn text(out: &mut Vec<u8>, text: &str) {
    count(out, text.len());
    out.extend(text.as_bytes());
}

fn count(out: &mut Vec<u8>, count: usize) {
    out.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn encode_column(out: &mut Vec<u8>, column: &polars::prelude::Column) {
    fn fixed<T, const N: usize>(
        out: &mut Vec<u8>,
        tag: u8,
        values: impl Iterator<Item = Option<T>>,
        bytes: impl Fn(T) -> [u8; N],
    ) {
        out.push(tag);
        for value in values {
            out.push(u8::from(value.is_some()));
            if let Some(value) = value {
                out.extend(bytes(value));
            }
        }
    }
    text(out, column.name());
    if let Ok(values) = column.str() {
        out.push(b's');
        for value in values.iter() {
            out.push(u8::from(value.is_some()));
            if let Some(value) = value {
                text(out, value);
            }
        }
    } else if let Ok(values) = column.f64() {
        fixed(out, b'f', values.iter(), f64::to_le_bytes);
    } else if let Ok(values) = column.bool() {
        fixed(out, b'b', values.iter(), |v| [u8::from(v)]);
    } else if let Ok(values) = column.date() {
        fixed(out, b'd', values.phys.iter(), i32::to_le_bytes);
    } else {
        let numbers =
            column.cast(&DataType::Int64).ok().and_then(|c| c.i64().ok().cloned()).unwrap_or_default();
        fixed(out, b'i', numbers.iter(), i64::to_le_bytes);
    }
}

/// The source and the parcel of bytes that [`encode`] wrote; none where they are anything else. Its rows have yet to
/// pass the door.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<(String, Parcel<DataFrame>)> {
    let mut input = Input(bytes);
    if input.byte()? != VERSION {
        return None;
    }
    let source = input.text()?;
    let table = input.text()?;
    let arrived_secs = i64::from_le_bytes(input.array()?);
    let cursor = match input.byte()? {
        0 => None,
        _ => Some(Cursor { name: input.text()?, value: input.text()? }),
    };
    let height = input.count()?;
    let ids = input.list(u64::from_le_bytes)?;
    let versions = input.list(i64::from_le_bytes)?;
    let width = input.count()?;
    let mut columns = Vec::new();
    for _ in 0..width {
        columns.push(input.column(height)?);
    }
    let rows = DataFrame::new(if width == 0 { 0 } else { height }, columns).ok()?;
    let received = std::time::Instant::now();
    Some((source, Parcel { table, rows, ids, versions, cursor, arrived_secs, received }))
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[b]| b)
    }

    fn count(&mut self) -> Option<usize> {
        self.array().map(|b| u32::from_le_bytes(b) as usize)
    }

    fn text(&mut self) -> Option<String> {
        let length = self.count()?;
        Some(std::str::from_utf8(self.take(length)?).ok()?.to_owned())
    }

    fn list<T>(&mut self, read: impl Fn([u8; 8]) -> T) -> Option<Vec<T>> {
        let length = self.count()?;
        let bytes = self.take(length.checked_mul(8)?)?;
        Some(bytes.chunks_exact(8).filter_map(|c| c.try_into().ok()).map(read).collect())
    }

    fn values<T>(&mut self, height: usize, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<Option<T>>> {
        let mut out = Vec::new();
        for _ in 0..height {
            out.push(match self.byte()? {
                0 => None,
                _ => Some(read(self)?),
            });
        }
        Some(out)
    }

    fn column(&mut self, height: usize) -> Option<polars::prelude::Column> {
        let name: PlSmallStr = self.text()?.into();
        Some(match self.byte()? {
            b's' => polars::prelude::Column::new(name, self.values(height, Self::text)?),
            b'f' => polars::prelude::Column::new(
                name,
                self.values(height, |i| i.array().map(f64::from_le_bytes))?,
            ),
            b'b' => polars::prelude::Column::new(name, self.values(height, |i| i.byte().map(|b| b != 0))?),
            b'd' => {
                let days = self.values(height, |i| i.array().map(i32::from_le_bytes))?;
                Int32Chunked::from_iter_options(name, days.into_iter()).into_date().into_column()
            }
            b'i' => polars::prelude::Column::new(
                name,
                self.values(height, |i| i.array().map(i64::from_le_bytes))?,
            ),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parcel(
        texts: Vec<Option<String>>,
        numbers: Vec<Option<i64>>,
        cursor: Option<(String, String)>,
    ) -> Parcel<DataFrame> {
        let height = texts.len().min(numbers.len());
        let days: Int32Chunked = Int32Chunked::from_iter_options(
            "day".into(),
            numbers[..height].iter().map(|n| n.map(|n| n as i32)),
        );
        let columns = vec![
            polars::prelude::Column::new("t".into(), &texts[..height]),
            polars::prelude::Column::new("n".into(), &numbers[..height]),
            polars::prelude::Column::new(
                "f".into(),
                numbers[..height].iter().map(|n| n.map(|n| n as f64 / 3.0)).collect::<Vec<_>>(),
            ),
            polars::prelude::Column::new(
                "b".into(),
                numbers[..height].iter().map(|n| n.map(|n| n > 0)).collect::<Vec<_>>(),
            ),
            days.into_date().into_column(),
        ];
        Parcel {
            ids: (0..height as u64).collect(),
            versions: (0..height as i64).map(|v| -v).collect(),
            cursor: cursor.map(|(name, value)| Cursor { name, value }),
            ..Parcel::now("job", DataFrame::new(height, columns).unwrap())
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            texts in prop::collection::vec(prop::option::of("\\PC{0,12}"), 0..20),
            numbers in prop::collection::vec(prop::option::of(any::<i64>()), 0..20),
            cursor in prop::option::of(("\\PC{0,8}", "\\PC{0,8}")),
        ) {
            let sent = parcel(texts, numbers, cursor);
            let (source, read) = decode(&encode("src", &sent)).unwrap();
            prop_assert_eq!(source, "src");
            prop_assert!(read.rows.equals_missing(&sent.rows));
            prop_assert_eq!(read.rows.schema(), sent.rows.schema());
            prop_assert_eq!((read.ids, read.versions, read.cursor), (sent.ids, sent.versions, sent.cursor));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..400) {
            drop(decode(&bytes));
            let good = encode("s", &parcel(vec![Some("x".into()); 3], vec![Some(1); 3], None));
            let mut broken = good.clone();
            broken.truncate(cut.min(good.len()));
            prop_assert_eq!(decode(&broken).is_some(), broken.len() == good.len());
            for (at, byte) in bytes.iter().enumerate() {
                if let Some(place) = broken.get_mut(at * 7) {
                    *place ^= byte;
                }
            }
            drop(decode(&broken));
        }
    }
}
