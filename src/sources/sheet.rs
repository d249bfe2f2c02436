//! Files of offices as rows of texts, in chunks: CSV in any of four encodings, NDJSON, GeoJSON, spreadsheets. Owns
//! how a file is taken apart and which line a row was on; what the cells mean is `cells`' matter.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use calamine::{Data, Reader as _};
use encoding_rs::{Decoder, Encoding, GB18030, UTF_8};
use serde_json::{Map, Value};

use crate::site::text::Message;

/// Rows handed over together.
pub(super) const CHUNK_ROWS: usize = 20_000;
pub(super) const BLOCK: usize = 1 << 20;
/// One row, or one cell, is not longer; a file without an end of line is no table.
pub(super) const MOST_ROW_BYTES: usize = 4 << 20;
/// No table has more columns: keys that differ from row to row would fill the memory.
const MOST_COLUMNS: usize = 256;
/// Formats that are read as a whole are refused beyond this.
const MOST_WHOLE_BYTES: u64 = 256 << 20;
/// The same of workbooks, which are packed.
const MOST_WORKBOOK_BYTES: u64 = 64 << 20;

/// Rows of a file: one text per header, and the line each was on.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Names of the columns, as they stand in the file.
    pub headers: Vec<String>,
    /// Rows, each as long as the headers; none where a cell is empty.
    pub cells: Vec<Vec<Option<String>>>,
    /// The line of each row, from 1.
    pub lines: Vec<usize>,
    /// Lines that are no rows, with why; never what stands there.
    pub bad: Vec<(usize, Message)>,
}

/// Takes rows; false where no more are wanted.
pub type Take<'a> = &'a mut dyn FnMut(Rows) -> bool;

fn unreadable(err: &dyn std::fmt::Display) -> Message {
    Message::new("problem.unreadable").with("error", err.to_string().lines().next().unwrap_or_default())
}

fn long_line(line: usize) -> Message {
    Message::new("problem.file_long_line").with("line", line).with("most", MOST_ROW_BYTES >> 20)
}

/// Reads a file by its extension, in lower case.
///
/// # Errors
/// The file as a whole cannot be read; rows before that point were handed over.
pub fn read(path: &Path, extension: &str, take: Take<'_>) -> Result<(), Message> {
    match extension {
        "csv" | "txt" => csv(path, take),
        "ndjson" | "jsonl" => ndjson(path, take),
        "geojson" => geojson(path, take),
        "json" => json(path, take),
        _ => workbook(path, take),
    }
}

/// The encoding of a file: by its mark, else UTF-8 where all of it is that, else GB 18030, of which GBK is a part.
fn encoding(path: &Path) -> std::io::Result<&'static Encoding> {
    let mut file = File::open(path)?;
    let mut block = vec![0; BLOCK];
    let (mut kept, mut first) = (0, true);
    loop {
        let read = file.read(block.get_mut(kept..).unwrap_or_default())?;
        let filled = block.get(..kept + read).unwrap_or_default();
        if first {
            first = false;
            if let Some((encoding, _)) = Encoding::for_bom(filled) {
                return Ok(encoding);
            }
        }
        match std::str::from_utf8(filled) {
            _ if read == 0 => return Ok(if kept == 0 { UTF_8 } else { GB18030 }),
            Ok(_) => kept = 0,
            // A character may be cut by the end of a block.
            Err(err) if err.error_len().is_none() => {
                let rest = filled.get(err.valid_up_to()..).unwrap_or_default().to_vec();
                kept = rest.len();
                block.get_mut(..kept).unwrap_or_default().copy_from_slice(&rest);
            }
            Err(_) => return Ok(GB18030),
        }
    }
}

/// Text of a file, block by block.
struct Text {
    file: File,
    decoder: Decoder,
    block: Vec<u8>,
    ended: bool,
}

impl Text {
    fn open(path: &Path) -> std::io::Result<Self> {
        let encoding = encoding(path)?;
        let decoder = encoding.new_decoder_with_bom_removal();
        Ok(Self { file: File::open(path)?, decoder, block: vec![0; BLOCK], ended: false })
    }

    /// Adds the next block to a text.
    fn more(&mut self, out: &mut String) -> std::io::Result<()> {
        let read = self.file.read(&mut self.block)?;
        self.ended = read == 0;
        let mut bytes = self.block.get(..read).unwrap_or_default();
        loop {
            out.reserve(self.decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(BLOCK));
            let (result, used, _) = self.decoder.decode_to_string(bytes, out, self.ended);
            bytes = bytes.get(used..).unwrap_or_default();
            if result == encoding_rs::CoderResult::InputEmpty {
                return Ok(());
            }
        }
    }
}

/// One record of a CSV text: its cells and the bytes it takes; none where the text ends inside of it.
fn record(text: &str, last: bool, separator: u8) -> Option<(Vec<String>, usize)> {
    let bytes = text.as_bytes();
    let mut cells = Vec::new();
    let (mut at, mut start, mut quoted, mut has_quotes) = (0, 0, false, false);
    let cell = |start: usize, end: usize, has_quotes: bool| {
        let raw = text.get(start..end).unwrap_or_default();
        let inner = raw.trim().strip_prefix('"').and_then(|r| r.strip_suffix('"'));
        match inner {
            Some(inner) if has_quotes => inner.replace("\"\"", "\""),
            _ => raw.to_owned(),
        }
    };
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                quoted = !quoted;
                has_quotes = true;
            }
            b'\n' if !quoted => {
                let end = if at > start && bytes.get(at - 1) == Some(&b'\r') { at - 1 } else { at };
                cells.push(cell(start, end, has_quotes));
                return Some((cells, at + 1));
            }
            b if *b == separator && !quoted => {
                cells.push(cell(start, at, has_quotes));
                start = at + 1;
                has_quotes = false;
            }
            _ => {}
        }
        at += 1;
    }
    if !last || text.is_empty() {
        return None;
    }
    cells.push(cell(start, text.trim_end_matches('\r').len().max(start), has_quotes));
    Some((cells, text.len()))
}

fn csv(path: &Path, take: Take<'_>) -> Result<(), Message> {
    let mut input = Text::open(path).map_err(|e| unreadable(&e))?;
    let mut text = String::new();
    let mut rows = Rows::default();
    let mut line = 1;
    let mut separator = None;
    while !input.ended {
        input.more(&mut text).map_err(|e| unreadable(&e))?;
        let separator = *separator.get_or_insert_with(|| separator_of(&text));
        let mut at = 0;
        while let Some((cells, used)) = record(text.get(at..).unwrap_or_default(), input.ended, separator) {
            let here = line;
            line += text.get(at..at + used).unwrap_or_default().matches('\n').count().max(1);
            at += used;
            if cells.iter().all(|c| c.trim().is_empty()) {
                continue;
            }
            if rows.headers.is_empty() {
                rows.headers = cells;
            } else if cells.len() != rows.headers.len() {
                let message = Message::new("problem.file_cells").with("found", cells.len());
                rows.bad.push((here, message.with("wanted", rows.headers.len())));
            } else {
                rows.cells.push(cells.into_iter().map(|c| (!c.is_empty()).then_some(c)).collect());
                rows.lines.push(here);
            }
            if rows.cells.len() >= CHUNK_ROWS && !hand_over(&mut rows, take) {
                return Ok(());
            }
        }
        text.drain(..at);
        if text.len() > MOST_ROW_BYTES {
            take(rows);
            return Err(long_line(line));
        }
    }
    take(rows);
    Ok(())
}

/// Comma, or tab or semicolon where the first line has more of those.
fn separator_of(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let count = |c: char| first.matches(c).count();
    [(b',', count(',')), (b'\t', count('\t')), (b';', count(';'))]
        .into_iter()
        .rev()
        .max_by_key(|(_, n)| *n)
        .map_or(b',', |(c, _)| c)
}

fn hand_over(rows: &mut Rows, take: Take<'_>) -> bool {
    let headers = rows.headers.clone();
    take(std::mem::replace(rows, Rows { headers, ..Rows::default() }))
}

/// Adds an object as a row; keys that were not there before become headers.
fn add_object(rows: &mut Rows, line: usize, object: &Map<String, Value>) {
    let new = object.keys().filter(|key| !rows.headers.contains(*key)).count();
    if rows.headers.len() + new > MOST_COLUMNS {
        rows.bad.push((line, Message::new("problem.file_columns").with("most", MOST_COLUMNS)));
        return;
    }
    let mut cells = vec![None; rows.headers.len()];
    for (key, value) in object {
        let at = rows.headers.iter().position(|h| h == key).unwrap_or_else(|| {
            rows.headers.push(key.clone());
            cells.push(None);
            rows.cells.iter_mut().for_each(|c| c.push(None));
            cells.len() - 1
        });
        let text = match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        if let Some(cell) = cells.get_mut(at) {
            *cell = text;
        }
    }
    rows.cells.push(cells);
    rows.lines.push(line);
}

fn ndjson(path: &Path, take: Take<'_>) -> Result<(), Message> {
    let mut input = BufReader::with_capacity(BLOCK, File::open(path).map_err(|e| unreadable(&e))?);
    let mut rows = Rows::default();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let most = MOST_ROW_BYTES as u64;
        let read = (&mut input).take(most).read_until(b'\n', &mut bytes).map_err(|e| unreadable(&e))?;
        if read == 0 {
            break;
        }
        if read as u64 == most && !bytes.ends_with(b"\n") {
            take(rows);
            return Err(long_line(line));
        }
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice::<Map<String, Value>>(text) {
            Ok(object) => add_object(&mut rows, line, &object),
            // Where it is told; what stands there may be anything and is not.
            Err(err) => {
                let message = Message::new("problem.file_json_line").with("position", err.column());
                rows.bad.push((line, message));
            }
        }
        if rows.cells.len() >= CHUNK_ROWS && !hand_over(&mut rows, take) {
            return Ok(());
        }
    }
    take(rows);
    Ok(())
}

/// A file that is read as a whole is not larger than this.
fn at_most(path: &Path, most: u64) -> Result<(), Message> {
    let size = std::fs::metadata(path).map_err(|e| unreadable(&e))?.len();
    if size <= most {
        return Ok(());
    }
    let message = Message::new("problem.file_large").with("size", size.div_ceil(1 << 20));
    Err(message.with("most", most >> 20))
}

fn whole(path: &Path) -> Result<Vec<u8>, Message> {
    at_most(path, MOST_WHOLE_BYTES)?;
    std::fs::read(path).map_err(|e| unreadable(&e))
}

/// An array of objects, or the one array inside an object.
fn json(path: &Path, take: Take<'_>) -> Result<(), Message> {
    let value: Value = serde_json::from_slice(&whole(path)?).map_err(|e| unreadable(&e))?;
    let inner = value.as_object().and_then(|o| o.values().find_map(Value::as_array));
    let list = value.as_array().or(inner).ok_or_else(|| Message::new("problem.file_no_list"))?;
    let mut rows = Rows::default();
    for (number, item) in (1..).zip(list) {
        match item.as_object() {
            Some(object) => add_object(&mut rows, number, object),
            None => rows.bad.push((number, Message::new("problem.file_item"))),
        }
        if rows.cells.len() >= CHUNK_ROWS && !hand_over(&mut rows, take) {
            return Ok(());
        }
    }
    take(rows);
    Ok(())
}

/// Features: their properties are the row; a point gives `lng` and `lat`.
fn geojson(path: &Path, take: Take<'_>) -> Result<(), Message> {
    let value: Value = serde_json::from_slice(&whole(path)?).map_err(|e| unreadable(&e))?;
    let features = value.get("features").and_then(Value::as_array);
    let features = features.ok_or_else(|| Message::new("problem.file_no_features"))?;
    let mut rows = Rows::default();
    for (number, feature) in (1..).zip(features) {
        let Some(mut row) = feature.get("properties").and_then(Value::as_object).cloned() else {
            rows.bad.push((number, Message::new("problem.file_feature")));
            continue;
        };
        let geometry = feature.get("geometry").filter(|g| g.get("type").is_some_and(|t| t == "Point"));
        if let Some([lng, lat, ..]) =
            geometry.and_then(|g| g.get("coordinates")?.as_array()).map(Vec::as_slice)
        {
            row.insert("lng".to_owned(), lng.clone());
            row.insert("lat".to_owned(), lat.clone());
        }
        add_object(&mut rows, number, &row);
        if rows.cells.len() >= CHUNK_ROWS && !hand_over(&mut rows, take) {
            return Ok(());
        }
    }
    take(rows);
    Ok(())
}

/// The first sheet of a workbook; its first row that is not empty holds the headers.
fn workbook(path: &Path, take: Take<'_>) -> Result<(), Message> {
    at_most(path, MOST_WORKBOOK_BYTES)?;
    // What such an error says may repeat a cell.
    let broken = || Message::new("problem.file_workbook");
    let mut book = calamine::open_workbook_auto(path).map_err(|_| broken())?;
    let name = book.sheet_names().first().cloned().ok_or_else(broken)?;
    let range = book.worksheet_range(&name).map_err(|_| broken())?;
    let first = range.start().map_or(0, |(row, _)| row as usize);
    let mut rows = Rows::default();
    for (number, row) in range.rows().enumerate() {
        let line = first + number + 1;
        let cells: Vec<Option<String>> = row.iter().map(cell).collect();
        if cells.iter().all(Option::is_none) {
            continue;
        }
        if rows.headers.is_empty() {
            rows.headers = cells.into_iter().map(Option::unwrap_or_default).collect();
            continue;
        }
        if let Some(at) = row.iter().position(|c| matches!(c, Data::Error(_))) {
            rows.bad.push((line, Message::new("problem.file_cell_error").with("column", at + 1)));
            continue;
        }
        rows.cells.push(cells);
        rows.lines.push(line);
        if rows.cells.len() >= CHUNK_ROWS && !hand_over(&mut rows, take) {
            return Ok(());
        }
    }
    take(rows);
    Ok(())
}

fn cell(data: &Data) -> Option<String> {
    match data {
        Data::Empty | Data::Error(_) => None,
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => Some(text.clone()),
        Data::Int(number) => Some(number.to_string()),
        Data::Float(number) => Some(number.to_string()),
        Data::Bool(truth) => Some(truth.to_string()),
        // A serial; what it means depends on the column.
        Data::DateTime(moment) => Some(moment.as_f64().to_string()),
    }
    .filter(|text| !text.trim().is_empty())
}
