//! Vector tiles (MVT 2.1): layers of features with properties and geometry in tile units. Owns both directions;
//! gives a feature no meaning (that is `schema`).

use super::wire::{Broken, Field, Reader, put_bytes, put_number, put_varint, unzigzag, zigzag};

/// What a geometry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Points.
    Points,
    /// Lines.
    Lines,
    /// Rings of polygons; inside is what an odd number of them contains.
    Rings,
}

/// A property of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// A text.
    Text(&'a str),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}

/// One part of a geometry: places in tile units, x to the east, y to the south.
pub type Part = Vec<[i32; 2]>;

/// At most this many places are read of one feature: a tile that holds more is broken or hostile.
const MOST_PLACES: usize = 400_000;

/// One layer.
#[derive(Debug, Clone, Default)]
pub struct Layer<'a> {
    /// Name.
    pub name: &'a str,
    /// Width and height of the tile in its own units.
    pub extent: u32,
    keys: Vec<&'a str>,
    values: Vec<Option<Value<'a>>>,
    features: Vec<&'a [u8]>,
}

/// One feature.
#[derive(Debug, Clone, Copy)]
pub struct Feature<'t, 'a> {
    layer: &'t Layer<'a>,
    /// What its geometry is.
    pub shape: Shape,
    tags: &'a [u8],
    geometry: &'a [u8],
}

/// The layers of a tile.
///
/// # Errors
/// The bytes are no vector tile.
pub fn layers(tile: &[u8]) -> Result<Vec<Layer<'_>>, Broken> {
    let mut reader = Reader::new(tile);
    let mut out = Vec::new();
    while !reader.is_done() {
        if let (3, Field::Bytes(bytes)) = reader.field()? {
            out.push(layer(bytes)?);
        }
    }
    Ok(out)
}

fn text(bytes: &[u8]) -> Result<&str, Broken> {
    std::str::from_utf8(bytes).map_err(|_| Broken)
}

fn layer(bytes: &[u8]) -> Result<Layer<'_>, Broken> {
    let mut out = Layer { extent: 4096, ..Layer::default() };
    let mut reader = Reader::new(bytes);
    while !reader.is_done() {
        match reader.field()? {
            (1, Field::Bytes(name)) => out.name = text(name)?,
            (2, Field::Bytes(feature)) => out.features.push(feature),
            (3, Field::Bytes(key)) => out.keys.push(text(key)?),
            (4, Field::Bytes(value)) => out.values.push(self::value(value)?),
            (5, Field::Number(extent)) => {
                out.extent =
                    u32::try_from(extent).ok().filter(|e| (1..=1 << 20).contains(e)).ok_or(Broken)?;
            }
            _ => {}
        }
    }
    Ok(out)
}

fn value(bytes: &[u8]) -> Result<Option<Value<'_>>, Broken> {
    let mut reader = Reader::new(bytes);
    let mut out = None;
    while !reader.is_done() {
        out = match reader.field()? {
            (1, Field::Bytes(bytes)) => Some(Value::Text(text(bytes)?)),
            (2, Field::Four(bytes)) => Some(Value::Number(f64::from(f32::from_le_bytes(bytes)))),
            (3, Field::Eight(bytes)) => Some(Value::Number(f64::from_le_bytes(bytes))),
            (4, Field::Number(n)) => Some(Value::Number(n as i64 as f64)),
            (5, Field::Number(n)) => Some(Value::Number(n as f64)),
            (6, Field::Number(n)) => Some(Value::Number(unzigzag(n) as f64)),
            (7, Field::Number(n)) => Some(Value::Flag(n != 0)),
            _ => out,
        };
    }
    Ok(out)
}

impl<'a> Layer<'a> {
    /// The features that can be read; one that cannot is passed over.
    pub fn features(&self) -> impl Iterator<Item = Feature<'_, 'a>> {
        self.features.iter().filter_map(|bytes| feature(self, bytes).ok())
    }

    /// How many features there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.features.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.features.is_empty()
    }
}

fn feature<'t, 'a>(layer: &'t Layer<'a>, bytes: &'a [u8]) -> Result<Feature<'t, 'a>, Broken> {
    let (mut shape, mut tags, mut geometry) = (None, &[][..], &[][..]);
    let mut reader = Reader::new(bytes);
    while !reader.is_done() {
        match reader.field()? {
            (2, Field::Bytes(bytes)) => tags = bytes,
            (3, Field::Number(kind)) => {
                shape = match kind {
                    1 => Some(Shape::Points),
                    2 => Some(Shape::Lines),
                    3 => Some(Shape::Rings),
                    _ => None,
                };
            }
            (4, Field::Bytes(bytes)) => geometry = bytes,
            _ => {}
        }
    }
    Ok(Feature { layer, shape: shape.ok_or(Broken)?, tags, geometry })
}

impl<'a> Feature<'_, 'a> {
    /// A property.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        let mut tags = Reader::new(self.tags);
        while !tags.is_done() {
            let (key, value) = (tags.varint().ok()?, tags.varint().ok()?);
            if self.layer.keys.get(usize::try_from(key).ok()?) == Some(&name) {
                return self.layer.values.get(usize::try_from(value).ok()?).copied().flatten();
            }
        }
        None
    }

    /// A property that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&'a str> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A property that is a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Some(Value::Number(number)) => Some(number),
            Some(Value::Text(text)) => text.parse().ok(),
            _ => None,
        }
    }

    /// The geometry: all points in one part, each line, or each ring without its repeated end.
    ///
    /// # Errors
    /// The commands are no geometry.
    pub fn parts(&self) -> Result<Vec<Part>, Broken> {
        let mut reader = Reader::new(self.geometry);
        let mut parts: Vec<Part> = Vec::new();
        let (mut at, mut places) = ([0_i32; 2], 0_usize);
        while !reader.is_done() {
            let command = reader.varint()?;
            let count = usize::try_from(command >> 3).map_err(|_| Broken)?;
            match command & 7 {
                kind @ (1 | 2) => {
                    for _ in 0..count {
                        places += 1;
                        if places > MOST_PLACES {
                            return Err(Broken);
                        }
                        for axis in &mut at {
                            let step = i32::try_from(unzigzag(reader.varint()?)).map_err(|_| Broken)?;
                            *axis = axis.checked_add(step).ok_or(Broken)?;
                        }
                        let opens = parts.is_empty() || (kind == 1 && self.shape != Shape::Points);
                        if opens {
                            parts.push(Part::new());
                        }
                        parts.last_mut().ok_or(Broken)?.push(at);
                    }
                }
                7 => {}
                _ => return Err(Broken),
            }
        }
        Ok(parts)
    }
}

/// Puts a tile together.
#[derive(Debug, Default)]
pub struct Builder {
    layers: Vec<LayerBuilder>,
}

#[derive(Debug, Default)]
struct LayerBuilder {
    name: String,
    keys: Vec<String>,
    values: Vec<Vec<u8>>,
    features: Vec<Vec<u8>>,
}

/// Units of a tile that we write.
pub const EXTENT: u32 = 4096;

fn place_of<T: PartialEq>(list: &mut Vec<T>, item: T) -> u64 {
    let at = list.iter().position(|i| *i == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    });
    at as u64
}

impl Builder {
    /// Adds a feature to a layer.
    pub fn add(&mut self, layer: &str, shape: Shape, properties: &[(&str, Value<'_>)], parts: &[Part]) {
        let at = self.layers.iter().position(|l| l.name == layer).unwrap_or_else(|| {
            self.layers.push(LayerBuilder { name: layer.to_owned(), ..LayerBuilder::default() });
            self.layers.len() - 1
        });
        let Some(layer) = self.layers.get_mut(at) else {
            return;
        };
        let mut tags = Vec::new();
        for (key, value) in properties {
            put_varint(&mut tags, place_of(&mut layer.keys, (*key).to_owned()));
            put_varint(&mut tags, place_of(&mut layer.values, value_bytes(*value)));
        }
        let kind = match shape {
            Shape::Points => 1,
            Shape::Lines => 2,
            Shape::Rings => 3,
        };
        let mut feature = Vec::new();
        put_bytes(&mut feature, 2, &tags);
        put_number(&mut feature, 3, kind);
        put_bytes(&mut feature, 4, &geometry(shape, parts));
        layer.features.push(feature);
    }

    /// The bytes; none where nothing was added.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for layer in &self.layers {
            let mut bytes = Vec::new();
            put_bytes(&mut bytes, 1, layer.name.as_bytes());
            layer.features.iter().for_each(|f| put_bytes(&mut bytes, 2, f));
            layer.keys.iter().for_each(|k| put_bytes(&mut bytes, 3, k.as_bytes()));
            layer.values.iter().for_each(|v| put_bytes(&mut bytes, 4, v));
            put_number(&mut bytes, 5, u64::from(EXTENT));
            put_number(&mut bytes, 15, 2);
            put_bytes(&mut out, 3, &bytes);
        }
        out
    }
}

fn value_bytes(value: Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Value::Text(text) => put_bytes(&mut out, 1, text.as_bytes()),
        Value::Number(number) => {
            put_varint(&mut out, 3 << 3 | 1);
            out.extend_from_slice(&number.to_le_bytes());
        }
        Value::Flag(flag) => put_number(&mut out, 7, u64::from(flag)),
    }
    out
}

fn geometry(shape: Shape, parts: &[Part]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = [0_i32; 2];
    let mut step = |out: &mut Vec<u8>, to: [i32; 2]| {
        for (from, to) in at.iter_mut().zip(to) {
            put_varint(out, zigzag(i64::from(to) - i64::from(*from)));
            *from = to;
        }
    };
    for part in parts {
        let Some((first, rest)) = part.split_first() else {
            continue;
        };
        if shape == Shape::Points {
            put_varint(&mut out, (part.len() as u64) << 3 | 1);
            part.iter().for_each(|p| step(&mut out, *p));
            continue;
        }
        put_varint(&mut out, 1 << 3 | 1);
        step(&mut out, *first);
        put_varint(&mut out, (rest.len() as u64) << 3 | 2);
        rest.iter().for_each(|p| step(&mut out, *p));
        if shape == Shape::Rings {
            put_varint(&mut out, 1 << 3 | 7);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tile_comes_back_as_it_was_written() {
        let mut builder = Builder::default();
        let ring = vec![[0, 0], [4096, 0], [4096, 4096], [-64, 4000]];
        let line = vec![[10, 10], [20, 5]];
        builder.add("water", Shape::Rings, &[("kind", Value::Text("lake"))], std::slice::from_ref(&ring));
        let names =
            [("name:zh", Value::Text("\u{6cb3}")), ("rank", Value::Number(2.5)), ("big", Value::Flag(true))];
        builder.add("roads", Shape::Lines, &names, &[line.clone(), line.clone()]);
        builder.add("places", Shape::Points, &names, &[vec![[7, 9]]]);
        let bytes = builder.bytes();
        let layers = layers(&bytes).unwrap();
        assert_eq!(
            layers.iter().map(|l| (l.name, l.len())).collect::<Vec<_>>(),
            [("water", 1), ("roads", 1), ("places", 1)]
        );
        let water = layers[0].features().next().unwrap();
        assert_eq!(
            (water.shape, water.text("kind"), water.parts().unwrap()),
            (Shape::Rings, Some("lake"), vec![ring])
        );
        let road = layers[1].features().next().unwrap();
        assert_eq!(road.parts().unwrap(), vec![line.clone(), line]);
        assert_eq!(
            (road.text("name:zh"), road.number("rank"), road.get("big")),
            (Some("\u{6cb3}"), Some(2.5), Some(Value::Flag(true)))
        );
        assert_eq!(layers[2].features().next().unwrap().parts().unwrap(), vec![vec![[7, 9]]]);
    }

    #[test]
    fn half_a_tile_is_broken_and_no_panic() {
        let mut builder = Builder::default();
        builder.add("water", Shape::Rings, &[("kind", Value::Text("lake"))], &[vec![[0, 0], [9, 0], [9, 9]]]);
        let bytes = builder.bytes();
        for end in 1..bytes.len() {
            assert!(layers(&bytes[..end]).is_err(), "{end}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_bad(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for layer in layers(&bytes).unwrap_or_default() {
                for feature in layer.features() {
                    let _ = (feature.parts(), feature.get("kind"));
                }
            }
        }
    }
}
