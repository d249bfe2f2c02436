//! The small language of the catalogue: aggregates over a table and row filters. Owns parsing;
//! knows no table. The same text is valid SQL, so that a database can run it.

use super::tokens::{Token, tokens};

/// A row expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// Column.
    Column(String),
    /// Number.
    Number(f64),
    /// Text.
    Text(String),
    /// The instant asked for, epoch seconds.
    Now,
    /// Arithmetic.
    Arith(Box<Expr>, Arith, Box<Expr>),
    /// Comparison.
    Compare(Box<Expr>, Compare, Box<Expr>),
    /// All of them.
    And(Vec<Expr>),
    /// Any of them.
    Or(Vec<Expr>),
    /// Not.
    Not(Box<Expr>),
    /// One of a list.
    In(Box<Expr>, Vec<Expr>),
    /// Empty, or (second value) not empty.
    IsNull(Box<Expr>, bool),
    /// `CASE WHEN … THEN … ELSE … END`.
    Case(Vec<(Expr, Expr)>, Option<Box<Expr>>),
}

/// Arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arith {
    /// Plus.
    Add,
    /// Minus.
    Sub,
    /// Times.
    Mul,
    /// Divided by.
    Div,
}

/// Comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

/// An aggregate.
#[derive(Debug, Clone, PartialEq)]
pub enum Aggregate {
    /// A signed sum of sums and counts: what is additive over rows.
    Additive(Vec<(f64, Term)>),
    /// Number of different values of a column.
    Distinct(String),
    /// Median of a row expression.
    Median(Expr),
}

/// One additive part.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// `count(*)`.
    Rows,
    /// `sum(…)`.
    Sum(Expr),
}

/// What cannot be parsed, and where in the text (byte offset).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expected} expected at {offset}")]
pub struct ParseError {
    /// Byte offset.
    pub offset: usize,
    /// What should stand there, in the language's own words.
    pub expected: String,
}

/// Parses an aggregate.
///
/// # Errors
/// [`ParseError`] with the place.
pub fn parse_aggregate(text: &str) -> Result<Aggregate, ParseError> {
    let mut parser = Parser::new(text)?;
    let aggregate = parser.aggregate()?;
    parser.end()?;
    Ok(aggregate)
}

/// Parses a filter; an empty text is no filter.
///
/// # Errors
/// [`ParseError`] with the place.
pub fn parse_filter(text: &str) -> Result<Option<Expr>, ParseError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let mut parser = Parser::new(text)?;
    let expr = parser.or()?;
    parser.end()?;
    Ok(Some(expr))
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
}

/// Deeper nesting than any honest catalogue needs; stops a hostile file from exhausting the stack.
const MAX_DEPTH: usize = 64;
/// The same for chains: `1+1+1+…` nests to the left.
const MAX_TOKENS: usize = 2048;

impl Parser {
    fn new(text: &str) -> Result<Self, ParseError> {
        let tokens = tokens(text)?;
        if let Some((offset, _)) = tokens.get(MAX_TOKENS) {
            return Err(ParseError { offset: *offset, expected: "less nesting".to_owned() });
        }
        Ok(Self { tokens, at: 0, depth: 0 })
    }

    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(_, token)| token)
    }

    fn fail<T>(&self, expected: &str) -> Result<T, ParseError> {
        let offset = self.tokens.get(self.at).map_or(0, |(offset, _)| *offset);
        Err(ParseError { offset, expected: expected.to_owned() })
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let hit = matches!(self.peek(), Token::Symbol(s) if *s == symbol);
        self.at += usize::from(hit);
        hit
    }

    fn word(&mut self, word: &str) -> bool {
        let hit = matches!(self.peek(), Token::Word(w) if w.eq_ignore_ascii_case(word));
        self.at += usize::from(hit);
        hit
    }

    fn need_symbol(&mut self, symbol: &str) -> Result<(), ParseError> {
        if self.symbol(symbol) { Ok(()) } else { self.fail(symbol) }
    }

    fn need_word(&mut self, word: &str) -> Result<(), ParseError> {
        if self.word(word) { Ok(()) } else { self.fail(word) }
    }

    fn end(&self) -> Result<(), ParseError> {
        if *self.peek() == Token::End { Ok(()) } else { self.fail("end") }
    }

    fn name(&mut self) -> Result<String, ParseError> {
        match self.peek() {
            Token::Word(word) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => self.fail("column"),
        }
    }

    fn aggregate(&mut self) -> Result<Aggregate, ParseError> {
        if self.word("median") {
            self.need_symbol("(")?;
            let expr = self.sum()?;
            self.need_symbol(")")?;
            return Ok(Aggregate::Median(expr));
        }
        let mut terms = Vec::new();
        let mut sign = 1.0;
        loop {
            if self.word("sum") {
                self.need_symbol("(")?;
                let expr = self.sum()?;
                self.need_symbol(")")?;
                terms.push((sign, Term::Sum(expr)));
            } else if self.word("count") {
                self.need_symbol("(")?;
                if self.word("distinct") {
                    let column = self.name()?;
                    self.need_symbol(")")?;
                    return if terms.is_empty() {
                        Ok(Aggregate::Distinct(column))
                    } else {
                        self.fail("sum or count(*)")
                    };
                }
                self.need_symbol("*")?;
                self.need_symbol(")")?;
                terms.push((sign, Term::Rows));
            } else {
                return self.fail("sum(…), count(*), count(DISTINCT …) or median(…)");
            }
            sign = if self.symbol("+") {
                1.0
            } else if self.symbol("-") {
                -1.0
            } else {
                return Ok(Aggregate::Additive(terms));
            };
        }
    }

    fn or(&mut self) -> Result<Expr, ParseError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail("less nesting");
        }
        let mut parts = vec![self.and()?];
        while self.word("or") {
            parts.push(self.and()?);
        }
        self.depth -= 1;
        Ok(single(parts, Expr::Or))
    }

    fn and(&mut self) -> Result<Expr, ParseError> {
        let mut parts = vec![self.not()?];
        while self.word("and") {
            parts.push(self.not()?);
        }
        Ok(single(parts, Expr::And))
    }

    fn not(&mut self) -> Result<Expr, ParseError> {
        if self.word("not") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return self.fail("less nesting");
            }
            let inner = self.not()?;
            self.depth -= 1;
            return Ok(Expr::Not(Box::new(inner)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expr, ParseError> {
        let left = self.sum()?;
        let compare = match self.peek() {
            Token::Symbol("=") => Some(Compare::Eq),
            Token::Symbol("<>" | "!=") => Some(Compare::Ne),
            Token::Symbol("<") => Some(Compare::Lt),
            Token::Symbol("<=") => Some(Compare::Le),
            Token::Symbol(">") => Some(Compare::Gt),
            Token::Symbol(">=") => Some(Compare::Ge),
            _ => None,
        };
        if let Some(compare) = compare {
            self.at += 1;
            let right = self.sum()?;
            return Ok(Expr::Compare(Box::new(left), compare, Box::new(right)));
        }
        if self.word("is") {
            let negated = self.word("not");
            self.need_word("null")?;
            return Ok(Expr::IsNull(Box::new(left), negated));
        }
        if self.word("in") {
            self.need_symbol("(")?;
            let mut list = vec![self.sum()?];
            while self.symbol(",") {
                list.push(self.sum()?);
            }
            self.need_symbol(")")?;
            return Ok(Expr::In(Box::new(left), list));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Expr, ParseError> {
        let mut left = self.product()?;
        loop {
            let op = if self.symbol("+") {
                Arith::Add
            } else if self.symbol("-") {
                Arith::Sub
            } else {
                return Ok(left);
            };
            left = Expr::Arith(Box::new(left), op, Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expr, ParseError> {
        let mut left = self.atom()?;
        loop {
            let op = if self.symbol("*") {
                Arith::Mul
            } else if self.symbol("/") {
                Arith::Div
            } else {
                return Ok(left);
            };
            left = Expr::Arith(Box::new(left), op, Box::new(self.atom()?));
        }
    }

    fn atom(&mut self) -> Result<Expr, ParseError> {
        if self.word("case") {
            return self.case();
        }
        let expr = match self.peek().clone() {
            Token::Word(word) => Expr::Column(word),
            Token::Number(number) => Expr::Number(number),
            Token::Text(text) => Expr::Text(text),
            Token::Now => Expr::Now,
            Token::Symbol("(") => {
                self.at += 1;
                let inner = self.or()?;
                self.need_symbol(")")?;
                return Ok(inner);
            }
            Token::Symbol("-") => {
                self.at += 1;
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return self.fail("less nesting");
                }
                let inner = self.atom()?;
                self.depth -= 1;
                return Ok(Expr::Arith(Box::new(Expr::Number(0.0)), Arith::Sub, Box::new(inner)));
            }
            Token::Symbol(_) | Token::End => return self.fail("column, number or 'text'"),
        };
        self.at += 1;
        Ok(expr)
    }

    fn case(&mut self) -> Result<Expr, ParseError> {
        let mut arms = Vec::new();
        while self.word("when") {
            let condition = self.or()?;
            self.need_word("then")?;
            arms.push((condition, self.sum()?));
        }
        if arms.is_empty() {
            return self.fail("WHEN");
        }
        let otherwise = if self.word("else") { Some(Box::new(self.sum()?)) } else { None };
        self.need_word("end")?;
        Ok(Expr::Case(arms, otherwise))
    }
}

fn single(mut parts: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            parts.push(last);
            many(parts)
        }
        (None, _) => many(parts),
    }
}

impl Expr {
    /// Calls `visit` for every column that the expression reads.
    pub fn columns<'a>(&'a self, visit: &mut impl FnMut(&'a str)) {
        match self {
            Self::Column(name) => visit(name),
            Self::Number(_) | Self::Text(_) | Self::Now => {}
            Self::Arith(a, _, b) | Self::Compare(a, _, b) => {
                a.columns(visit);
                b.columns(visit);
            }
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|p| p.columns(visit)),
            Self::Not(inner) | Self::IsNull(inner, _) => inner.columns(visit),
            Self::In(inner, list) => {
                inner.columns(visit);
                list.iter().for_each(|p| p.columns(visit));
            }
            Self::Case(arms, otherwise) => {
                for (condition, value) in arms {
                    condition.columns(visit);
                    value.columns(visit);
                }
                if let Some(otherwise) = otherwise {
                    otherwise.columns(visit);
                }
            }
        }
    }

    /// Whether `:now` occurs.
    #[must_use]
    pub fn uses_now(&self) -> bool {
        match self {
            Self::Now => true,
            Self::Column(_) | Self::Number(_) | Self::Text(_) => false,
            Self::Arith(a, _, b) | Self::Compare(a, _, b) => a.uses_now() || b.uses_now(),
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::uses_now),
            Self::Not(inner) | Self::IsNull(inner, _) => inner.uses_now(),
            Self::In(inner, list) => inner.uses_now() || list.iter().any(Self::uses_now),
            Self::Case(arms, otherwise) => {
                arms.iter().any(|(c, v)| c.uses_now() || v.uses_now())
                    || otherwise.as_ref().is_some_and(|o| o.uses_now())
            }
        }
    }

    /// The conditions that must all hold.
    #[must_use]
    pub fn conjuncts(self) -> Vec<Self> {
        match self {
            Self::And(parts) => parts.into_iter().flat_map(Self::conjuncts).collect(),
            other => vec![other],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_and_parsing_again_changes_nothing() {
        for text in [
            "channel='pre_litigation'",
            "status IN ('open','dispatched') AND is_exercise=0",
            "opened_ts<=:now-86400",
            "NOT (a=1 OR b IS NOT NULL) AND c<>'x'",
            "CASE WHEN a<=b THEN 1 ELSE 0 END > 0",
            "(closed_ts-opened_ts)/3600.0 >= 24",
        ] {
            let first = parse_filter(text).unwrap().unwrap();
            let second = parse_filter(&first.to_string()).unwrap().unwrap();
            assert_eq!(first, second, "{text}");
        }
    }

    #[test]
    fn aggregates_of_the_catalogue() {
        assert_eq!(parse_aggregate("count(*)").unwrap(), Aggregate::Additive(vec![(1.0, Term::Rows)]));
        assert_eq!(parse_aggregate("count(DISTINCT mode)").unwrap(), Aggregate::Distinct("mode".to_owned()));
        let Aggregate::Additive(terms) = parse_aggregate("sum(a)-sum(b)").unwrap() else { panic!() };
        assert_eq!(terms.len(), 2);
        assert!(matches!(parse_aggregate("median((a-b)/3600.0)").unwrap(), Aggregate::Median(_)));
    }

    #[test]
    fn errors_say_where() {
        for (text, offset) in [("sum(a", 5), ("sum()", 4), ("sum(a) b", 7), ("max(a)", 0), ("sum('x)", 4)] {
            assert_eq!(parse_aggregate(text).unwrap_err().offset, offset, "{text}");
        }
        assert_eq!(parse_filter("a = ").unwrap_err().offset, 4);
        assert_eq!(parse_filter("a IN (1").unwrap_err().offset, 7);
        assert!(parse_filter(&"(".repeat(100_000)).is_err());
        assert!(parse_filter(&"-".repeat(100_000)).is_err());
    }
}
