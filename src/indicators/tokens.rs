//! Words and signs of the catalogue's language. Owns where one ends and the next begins; knows no grammar.

use super::expr::ParseError;

/// A word or sign.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(String),
    Number(f64),
    Text(String),
    Symbol(&'static str),
    Now,
    End,
}

const SYMBOLS: &[&str] = &["<=", ">=", "<>", "!=", "<", ">", "=", "(", ")", ",", "+", "-", "*", "/"];

/// Cuts a text, each piece with its byte offset; the last one is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, ParseError> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(first) = rest.chars().next()
    {
        let (token, len) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if let Some(quoted) = rest.strip_prefix('\'') {
            let Some(end) = quoted.find('\'') else {
                return Err(ParseError { offset: at, expected: "'".to_owned() });
            };
            (Token::Text(quoted.get(..end).unwrap_or_default().to_owned()), end + 2)
        } else if first.is_ascii_digit() {
            let len = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let digits = rest.get(..len).unwrap_or_default();
            let number = digits.parse().map_err(|_| ParseError { offset: at, expected: "0-9".to_owned() })?;
            (Token::Number(number), len)
        } else if first.is_alphabetic() || first == '_' {
            let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (Token::Word(rest.get(..len).unwrap_or_default().to_owned()), len)
        } else if rest.starts_with(":now") {
            (Token::Now, 4)
        } else if let Some(symbol) = SYMBOLS.iter().find(|s| rest.starts_with(**s)) {
            (Token::Symbol(symbol), symbol.len())
        } else {
            return Err(ParseError { offset: at, expected: "column, number or 'text'".to_owned() });
        };
        out.push((at, token));
        at += len;
    }
    out.push((text.len(), Token::End));
    Ok(out)
}
