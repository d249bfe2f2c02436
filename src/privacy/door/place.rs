//! Exact coordinates: a text that reads as a pair, and a pair of numbers inside the site. Owns what "exact" means.

use super::plain::Plain;
use crate::site::areas::Bounds;

/// Decimals from which a coordinate is finer than a community: a hundredth of a degree is a kilometre.
const EXACT_DECIMALS: usize = 3;

/// Decimals from which two numbers inside the site are a point of it, if nothing else stands beside them.
const POINT_DECIMALS: usize = 2;

/// A number in a text.
struct Number {
    from: usize,
    to: usize,
    value: f64,
    decimals: usize,
}

fn numbers(plain: &Plain) -> Vec<Number> {
    let mut numbers = Vec::new();
    let mut at = 0;
    while at < plain.chars.len() {
        if plain.chars.get(at).is_some_and(char::is_ascii_digit) {
            let from = at;
            let mut dot = None;
            while let Some(c) = plain.chars.get(at) {
                let point =
                    *c == '.' && dot.is_none() && plain.chars.get(at + 1).is_some_and(char::is_ascii_digit);
                if point {
                    dot = Some(at);
                } else if !c.is_ascii_digit() {
                    break;
                }
                at += 1;
            }
            let number: String = plain.chars.get(from..at).unwrap_or_default().iter().collect();
            let decimals = dot.map_or(0, |dot| at - dot - 1);
            numbers.push(Number { from, to: at, value: number.parse().unwrap_or(f64::NAN), decimals });
        } else {
            at += 1;
        }
    }
    numbers
}

/// Whether a text is nothing but a point of the site: two numbers with two decimals and more, in either order.
#[must_use]
pub fn reads_as_point_of(bounds: &Bounds, text: &str) -> bool {
    const SHORTEST: usize = 9;
    if text.len() < SHORTEST || !text.contains('.') {
        return false;
    }
    let plain = Plain::of(text);
    let letters = plain.chars.iter().filter(|c| c.is_alphabetic()).count();
    // A letter each for east and north.
    letters <= 2
        && matches!(numbers(&plain).as_slice(), [a, b]
            if a.decimals >= POINT_DECIMALS && b.decimals >= POINT_DECIMALS
                && (bounds.contains([a.value, b.value]) || bounds.contains([b.value, a.value])))
}

/// Whether a text reads as exact coordinates: two numbers with three decimals and more side by side, degrees and
/// minutes, or a point of well-known text.
#[must_use]
pub fn reads_as_place(text: &str) -> bool {
    if text.len() < 8 || !text.bytes().any(|b| b.is_ascii_digit() || b >= 0x80) {
        return false;
    }
    // Two numbers with decimals have two points, well-known text has a bracket, and degrees are no plain characters:
    // nearly every code of a table is told so by its bytes.
    if text.is_ascii() && !text.contains('(') && text.bytes().filter(|b| *b == b'.').count() < 2 {
        return false;
    }
    let plain = Plain::of(text);
    let numbers = numbers(&plain);
    let is_point = plain.words.contains(" point ") && numbers.len() >= 2 && plain.text.contains('(');
    let degrees = plain.chars.iter().filter(|c| matches!(c, '°' | '度')).count() >= 2
        && plain.chars.iter().any(|c| matches!(c, '\'' | '′' | '’' | '分'));
    is_point && numbers.windows(2).any(|w| matches!(w, [a, b] if a.decimals > 0 && b.decimals > 0))
        || degrees
        || numbers.windows(2).any(|pair| match pair {
            [a, b] => {
                const GAP: usize = 8;
                let inside = |x: f64, y: f64| x <= 180.0 && y <= 90.0;
                b.from.saturating_sub(a.to) <= GAP
                    && a.decimals >= EXACT_DECIMALS
                    && b.decimals >= EXACT_DECIMALS
                    && (inside(a.value, b.value) || inside(b.value, a.value))
            }
            _ => false,
        })
}

/// Whether two numbers of a row are an exact point of the site, in either order.
#[must_use]
pub fn coordinate_pair(bounds: &Bounds, a: f64, b: f64) -> bool {
    let exact = |x: f64| ((x * 100.0).round() / 100.0 - x).abs() > 1e-9;
    let inside = |x: f64, y: f64| bounds.contains([x, y]);
    exact(a) && exact(b) && (inside(a, b) || inside(b, a))
}
