//! Pictures of raster tiles: PNG, JPEG and WebP to RGBA bytes. Owns the limits of what is decoded; never scales.

use super::TileError;

/// The longest side of a tile that is decoded.
const MOST_SIDE: usize = 2048;

/// A decoded picture: rows of RGBA bytes, not premultiplied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Four bytes per pixel.
    pub rgba: Vec<u8>,
}

/// What a run of bytes begins like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
}

/// The format that bytes begin like, if it is one of those that are read.
#[must_use]
pub fn format(bytes: &[u8]) -> Option<Format> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(Format::Png)
    } else if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        Some(Format::Jpeg)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(Format::Webp)
    } else {
        None
    }
}

/// Decodes a picture.
///
/// # Errors
/// The bytes are no picture that is read, or one too large for a tile.
pub fn decode(bytes: &[u8]) -> Result<Picture, TileError> {
    let picture = match format(bytes) {
        Some(Format::Png) => png(bytes),
        Some(Format::Jpeg) => jpeg(bytes),
        Some(Format::Webp) => webp(bytes),
        None => None,
    };
    picture.filter(|p| p.rgba.len() == p.width * p.height * 4 && p.width > 0).ok_or(TileError::Corrupt)
}

const fn fits(width: usize, height: usize) -> bool {
    width <= MOST_SIDE && height <= MOST_SIDE
}

fn png(bytes: &[u8]) -> Option<Picture> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    if !fits(width, height) {
        return None;
    }
    let mut data = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut data).ok()?;
    data.truncate(info.buffer_size());
    let rgba = match info.color_type {
        png::ColorType::Rgba => data,
        png::ColorType::Rgb => with_alpha(&data),
        png::ColorType::GrayscaleAlpha => data
            .chunks_exact(2)
            .flat_map(|p| if let [g, a] = p { [*g, *g, *g, *a] } else { [0; 4] })
            .collect(),
        png::ColorType::Grayscale => data.iter().flat_map(|g| [*g, *g, *g, 255]).collect(),
        png::ColorType::Indexed => return None,
    };
    Some(Picture { width, height, rgba })
}

fn with_alpha(rgb: &[u8]) -> Vec<u8> {
    rgb.chunks_exact(3).flat_map(|p| if let [r, g, b] = p { [*r, *g, *b, 255] } else { [0; 4] }).collect()
}

fn jpeg(bytes: &[u8]) -> Option<Picture> {
    use zune_jpeg::JpegDecoder;
    use zune_jpeg::zune_core::bytestream::ZCursor;
    use zune_jpeg::zune_core::colorspace::ColorSpace;
    use zune_jpeg::zune_core::options::DecoderOptions;
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGBA)
        .set_max_width(MOST_SIDE)
        .set_max_height(MOST_SIDE);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let rgba = decoder.decode().ok()?;
    let (width, height) = decoder.dimensions()?;
    Some(Picture { width, height, rgba })
}

fn webp(bytes: &[u8]) -> Option<Picture> {
    let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(bytes)).ok()?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    if !fits(width, height) {
        return None;
    }
    let mut data = vec![0; decoder.output_buffer_size()?];
    decoder.read_image(&mut data).ok()?;
    let rgba = if decoder.has_alpha() { data } else { with_alpha(&data) };
    Some(Picture { width, height, rgba })
}
