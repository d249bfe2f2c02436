//! Owns the few transcendental functions the generator needs, in plain arithmetic.
//! Never calls the platform's libm: one seed must give the same bytes on every machine.

const LN_2: f64 = std::f64::consts::LN_2;

/// e to the power of `x`.
pub(super) fn exp(x: f64) -> f64 {
    if x > 700.0 {
        return exp(700.0);
    }
    if x < -700.0 {
        return 0.0;
    }
    // x = k ln2 + r, |r| <= ln2/2; the series converges to the last bits in 14 terms.
    let k = (x / LN_2).round();
    let r = x - k * LN_2;
    let mut term = 1.0;
    let mut sum = 1.0;
    for n in 1..=14 {
        term *= r / f64::from(n);
        sum += term;
    }
    sum * f64::from_bits(((1023 + k as i64) as u64) << 52)
}

/// Natural logarithm of a positive number; very negative for zero and below.
pub(super) fn ln(x: f64) -> f64 {
    if x <= f64::MIN_POSITIVE {
        return -708.0;
    }
    let bits = x.to_bits();
    let mut exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let mut mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | (1023u64 << 52));
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa /= 2.0;
        exponent += 1;
    }
    // ln m = 2 atanh((m-1)/(m+1)), argument at most 0.172.
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let square = t * t;
    let mut power = t;
    let mut sum = 0.0;
    for n in 0..12 {
        sum += power / f64::from(2 * n + 1);
        power *= square;
    }
    2.0 * sum + exponent as f64 * LN_2
}

/// `base` to the power of `exponent`, base positive.
pub(super) fn pow(base: f64, exponent: f64) -> f64 {
    if base <= 0.0 { 0.0 } else { exp(exponent * ln(base)) }
}

/// Sine and cosine of `turns` full turns.
pub(super) fn sin_cos_turns(turns: f64) -> (f64, f64) {
    let quarter = (turns * 4.0).round();
    let x = (turns - quarter / 4.0) * std::f64::consts::TAU;
    let square = x * x;
    let (mut sin, mut cos) = (0.0, 0.0);
    let (mut odd, mut even) = (x, 1.0);
    for n in 0..10 {
        sin += odd;
        cos += even;
        let k = f64::from(2 * n);
        even *= -square / ((k + 1.0) * (k + 2.0));
        odd *= -square / ((k + 2.0) * (k + 3.0));
    }
    match (quarter as i64).rem_euclid(4) {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        for i in 1..2000 {
            let x = f64::from(i) * 0.037;
            assert!((ln(x) - x.ln()).abs() < 1e-13 * (1.0 + x.ln().abs()), "ln {x}");
            let y = x - 37.0;
            assert!((exp(y) / y.exp() - 1.0).abs() < 1e-12, "exp {y}");
            let (s, c) = sin_cos_turns(y);
            let angle = y * std::f64::consts::TAU;
            assert!((s - angle.sin()).abs() < 1e-11 && (c - angle.cos()).abs() < 1e-11, "turns {y}");
        }
    }
}
