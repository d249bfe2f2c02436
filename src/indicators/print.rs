//! Expressions printed back as text that parses to the same. Owns the brackets.

use std::fmt;

use super::expr::{Arith, Compare, Expr};

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str| {
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    f.write_str(word)?;
                }
                write!(f, "{part}")?;
            }
            Ok(())
        };
        match self {
            Self::Column(name) => f.write_str(name),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Now => f.write_str(":now"),
            Self::Arith(a, op, b) => {
                let op = match op {
                    Arith::Add => "+",
                    Arith::Sub => "-",
                    Arith::Mul => "*",
                    Arith::Div => "/",
                };
                write!(f, "({a} {op} {b})")
            }
            Self::Compare(a, op, b) => {
                let op = match op {
                    Compare::Eq => "=",
                    Compare::Ne => "<>",
                    Compare::Lt => "<",
                    Compare::Le => "<=",
                    Compare::Gt => ">",
                    Compare::Ge => ">=",
                };
                write!(f, "{a} {op} {b}")
            }
            Self::And(parts) => {
                f.write_str("(")?;
                join(f, parts, " AND ")?;
                f.write_str(")")
            }
            Self::Or(parts) => {
                f.write_str("(")?;
                join(f, parts, " OR ")?;
                f.write_str(")")
            }
            Self::Not(inner) => write!(f, "NOT ({inner})"),
            Self::In(inner, list) => {
                write!(f, "{inner} IN (")?;
                join(f, list, ", ")?;
                f.write_str(")")
            }
            Self::IsNull(inner, negated) => {
                write!(f, "{inner} IS {}NULL", if *negated { "NOT " } else { "" })
            }
            Self::Case(arms, otherwise) => {
                f.write_str("CASE")?;
                for (condition, value) in arms {
                    write!(f, " WHEN {condition} THEN {value}")?;
                }
                if let Some(otherwise) = otherwise {
                    write!(f, " ELSE {otherwise}")?;
                }
                f.write_str(" END")
            }
        }
    }
}
