//! A text as the rules read it: full-width forms made half-width, dashes and spaces of all kinds made one, invisible
//! characters gone. Owns that form; judges nothing.

/// A text made plain.
pub(super) struct Plain {
    /// Letters as written.
    pub(super) chars: Vec<char>,
    /// The same, in lower case, one for one.
    pub(super) lower: Vec<char>,
    /// Lower case, as a text.
    pub(super) text: String,
    /// Words of plain letters and digits with one space before, between and after them: for whole-word terms.
    pub(super) words: String,
}

impl Plain {
    pub(super) fn of(text: &str) -> Self {
        let chars: Vec<char> = text.chars().filter_map(plain).collect();
        let lower: Vec<char> = chars.iter().map(char::to_ascii_lowercase).collect();
        let text: String = lower.iter().collect();
        let mut words = String::with_capacity(text.len() + 2);
        words.push(' ');
        for c in &lower {
            if c.is_ascii_alphanumeric() {
                words.push(*c);
            } else if !words.ends_with(' ') {
                words.push(' ');
            }
        }
        if !words.ends_with(' ') {
            words.push(' ');
        }
        Self { chars, lower, text, words }
    }

    /// Whether any character is more than a digit or a mark.
    pub(super) fn has_letters(&self) -> bool {
        self.chars.iter().any(|c| c.is_alphabetic())
    }

    /// Places (in characters) right behind each occurrence of a term; a term of plain letters must be a whole word.
    pub(super) fn behind<'a>(&'a self, term: &'a str) -> impl Iterator<Item = usize> + 'a {
        let needle: Vec<char> = term.chars().collect();
        let is_word = term.is_ascii();
        let last = self.lower.len().saturating_sub(needle.len());
        (0..=last).filter_map(move |start| {
            let end = start + needle.len();
            if self.lower.get(start..end)? != needle.as_slice() {
                return None;
            }
            let letter = |at: Option<&char>| at.is_some_and(char::is_ascii_alphabetic);
            let before = start.checked_sub(1).and_then(|at| self.lower.get(at));
            let whole = !is_word || !(letter(before) || letter(self.lower.get(end)));
            whole.then_some(end)
        })
    }

    /// The place after spaces and, if `marks`, after colons and the like; and whether a mark was passed.
    pub(super) fn past_marks(&self, mut at: usize) -> (usize, bool) {
        let mut marked = false;
        while let Some(c) = self.chars.get(at) {
            match c {
                ' ' | '"' | '\'' | '(' | '[' | '“' | '”' | '【' => {}
                ':' | '=' | '|' | ',' | '>' | '是' | '为' => marked = true,
                _ => break,
            }
            at += 1;
        }
        (at, marked)
    }
}

/// A character made plain; none where it is not seen.
fn plain(c: char) -> Option<char> {
    Some(match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        // Digits of the mathematical alphabets and in circles.
        '\u{1d7ce}'..='\u{1d7ff}' => digit((u32::from(c) - 0x1_d7ce) % 10),
        '\u{2460}'..='\u{2468}' => digit(u32::from(c) - 0x2460 + 1),
        '\u{24ea}' | '〇' => '0',
        // Digits of other scripts.
        '\u{660}'..='\u{669}' => digit(u32::from(c) - 0x660),
        '\u{6f0}'..='\u{6f9}' => digit(u32::from(c) - 0x6f0),
        // Invisible: soft hyphen, joiners, marks of direction, byte order mark, selectors of form.
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}' => return None,
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2e3a}' | '\u{2e3b}' | '\u{fe58}' | '\u{fe63}' | '_' => '-',
        '\u{b7}' | '\u{2022}' | '\u{30fb}' | '\u{ff65}' | '\u{2027}' | '\u{22c5}' => '·',
        '︰' => ':',
        c if c.is_whitespace() || c == '\u{3000}' => ' ',
        c => c,
    })
}

fn digit(n: u32) -> char {
    char::from_digit(n, 10).unwrap_or('0')
}
