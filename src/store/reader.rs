//! One column of a row group, page by page. Owns where the values of a page go; a page of another make is `Unfit`.

use polars_parquet::parquet::encoding::Encoding;
use polars_parquet::parquet::encoding::hybrid_rle::{HybridRleChunk, HybridRleDecoder};
use polars_parquet::parquet::schema::types::PhysicalType;

use super::column::{Column, Data, Texts};
use super::pages::{MAX_PAGE_BYTES, Unfit};
use super::sieve::Sieve;
use super::values::{all_texts, codes, hybrid, plain_floats, plain_ints, plain_texts};

/// Makes room for texts that are not in a dictionary, for all rows that are left: a list that grows step by step is
/// copied, and its memory cleared, several times over. Files do not say how long texts are; the first page does.
fn reserve_plain(texts: &mut Texts, page_bytes: usize, there: usize, rows_left: usize) {
    let has_spans = texts.spans.capacity() - texts.spans.len() >= there;
    if has_spans && texts.bytes.capacity() - texts.bytes.len() >= page_bytes {
        return;
    }
    let each = page_bytes.div_ceil(there.max(1));
    texts.spans.reserve(rows_left);
    texts.bytes.reserve((rows_left * each).min(MAX_PAGE_BYTES));
}

pub(super) struct ColumnReader {
    pub(super) data: Data,
    pub(super) physical: PhysicalType,
    pub(super) optional: bool,
    /// Values without the rows that have none, and no codes of texts.
    pub(super) is_dense: bool,
    /// Values of the dictionary of texts.
    pub(super) known: usize,
    /// Empty as long as every row has a value.
    pub(super) valid: Vec<u8>,
    /// Rows without a value.
    pub(super) missing: usize,
    /// The least and the greatest of the days or instants; none where they are not noted.
    pub(super) bounds: Option<(i64, i64)>,
    /// Of the page at hand.
    pub(super) codes: Vec<u32>,
    /// Dictionaries of numbers; that of texts is the list of the column.
    pub(super) ints: Vec<i64>,
    pub(super) floats: Vec<f64>,
    pub(super) rows: usize,
    /// Rows that were read.
    pub(super) height: usize,
}

impl ColumnReader {
    const fn values(&self) -> usize {
        match &self.data {
            Data::Int(v) => v.len(),
            Data::Float(v) => v.len(),
            Data::Text(t) => t.codes.len(),
        }
    }

    /// `sieve`: where only some texts of a dense column are wanted.
    pub(super) fn dictionary(
        &mut self,
        bytes: &[u8],
        count: usize,
        sieve: Option<&mut Sieve<'_, '_>>,
    ) -> Result<(), Unfit> {
        match &mut self.data {
            Data::Text(_) if self.known > 0 || self.height > 0 => return Err(Unfit),
            Data::Text(texts) => {
                self.known = count;
                match sieve {
                    Some(sieve) => sieve.dictionary(bytes, count, texts)?,
                    None => plain_texts(bytes, count, texts)?,
                }
            }
            Data::Float(_) => plain_floats(bytes, count, &mut self.floats)?,
            Data::Int(_) => plain_ints(self.physical, bytes, count, &mut self.ints)?,
        }
        Ok(())
    }

    /// `sieve`: where only some texts of a dense column are wanted.
    pub(super) fn page(
        &mut self,
        (levels, values): (&[u8], &[u8]),
        encoding: Encoding,
        count: usize,
        sieve: Option<&mut Sieve<'_, '_>>,
    ) -> Result<(), Unfit> {
        let first = self.height;
        if first + count > self.rows {
            return Err(Unfit);
        }
        let there = if self.optional { self.levels(levels, count, first)? } else { count };
        let before = self.values();
        self.codes.clear();
        // What was read of a text that is only looked at.
        let mut looked_at = 0;
        match (&mut self.data, encoding) {
            (Data::Text(texts), Encoding::Plain) => {
                if let Some(sieve) = sieve {
                    sieve.page(values, there, texts)?;
                    looked_at = there;
                } else {
                    reserve_plain(texts, values.len(), there, self.rows - first);
                    let known = u32::try_from(texts.spans.len()).map_err(|_| Unfit)?;
                    plain_texts(values, there, texts)?;
                    if self.is_dense {
                        looked_at = there;
                    } else {
                        texts.codes.extend((known..).take(there));
                    }
                }
            }
            (Data::Text(_), Encoding::RleDictionary | Encoding::PlainDictionary) if self.is_dense => {
                codes(values, there, self.known, &mut self.codes)?;
                looked_at = self.codes.len();
            }
            (Data::Text(texts), Encoding::RleDictionary | Encoding::PlainDictionary) => {
                codes(values, there, self.known, &mut texts.codes)?;
            }
            (Data::Float(out), Encoding::Plain) => plain_floats(values, there, out)?,
            (Data::Float(out), Encoding::RleDictionary | Encoding::PlainDictionary) => {
                codes(values, there, self.floats.len(), &mut self.codes)?;
                out.extend(self.codes.iter().map(|p| self.floats.get(*p as usize).copied().unwrap_or(0.0)));
            }
            (Data::Int(out), Encoding::Plain) => plain_ints(self.physical, values, there, out)?,
            (Data::Int(out), Encoding::Rle) if self.physical == PhysicalType::Boolean => {
                // Four bytes of length, then runs of one bit.
                let runs = values.get(4..).ok_or(Unfit)?;
                hybrid(runs, 1, there, &mut self.codes)?;
                out.extend(self.codes.iter().map(|b| i64::from(*b)));
            }
            (Data::Int(out), Encoding::RleDictionary | Encoding::PlainDictionary) => {
                codes(values, there, self.ints.len(), &mut self.codes)?;
                out.extend(self.codes.iter().map(|p| self.ints.get(*p as usize).copied().unwrap_or(0)));
            }
            _ => return Err(Unfit),
        }
        if self.values() + looked_at != before + there {
            return Err(Unfit);
        }
        if let (Data::Int(values), Some(bounds)) = (&self.data, &mut self.bounds) {
            // While they are in the processor's nearest memory.
            let new = values.get(before..).unwrap_or_default().iter();
            *bounds = new.fold(*bounds, |(low, high), n| (low.min(*n), high.max(*n)));
        }
        self.missing += count - there;
        self.height = first + count;
        if there < count && !self.is_dense {
            self.spread(first, count);
        }
        Ok(())
    }

    /// Reads which rows have a value; says how many.
    fn levels(&mut self, levels: &[u8], count: usize, first: usize) -> Result<usize, Unfit> {
        let mut decoder = HybridRleDecoder::new(levels, 1, count);
        // Nearly always one run of ones: all are there, nothing to note.
        if let Some(HybridRleChunk::Rle(1, length)) = decoder.next_chunk()?
            && length == count
        {
            if !self.valid.is_empty() {
                self.valid.resize(first + count, 1);
            }
            return Ok(count);
        }
        self.codes.clear();
        hybrid(levels, 1, count, &mut self.codes)?;
        if self.codes.len() != count {
            return Err(Unfit);
        }
        if self.valid.is_empty() {
            self.valid.resize(first, 1);
        }
        self.valid.extend(self.codes.iter().map(|flag| u8::from(*flag == 1)));
        Ok(self.codes.iter().filter(|flag| **flag == 1).count())
    }

    /// Moves the values of the last page to the rows that have one.
    fn spread(&mut self, first: usize, count: usize) {
        fn apart<T: Copy + Default>(values: &mut Vec<T>, valid: &[u8], first: usize, count: usize) {
            let mut from = values.len();
            values.resize(first + count, T::default());
            let valid = valid.get(first..first + count).unwrap_or_default();
            for (to, valid) in (first..first + count).zip(valid).rev() {
                from -= usize::from(*valid == 1 && from > 0);
                let value = values.get(from).copied().unwrap_or_default();
                if let Some(slot) = values.get_mut(to) {
                    *slot = if *valid == 1 { value } else { T::default() };
                }
            }
        }
        match &mut self.data {
            Data::Int(values) => apart(values, &self.valid, first, count),
            Data::Float(values) => apart(values, &self.valid, first, count),
            Data::Text(texts) => apart(&mut texts.codes, &self.valid, first, count),
        }
    }

    pub(super) fn finish(self) -> Result<Column, Unfit> {
        if self.height != self.rows {
            return Err(Unfit);
        }
        if let Data::Text(texts) = &self.data
            && !all_texts(texts)
        {
            return Err(Unfit);
        }
        let bounds = self.bounds.filter(|(low, high)| low <= high);
        Ok(Column { data: self.data, valid: (self.missing > 0).then_some(self.valid), bounds })
    }
}
