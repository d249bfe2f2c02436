//! Parquet, one row group at a time, with dictionary codes left as codes. Owns which columns are read and in what memory;
//! knows the plain and the dictionary encoding of flat columns, and whatever else a file holds is `Unfit` and read by the
//! general reader.

use std::fs::File;
use std::io::{Cursor, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use polars_buffer::Buffer;
use polars_parquet::parquet::compression::{Compression, DecompressionContext};
use polars_parquet::parquet::error::ParquetError;
use polars_parquet::parquet::metadata::{ColumnChunkMetadata, Descriptor, FileMetadata};
use polars_parquet::parquet::page::{CompressedPage, Page, split_buffer};
use polars_parquet::parquet::read::{PageMetaData, PageReader, decompress, read_metadata};
use polars_parquet::parquet::schema::types::{
    IntegerType, PhysicalType, PrimitiveConvertedType, PrimitiveLogicalType,
};
use polars_parquet::parquet::statistics::Statistics;
use polars_parquet::read::RowGroupMetadata;

use crate::site::datasets::{ColumnType, Table};

use super::column::{Chunk, Column, Data, Texts};
use super::reader::ColumnReader;
use super::sieve::{RisingKeys, Sieve};

/// A file or a page of another make than this reader knows.
#[derive(Debug)]
pub(crate) struct Unfit;

impl From<ParquetError> for Unfit {
    fn from(_: ParquetError) -> Self {
        Self
    }
}

impl From<std::io::Error> for Unfit {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

/// Larger pages than any honest writer makes.
pub(super) const MAX_PAGE_BYTES: usize = 1 << 30;

/// What a file says of itself.
pub(crate) struct Footer(FileMetadata);

/// An opened file: of what it says of itself that which reading needs, since files of many row groups say much.
pub(crate) struct PagesFile {
    /// Columns that are read, with their stored types; none where a name is there twice, or not.
    columns: Vec<(String, Option<Descriptor>)>,
    groups: Vec<Group>,
}

/// A row group.
struct Group {
    rows: usize,
    /// In the order of [`PagesFile::columns`].
    parts: Vec<Option<ColumnPart>>,
}

/// Where a column of a row group lies in the file.
struct ColumnPart {
    from: u64,
    bytes: u64,
    values: i64,
    compression: Compression,
    bounds: Option<Box<(Bound, Bound)>>,
    /// Rows without a value, where the writer noted them of numbers.
    missing: Option<i64>,
}

/// The least and the greatest value of a column in a row group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bound {
    Int(i64),
    Text(Vec<u8>),
}

/// What a thread keeps from one row group to the next: fresh memory would have to be cleared by the system each time.
pub(crate) struct Scratch {
    /// Rows of the largest row group that will come: a list that was made for a smaller one would be made anew.
    most_rows: usize,
    context: DecompressionContext,
    page: Vec<u8>,
    file: Vec<u8>,
    /// Places in a dictionary, and flags, of the page at hand.
    codes: Vec<u32>,
    ints: Vec<Vec<i64>>,
    floats: Vec<Vec<f64>>,
    texts: Vec<Texts>,
    valid: Vec<Vec<u8>>,
}

/// So many lists of a kind are kept: about as many as a row group has columns that are counted.
const MOST_LISTS: usize = 10;

/// Lists of different texts are short as a rule.
const LONG_LIST_BYTES: usize = 1 << 16;

/// A column to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Its name.
    pub(crate) name: String,
    /// How it comes.
    pub(crate) how: How,
}

/// How a column comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// A value for each row.
    Rows,
    /// It is only looked at: its values come without the rows that have none, and a text without its rows.
    Values,
    /// The same, of texts those only that are longer than so many bytes or not told by their bytes to be plain codes.
    Sifted(usize),
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            most_rows: 0,
            context: DecompressionContext::Unset,
            page: Vec::new(),
            file: Vec::new(),
            codes: Vec::new(),
            ints: Vec::new(),
            floats: Vec::new(),
            texts: Vec::new(),
            valid: Vec::new(),
        }
    }
}

impl Scratch {
    /// For row groups of at most so many rows, as far as files tell the truth.
    pub(crate) fn with_room(most_rows: usize) -> Self {
        const MOST: usize = 1 << 20;
        Self { most_rows: most_rows.min(MOST), ..Self::default() }
    }

    /// Takes back the memory of values that were looked at or counted.
    fn take_back_data(&mut self, data: Data) {
        match data {
            // Its memory was taken back before.
            Data::Int(values) if values.capacity() == 0 => {}
            Data::Int(values) => keep(&mut self.ints, values),
            Data::Float(values) => keep(&mut self.floats, values),
            Data::Text(mut texts) => {
                texts.codes.clear();
                // Lists of other columns are short, and each would grow as long in time as this one.
                for_others(&mut texts.spans);
                for_others(&mut texts.bytes);
                if self.texts.len() < MOST_LISTS {
                    self.texts.push(texts);
                }
            }
        }
    }

    /// Takes back the memory of rows that were counted.
    pub(crate) fn take_back(&mut self, chunk: Chunk) {
        for column in chunk.into_columns() {
            self.take_back_data(column.data);
            if let Some(valid) = column.valid {
                keep(&mut self.valid, valid);
            }
        }
    }

    fn data(&mut self, kind: ColumnType, rows: usize, is_dense: bool) -> Data {
        fn with_room<T>(mut values: Vec<T>, rows: usize) -> Vec<T> {
            values.reserve(rows);
            values
        }
        let rows = rows.max(self.most_rows);
        match kind {
            ColumnType::Text | ColumnType::Area => {
                let mut texts = self.texts.pop().unwrap_or_default();
                texts.codes.reserve(if is_dense { 0 } else { rows });
                Data::Text(texts)
            }
            ColumnType::Float => Data::Float(with_room(self.floats.pop().unwrap_or_default(), rows)),
            _ => Data::Int(with_room(self.ints.pop().unwrap_or_default(), rows)),
        }
    }
}

/// Keeps the memory of a list, unless there are enough.
fn keep<T>(lists: &mut Vec<Vec<T>>, mut list: Vec<T>) {
    if lists.len() < MOST_LISTS {
        list.clear();
        lists.push(list);
    }
}

/// Lets go of a list that is longer than most.
fn for_others<T>(list: &mut Vec<T>) {
    list.clear();
    if list.capacity() * size_of::<T>() > LONG_LIST_BYTES {
        *list = Vec::new();
    }
}

impl Footer {
    /// Reads it.
    pub(crate) fn open(path: &Path) -> Result<Self, Unfit> {
        Ok(Self(read_metadata(&mut File::open(path)?)?))
    }

    /// Names of the columns; none where the file is not flat.
    pub(crate) fn names(&self) -> Option<Vec<String>> {
        let columns = self.0.schema().columns();
        columns
            .iter()
            .map(|c| match c.path_in_schema.as_slice() {
                [name] => Some(name.to_string()),
                _ => None,
            })
            .collect()
    }

    /// What reading these columns needs.
    pub(crate) fn columns<'n>(&self, names: impl Iterator<Item = &'n str>) -> PagesFile {
        let group = |(group, names): (&RowGroupMetadata, &[&str])| {
            let part = |name: &&str| Self::column(group, name).and_then(|column| self.part(column));
            Group { rows: group.num_rows(), parts: names.iter().map(part).collect() }
        };
        let names: Vec<&str> = names.collect();
        let first = self.0.row_groups.first();
        let described = |name: &&str| {
            let column = first.and_then(|group| Self::column(group, name));
            ((*name).to_owned(), column.map(|column| column.descriptor().descriptor.clone()))
        };
        PagesFile {
            columns: names.iter().map(described).collect(),
            groups: self.0.row_groups.iter().map(|of| group((of, &names))).collect(),
        }
    }

    fn column<'m>(group: &'m RowGroupMetadata, name: &str) -> Option<&'m ColumnChunkMetadata> {
        let mut found = group.columns_under_root_iter(name)?;
        found.next().filter(|_| found.next().is_none())
    }

    fn part(&self, column: &ColumnChunkMetadata) -> Option<ColumnPart> {
        let from = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
        let told = column.statistics(&self.0.footer_buf).and_then(Result::ok);
        let missing = match &told {
            Some(Statistics::Int64(s)) => s.null_count,
            Some(Statistics::Int32(s)) => s.null_count,
            _ => None,
        };
        let bounds = told.and_then(|bounds| match bounds {
            Statistics::Int64(s) => Some((Bound::Int(s.min_value?), Bound::Int(s.max_value?))),
            Statistics::Int32(s) => Some((Bound::Int(s.min_value?.into()), Bound::Int(s.max_value?.into()))),
            Statistics::Binary(s) => Some((Bound::Text(s.min_value?), Bound::Text(s.max_value?))),
            _ => None,
        });
        Some(ColumnPart {
            from: u64::try_from(from).ok()?,
            bytes: u64::try_from(column.compressed_size()).ok()?,
            values: column.num_values(),
            compression: column.compression(),
            bounds: bounds.map(Box::new),
            missing,
        })
    }
}

impl PagesFile {
    /// Rows per row group.
    pub(crate) fn groups(&self) -> impl Iterator<Item = usize> + '_ {
        self.groups.iter().map(|group| group.rows)
    }

    /// Bounds of a column in a row group, where the writer noted them.
    pub(crate) fn bounds(&self, group: usize, column: &str) -> Option<(Bound, Bound)> {
        self.column(group, column)?.1.bounds.as_deref().cloned()
    }

    /// Bounds of a column of whole numbers in a row group, and how many rows have none, where the writer noted both.
    pub(crate) fn numbers(&self, group: usize, column: &str) -> Option<((i64, i64), i64)> {
        let part = self.column(group, column)?.1;
        match part.bounds.as_deref()? {
            (Bound::Int(low), Bound::Int(high)) => Some(((*low, *high), part.missing?)),
            _ => None,
        }
    }

    fn column(&self, group: usize, name: &str) -> Option<(&Descriptor, &ColumnPart)> {
        let place = self.columns.iter().position(|(known, _)| known == name)?;
        let part = self.groups.get(group)?.parts.get(place)?.as_ref()?;
        Some((self.columns.get(place)?.1.as_ref()?, part))
    }

    /// Reads the columns asked for of one row group. One that comes without rows is shown to `look`, with the number of
    /// its texts that passed the sieve, and comes back without its values, so that the next has their memory. `keys` go
    /// through all values of the first key column, where that is sifted.
    pub(crate) fn read(
        &self,
        path: &Path,
        table: &Table,
        group: usize,
        wanted: &[Wanted],
        (mut keys, scratch): (Option<&mut RisingKeys<'_>>, &mut Scratch),
        mut look: impl FnMut(&str, &Column, usize),
    ) -> Result<Chunk, Unfit> {
        let rows = self.groups.get(group).ok_or(Unfit)?.rows;
        let mut file = File::open(path)?;
        let mut columns = Vec::with_capacity(wanted.len());
        for Wanted { name, how } in wanted {
            let stored = self.column(group, name).ok_or(Unfit)?;
            let kind = table.column_type(name).ok_or(Unfit)?;
            let mut sieve = match how {
                How::Sifted(longest) => {
                    Some(Sieve::new(*longest, keys.take_if(|_| table.key.first() == Some(name))))
                }
                How::Rows | How::Values => None,
            };
            let is_dense = *how != How::Rows;
            let how = (kind, is_dense, sieve.as_mut());
            let mut column = read_column(&mut file, stored, how, rows, scratch)?;
            if is_dense {
                look(name, &column, sieve.map_or(0, |sieve| sieve.passed()));
                scratch.take_back_data(std::mem::replace(&mut column.data, Data::Int(Vec::new())));
            }
            columns.push((name.clone(), column));
        }
        Ok(Chunk::new(rows, columns))
    }
}

/// Whether the stored type is what the declared type is stored as, without any conversion but to 64 bits.
fn fits(stored: &Descriptor, kind: ColumnType) -> bool {
    let declared = &stored.primitive_type;
    let (logical, converted) = (declared.logical_type, declared.converted_type);
    let whole =
        matches!(
            logical,
            None | Some(PrimitiveLogicalType::Integer(IntegerType::Int64 | IntegerType::Int32))
        ) && matches!(converted, None | Some(PrimitiveConvertedType::Int64 | PrimitiveConvertedType::Int32));
    match kind {
        ColumnType::Text | ColumnType::Area => {
            declared.physical_type == PhysicalType::ByteArray
                && (logical == Some(PrimitiveLogicalType::String)
                    || logical.is_none() && converted == Some(PrimitiveConvertedType::Utf8))
        }
        ColumnType::Int => {
            matches!(declared.physical_type, PhysicalType::Int64 | PhysicalType::Int32) && whole
        }
        ColumnType::Time => declared.physical_type == PhysicalType::Int64 && whole,
        ColumnType::Float => declared.physical_type == PhysicalType::Double,
        ColumnType::Bool => declared.physical_type == PhysicalType::Boolean,
        ColumnType::Date | ColumnType::Month => {
            declared.physical_type == PhysicalType::Int32
                && (logical == Some(PrimitiveLogicalType::Date)
                    || logical.is_none() && converted == Some(PrimitiveConvertedType::Date))
        }
    }
}

fn read_column(
    file: &mut File,
    (levels, part): (&Descriptor, &ColumnPart),
    (kind, is_dense, mut sieve): (ColumnType, bool, Option<&mut Sieve<'_, '_>>),
    rows: usize,
    scratch: &mut Scratch,
) -> Result<Column, Unfit> {
    if !fits(levels, kind) || levels.max_rep_level > 0 || levels.max_def_level > 1 {
        return Err(Unfit);
    }
    let length = usize::try_from(part.bytes).map_err(|_| Unfit)?;
    // A footer that lies about a length must not make us reserve it.
    if part.from.checked_add(part.bytes).is_none_or(|end| end > file.metadata().map_or(0, |file| file.len()))
    {
        return Err(Unfit);
    }
    let mut bytes = std::mem::take(&mut scratch.file);
    bytes.clear();
    bytes.reserve(length);
    file.seek(SeekFrom::Start(part.from))?;
    if file.take(part.bytes).read_to_end(&mut bytes)? != length {
        return Err(Unfit);
    }
    let about = PageMetaData::new(part.from, part.values, part.compression, levels.clone());
    let bytes = Cursor::new(Buffer::from_vec(bytes));
    let mut pages = PageReader::new_with_page_meta(bytes, about, Vec::new(), MAX_PAGE_BYTES);
    let physical = levels.primitive_type.physical_type;
    let is_time = matches!(kind, ColumnType::Time | ColumnType::Date | ColumnType::Month);
    let mut reader = ColumnReader {
        data: scratch.data(kind, rows, is_dense),
        physical,
        optional: levels.max_def_level == 1,
        is_dense,
        known: 0,
        valid: scratch.valid.pop().unwrap_or_default(),
        missing: 0,
        bounds: is_time.then_some((i64::MAX, i64::MIN)),
        codes: std::mem::take(&mut scratch.codes),
        ints: Vec::new(),
        floats: Vec::new(),
        rows,
        height: 0,
    };
    for page in pages.by_ref() {
        let page = page?;
        if matches!(&page, CompressedPage::Data(p) if p.uncompressed_size() > MAX_PAGE_BYTES) {
            return Err(Unfit);
        }
        match decompress(page, &mut scratch.page, &mut scratch.context)? {
            Page::Dict(mut page) => {
                reader.dictionary(&page.buffer, page.num_values, sieve.as_deref_mut())?;
                scratch.page = std::mem::take(page.buffer.to_mut());
            }
            Page::Data(mut page) => {
                let (encoding, count) = (page.encoding(), page.num_values());
                if page.buffer().len() < 4 && levels.max_def_level == 1 {
                    return Err(Unfit);
                }
                let parts = split_buffer(&page)?;
                reader.page((parts.def, parts.values), encoding, count, sieve.as_deref_mut())?;
                scratch.page = std::mem::take(page.buffer_mut());
            }
        }
    }
    // The pages are gone, so that the memory of the file's part is ours again.
    scratch.file = pages.into_inner().0.into_inner().into_mut().right().unwrap_or_default();
    scratch.codes = std::mem::take(&mut reader.codes);
    reader.finish()
}
