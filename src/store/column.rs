//! Columns as the engine counts them: whole numbers, numbers, and texts by the place of their value in a list. Owns
//! their shape; knows no rule about what a value may be.

use std::collections::HashMap;

use polars::prelude::{DataFrame, DataType, PolarsResult};

/// Values of one column.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    /// Whole numbers; also days, instants, and yes or no as 1 or 0.
    Int(Vec<i64>),
    /// Numbers.
    Float(Vec<f64>),
    /// Texts.
    Text(Texts),
}

/// One column: values, and which of them are there.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// Values; where there is none, any.
    pub(crate) data: Data,
    /// 1 where there is a value; absent where all are there.
    pub(crate) valid: Option<Vec<u8>>,
    /// The least and the greatest of the days or instants that are there, where the reader noted them.
    pub(crate) bounds: Option<(i64, i64)>,
}

/// Texts: the place of each row's value in a list. Values of the list can repeat.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    /// Per row.
    pub(crate) codes: Vec<u32>,
    /// Per value, where it begins and ends in `bytes`.
    pub(crate) spans: Vec<(u32, u32)>,
    /// All values.
    pub(crate) bytes: Vec<u8>,
}

impl Texts {
    /// Bytes of a value of the list.
    pub(crate) fn value(&self, code: u32) -> &[u8] {
        let span = self.spans.get(code as usize).copied().unwrap_or_default();
        self.bytes.get(span.0 as usize..span.1 as usize).unwrap_or_default()
    }

    /// A value as text; empty where it is no UTF-8, which readers refuse.
    pub(crate) fn text(&self, code: u32) -> &str {
        std::str::from_utf8(self.value(code)).unwrap_or_default()
    }

    /// The values of the list in order; empty where one is no UTF-8.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        // What is UTF-8 as a whole need not be asked value by value.
        let all = std::str::from_utf8(&self.bytes).ok();
        self.spans.iter().map(move |(from, to)| {
            let span = *from as usize..*to as usize;
            let alone = || std::str::from_utf8(self.bytes.get(span.clone())?).ok();
            all.map_or_else(alone, |all| all.get(span.clone())).unwrap_or_default()
        })
    }

    /// The bytes of the values of the list in order.
    pub(crate) fn all_bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.spans.iter().map(|(from, to)| self.bytes.get(*from as usize..*to as usize).unwrap_or_default())
    }

    /// Adds a value to the list.
    pub(crate) fn add(&mut self, value: &[u8]) -> u32 {
        let from = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(value);
        self.spans.push((from, u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)));
        u32::try_from(self.spans.len() - 1).unwrap_or(u32::MAX)
    }
}

impl Column {
    /// Whether a row has a value.
    pub(crate) fn has(&self, row: usize) -> bool {
        self.valid.as_ref().is_none_or(|v| v.get(row) == Some(&1))
    }

    /// A whole number.
    pub(crate) fn int(&self, row: usize) -> Option<i64> {
        match &self.data {
            Data::Int(values) if self.has(row) => values.get(row).copied(),
            _ => None,
        }
    }

    /// A number.
    pub(crate) fn float(&self, row: usize) -> Option<f64> {
        match &self.data {
            Data::Float(values) if self.has(row) => values.get(row).copied(),
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
            Data::Int(values) if self.has(row) => values.get(row).map(|n| *n as f64),
            _ => None,
        }
    }

    /// A text.
    pub(crate) fn text(&self, row: usize) -> Option<&str> {
        match &self.data {
            Data::Text(texts) if self.has(row) => texts.codes.get(row).map(|code| texts.text(*code)),
            _ => None,
        }
    }

    /// The texts of the column.
    pub(crate) const fn texts(&self) -> Option<&Texts> {
        match &self.data {
            Data::Text(texts) => Some(texts),
            _ => None,
        }
    }

    /// The whole numbers of the column.
    pub(crate) fn ints(&self) -> Option<&[i64]> {
        match &self.data {
            Data::Int(values) => Some(values),
            _ => None,
        }
    }

    fn take(&self, rows: &[u32]) -> Self {
        fn pick<T: Copy + Default>(values: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|row| values.get(*row as usize).copied().unwrap_or_default()).collect()
        }
        let data = match &self.data {
            Data::Int(values) => Data::Int(pick(values, rows)),
            Data::Float(values) => Data::Float(pick(values, rows)),
            Data::Text(texts) => {
                let mut known: HashMap<u32, u32> = HashMap::new();
                let mut out = Texts::default();
                for code in pick(&texts.codes, rows) {
                    let place = *known.entry(code).or_insert_with(|| out.add(texts.value(code)));
                    out.codes.push(place);
                }
                Data::Text(out)
            }
        };
        Self { data, valid: self.valid.as_ref().map(|valid| pick(valid, rows)), bounds: None }
    }

    fn append(&mut self, more: &Self, old_rows: usize, more_rows: usize) {
        self.bounds = None;
        if self.valid.is_some() || more.valid.is_some() {
            let valid = self.valid.get_or_insert_with(|| vec![1; old_rows]);
            match &more.valid {
                Some(more) => valid.extend_from_slice(more),
                None => valid.resize(old_rows + more_rows, 1),
            }
        }
        match (&mut self.data, &more.data) {
            (Data::Int(all), Data::Int(more)) => all.extend_from_slice(more),
            (Data::Float(all), Data::Float(more)) => all.extend_from_slice(more),
            (Data::Text(all), Data::Text(more)) => {
                let first = u32::try_from(all.spans.len()).unwrap_or(u32::MAX);
                for code in 0..more.spans.len() {
                    all.add(more.value(u32::try_from(code).unwrap_or(u32::MAX)));
                }
                all.codes.extend(more.codes.iter().map(|code| code + first));
            }
            // Columns of one table have one type; a reader that gave another would have refused the file.
            _ => self.valid = Some(vec![0; old_rows + more_rows]),
        }
    }
}

/// Some rows of a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunk {
    /// How many.
    pub(crate) rows: usize,
    columns: Vec<(String, Column)>,
}

impl Chunk {
    /// Rows with these columns.
    pub(crate) const fn new(rows: usize, columns: Vec<(String, Column)>) -> Self {
        Self { rows, columns }
    }

    /// A column by name.
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column)
    }

    /// Takes the rows apart.
    pub(crate) fn into_columns(self) -> impl Iterator<Item = Column> {
        self.columns.into_iter().map(|(_, column)| column)
    }

    /// Leaves out a column.
    pub(crate) fn drop_column(&mut self, name: &str) {
        self.columns.retain(|(known, _)| known != name);
    }

    /// Takes out the columns that are not named.
    pub(crate) fn split_off(&mut self, names: &[String]) -> Self {
        let all = std::mem::take(&mut self.columns);
        let (stay, go) = all.into_iter().partition(|(name, _)| names.contains(name));
        self.columns = stay;
        Self { rows: self.rows, columns: go }
    }

    /// Some of the rows.
    pub(crate) fn take(&self, rows: &[u32]) -> Self {
        let columns = self.columns.iter().map(|(name, c)| (name.clone(), c.take(rows))).collect();
        Self { rows: rows.len(), columns }
    }

    /// Adds rows behind; only columns that both have stay.
    pub(crate) fn append(&mut self, more: &Self) {
        self.columns.retain(|(name, _)| more.column(name).is_some());
        let (old, new) = (self.rows, more.rows);
        for (name, column) in &mut self.columns {
            if let Some(more) = more.column(name) {
                column.append(more, old, new);
            }
        }
        self.rows += new;
    }

    /// Rows of a frame, with the columns that are asked for and there.
    pub(crate) fn from_frame(frame: &DataFrame, names: &[&str]) -> PolarsResult<Self> {
        let rows = frame.height();
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            let Ok(series) = frame.column(name) else { continue };
            let mut valid = vec![1u8; rows];
            let data = match series.dtype() {
                DataType::String => {
                    let mut texts = Texts::default();
                    let mut known: HashMap<&str, u32> = HashMap::new();
                    let strings = series.str()?;
                    for (text, valid) in strings.iter().zip(&mut valid) {
                        *valid = u8::from(text.is_some());
                        let text = text.unwrap_or_default();
                        let code = *known.entry(text).or_insert_with(|| texts.add(text.as_bytes()));
                        texts.codes.push(code);
                    }
                    Data::Text(texts)
                }
                DataType::Float64 | DataType::Float32 => {
                    let series = series.cast(&DataType::Float64)?;
                    let values = series.f64()?.iter().zip(&mut valid);
                    Data::Float(values.map(|(v, valid)| noted(v, valid)).collect())
                }
                _ => {
                    let series = series.cast(&DataType::Int64)?;
                    let values = series.i64()?.iter().zip(&mut valid);
                    Data::Int(values.map(|(v, valid)| noted(v, valid)).collect())
                }
            };
            let valid = valid.contains(&0).then_some(valid);
            columns.push(((*name).to_owned(), Column { data, valid, bounds: None }));
        }
        Ok(Self { rows, columns })
    }
}

fn noted<T: Default>(value: Option<T>, valid: &mut u8) -> T {
    *valid = u8::from(value.is_some());
    value.unwrap_or_default()
}
