//! Rows that are kept for long, in as few bytes as they take: only values that are there, whole numbers by their distance
//! from the least, codes no wider than their list. Owns the packing: what is taken out is what was put in.

use std::collections::HashMap;

use super::column::{Chunk, Column, Data, Texts};

/// Which of some rows have a value, and the place of each among those that have one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Presence {
    words: Vec<u64>,
    /// Values before each word.
    before: Vec<u32>,
    rows: usize,
    values: u32,
}

impl Presence {
    /// Adds a row.
    pub(crate) fn push(&mut self, has: bool) {
        if self.rows.is_multiple_of(64) {
            self.words.push(0);
            self.before.push(self.values);
        }
        if let Some(word) = self.words.last_mut().filter(|_| has) {
            *word |= 1 << (self.rows % 64);
            self.values += 1;
        }
        self.rows += 1;
    }

    /// The place of a row's value; none where it has none.
    pub(crate) fn place(&self, row: usize) -> Option<usize> {
        let (word, bit) = (*self.words.get(row / 64)?, row % 64);
        (word >> bit & 1 == 1).then_some(())?;
        let below = (word & !(u64::MAX << bit)).count_ones();
        Some((self.before.get(row / 64)? + below) as usize)
    }
}

/// Numbers from 0 on, as wide as the largest of them.
#[derive(Debug, Clone)]
enum Numbers {
    One(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
    Eight(Vec<u64>),
}

impl Numbers {
    #[expect(clippy::cast_possible_truncation, reason = "the width is that of the largest")]
    fn of(numbers: impl Iterator<Item = u64> + Clone) -> Self {
        match numbers.clone().max().unwrap_or(0) {
            0..=0xff => Self::One(numbers.map(|n| n as u8).collect()),
            0x100..=0xffff => Self::Two(numbers.map(|n| n as u16).collect()),
            0x1_0000..=0xffff_ffff => Self::Four(numbers.map(|n| n as u32).collect()),
            _ => Self::Eight(numbers.collect()),
        }
    }

    fn get(&self, place: usize) -> Option<u64> {
        match self {
            Self::One(numbers) => numbers.get(place).map(|n| (*n).into()),
            Self::Two(numbers) => numbers.get(place).map(|n| (*n).into()),
            Self::Four(numbers) => numbers.get(place).map(|n| (*n).into()),
            Self::Eight(numbers) => numbers.get(place).copied(),
        }
    }

    /// A whole number that is kept by its distance from the least.
    fn from(&self, least: i64, place: usize) -> Option<i64> {
        Some(least.wrapping_add(self.get(place)?.cast_signed()))
    }
}

/// The least of some whole numbers, and the distance of each.
fn distances(values: impl Iterator<Item = i64> + Clone) -> (i64, Numbers) {
    let least = values.clone().min().unwrap_or(0);
    // Two's complement: the distance of any two whole numbers fits.
    (least, Numbers::of(values.map(|v| v.wrapping_sub(least).cast_unsigned())))
}

/// A number as whole millionths where it is told in these: the same again from [`of_millionths`], bit by bit.
pub(crate) fn millionths(value: f64) -> Option<i64> {
    // What is no number or beyond all whole numbers becomes one that is not the same.
    let whole = (value * 1e6).round() as i64;
    (of_millionths(whole).to_bits() == value.to_bits()).then_some(whole)
}

/// A number of so many millionths.
pub(crate) fn of_millionths(whole: i64) -> f64 {
    whole as f64 / 1e6
}

/// The values of a column that are there.
#[derive(Debug, Clone)]
enum Values {
    /// Distances from the least.
    Int(i64, Numbers),
    /// The same of millionths.
    Millionths(i64, Numbers),
    Float(Vec<f64>),
    /// Codes of a list, which has none.
    Text(Numbers, Texts),
}

#[derive(Debug, Clone)]
struct Narrow {
    /// Absent where every row has a value.
    presence: Option<Presence>,
    values: Values,
}

impl Narrow {
    fn of(column: &Column, rows: usize) -> Self {
        let here = (0..rows).filter(|row| column.has(*row));
        let values = match &column.data {
            Data::Int(all) => {
                let values = here.filter_map(|row| all.get(row).copied());
                let (least, numbers) = distances(values);
                Values::Int(least, numbers)
            }
            Data::Float(all) => {
                let values = here.filter_map(|row| all.get(row).copied());
                let whole: Option<Vec<i64>> = values.clone().map(millionths).collect();
                match whole.map(|whole| distances(whole.iter().copied())) {
                    Some((least, numbers)) => Values::Millionths(least, numbers),
                    None => Values::Float(values.collect()),
                }
            }
            Data::Text(texts) => {
                let codes = here.filter_map(|row| texts.codes.get(row).map(|code| u64::from(*code)));
                let list =
                    Texts { codes: Vec::new(), spans: texts.spans.clone(), bytes: texts.bytes.clone() };
                Values::Text(Numbers::of(codes), list)
            }
        };
        let presence = column.valid.as_ref().map(|_| {
            let mut presence = Presence::default();
            (0..rows).for_each(|row| presence.push(column.has(row)));
            presence
        });
        Self { presence, values }
    }

    fn take(&self, rows: &[u32]) -> Column {
        let place = |row: &u32| match &self.presence {
            None => Some(*row as usize),
            Some(presence) => presence.place(*row as usize),
        };
        let valid = self.presence.as_ref().map(|presence| {
            rows.iter().map(|row| u8::from(presence.place(*row as usize).is_some())).collect()
        });
        let data = match &self.values {
            Values::Int(least, numbers) => {
                let value = |row| numbers.from(*least, place(row)?);
                Data::Int(rows.iter().map(|row| value(row).unwrap_or_default()).collect())
            }
            Values::Millionths(least, numbers) => {
                let value = |row| numbers.from(*least, place(row)?).map(of_millionths);
                Data::Float(rows.iter().map(|row| value(row).unwrap_or_default()).collect())
            }
            Values::Float(all) => {
                let value = |row| all.get(place(row)?).copied();
                Data::Float(rows.iter().map(|row| value(row).unwrap_or_default()).collect())
            }
            Values::Text(codes, list) => {
                let mut known: HashMap<u32, u32> = HashMap::new();
                let mut out = Texts::default();
                for row in rows {
                    let code = place(row).and_then(|place| codes.get(place)?.try_into().ok());
                    let own =
                        code.map(|code| *known.entry(code).or_insert_with(|| out.add(list.value(code))));
                    out.codes.push(own.unwrap_or_default());
                }
                Data::Text(out)
            }
        };
        Column { data, valid, bounds: None }
    }
}

/// Rows of a chunk that do not change any more.
#[derive(Debug, Clone)]
pub(crate) struct NarrowRows {
    columns: Vec<(String, Narrow)>,
}

impl NarrowRows {
    /// Packs some columns of a chunk.
    pub(crate) fn of(chunk: &Chunk, names: &[String]) -> Self {
        let columns = names.iter().filter_map(|name| {
            chunk.column(name).map(|column| (name.clone(), Narrow::of(column, chunk.rows)))
        });
        Self { columns: columns.collect() }
    }

    /// Some of the rows, as they were.
    pub(crate) fn take(&self, rows: &[u32]) -> Chunk {
        let columns = self.columns.iter().map(|(name, column)| (name.clone(), column.take(rows)));
        Chunk::new(rows.len(), columns.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ints() -> impl Strategy<Value = i64> {
        // Narrow, wide, and as far apart as whole numbers get.
        prop_oneof![0..5_i64, 1_700_000_000..1_800_000_000_i64, any::<i64>()]
    }

    proptest! {
        #[test]
        fn what_is_taken_out_is_what_was_put_in(
            rows in prop::collection::vec((ints(), any::<f64>(), 0_u32..300, any::<[bool; 3]>()), 0..200),
            all_there in any::<bool>(),
            narrow in any::<bool>(),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let ints = rows.iter().map(|row| if narrow { row.0.rem_euclid(300) } else { row.0 }).collect();
            let mut texts = Texts { codes: rows.iter().map(|row| row.2).collect(), ..Texts::default() };
            (0..300).for_each(|code| { texts.add(format!("v{code}").as_bytes()); });
            // Coordinates, and any number.
            let degrees = |row: &(i64, f64, u32, [bool; 3])| (row.1 % 180.0 * 1e6).round() / 1e6;
            let floats = rows.iter().map(|row| if narrow { degrees(row) } else { row.1 }).collect();
            let datas = [Data::Int(ints), Data::Float(floats), Data::Text(texts)];
            let columns = datas.into_iter().enumerate().map(|(at, data)| {
                let valid = (!all_there).then(|| rows.iter().map(|row| u8::from(row.3[at])).collect());
                (format!("c{at}"), Column { data, valid, bounds: None })
            });
            let chunk = Chunk::new(rows.len(), columns.collect());
            let names: Vec<String> = (0..3).map(|at| format!("c{at}")).collect();
            let packed = NarrowRows::of(&chunk, &names);
            let wanted: Vec<u32> = if rows.is_empty() {
                Vec::new()
            } else {
                picks.iter().map(|pick| u32::try_from(pick.index(rows.len())).unwrap()).collect()
            };
            let (taken, plain) = (packed.take(&wanted), chunk.take(&wanted));
            prop_assert_eq!(taken.rows, plain.rows);
            for name in &names {
                let (one, other) = (taken.column(name).unwrap(), plain.column(name).unwrap());
                for row in 0..wanted.len() {
                    prop_assert_eq!(one.has(row), other.has(row));
                    prop_assert_eq!(one.int(row), other.int(row));
                    prop_assert_eq!(one.float(row).map(f64::to_bits), other.float(row).map(f64::to_bits));
                    prop_assert_eq!(one.text(row), other.text(row));
                }
            }
        }
    }
}
