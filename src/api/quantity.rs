//! `resource.Quantity`: amounts of CPU, memory and other resources, as the API reads and prints them
//! (k8s.io/apimachinery/pkg/api/resource).

use alloc::{format, string::String, string::ToString};
use core::{cmp::Ordering, fmt, hash, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Amount of a resource: `500m`, `1Gi`, `0.5`. Two amounts of one size are equal, however they are written.
///
/// Kept to the billionth, as in Kubernetes; what is smaller is rounded away from zero.
///
/// ```
/// use pod_lifecycle::api::Quantity;
///
/// let half: Quantity = "0.5".parse()?;
/// assert_eq!((half.to_string().as_str(), half.milli_value()), ("500m", 500));
/// assert_eq!("1024Mi".parse::<Quantity>()?.to_string(), "1Gi");
/// assert_eq!("1Gi".parse::<Quantity>()?, "1073741824".parse()?);
/// assert!("1 Gi".parse::<Quantity>().is_err());
/// # Ok::<(), pod_lifecycle::api::InvalidQuantity>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Quantity {
    /// Billionths.
    nanos: i128,
    format: Format,
}

/// Notation of a quantity, which survives arithmetic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Format {
    /// `500m`, `2k`.
    #[default]
    DecimalSi,
    /// `512Mi`.
    BinarySi,
    /// `1e3`.
    DecimalExponent,
}

/// Error of a text that is no quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no quantity: expected a number such as 500m, 0.5 or 1Gi")]
pub struct InvalidQuantity(pub(crate) String);

const NANOS: i128 = 1_000_000_000;

/// Largest amount, 2^63 - 1: Go's `Quantity` caps what is larger.
const MAX_NANOS: i128 = (i64::MAX as i128) * NANOS;

const DECIMAL: [(&str, i32); 11] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
    // Not written by Kubernetes: a quantity is capped before it gets there.
    ("Z", 21),
];

const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

impl Quantity {
    /// Creates a quantity of thousandths, printed in decimal units: `milli(500)` is `500m`.
    #[must_use]
    pub const fn milli(value: i64) -> Quantity {
        Quantity { nanos: (value as i128).saturating_mul(1_000_000), format: Format::DecimalSi }
    }

    /// Creates a quantity of whole units, printed in decimal units: `new(2000)` is `2k`.
    #[must_use]
    pub const fn new(value: i64) -> Quantity {
        Quantity { nanos: (value as i128).saturating_mul(NANOS), format: Format::DecimalSi }
    }

    /// Creates a quantity of whole units, printed in binary units: `binary(1024)` is `1Ki`.
    #[must_use]
    pub const fn binary(value: i64) -> Quantity {
        Quantity { nanos: (value as i128).saturating_mul(NANOS), format: Format::BinarySi }
    }

    /// Returns the amount in thousandths, rounded up.
    #[must_use]
    pub fn milli_value(self) -> i64 {
        self.scaled(1_000_000)
    }

    /// Returns the amount in whole units, rounded up.
    #[must_use]
    pub fn value(self) -> i64 {
        self.scaled(NANOS)
    }

    fn scaled(self, unit: i128) -> i64 {
        let whole = self.nanos.checked_div(unit).unwrap_or(0);
        let rest = self.nanos.checked_rem(unit).unwrap_or(0);
        // ScaledValue rounds up, so a request never shrinks.
        let rounded = if rest > 0 { whole.saturating_add(1) } else { whole };
        i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
    }

    /// True if the amount is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Returns the sum, in the notation of the first that is not zero, as Go's `Add`.
    #[must_use]
    pub fn plus(self, other: Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        Quantity { nanos: self.nanos.saturating_add(other.nanos).clamp(-MAX_NANOS, MAX_NANOS), format }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Quantity) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Quantity) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl hash::Hash for Quantity {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.nanos.hash(state);
    }
}

// --- Reading ---

impl FromStr for Quantity {
    type Err = InvalidQuantity;

    /// Answers to `ParseQuantity`.
    fn from_str(text: &str) -> Result<Quantity, InvalidQuantity> {
        parse(text).ok_or_else(|| InvalidQuantity(text.into()))
    }
}

fn parse(text: &str) -> Option<Quantity> {
    let (is_negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let number_ends = unsigned.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at_checked(number_ends)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let (format, shift, factor) = unit(suffix)?;
    // The digits without their point, and how far the point has moved.
    let digits = whole.chars().chain(fraction.chars()).try_fold(0_i128, |sum, digit| {
        sum.saturating_mul(10).checked_add(i128::from(digit.to_digit(10)?)).map(|sum| sum.min(i128::MAX >> 64))
    })?;
    let exponent = 9_i32.checked_add(shift)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let scaled = digits.saturating_mul(factor);
    let power = |exponent: u32| 10_i128.checked_pow(exponent).unwrap_or(i128::MAX);
    let nanos = match u32::try_from(exponent) {
        Ok(exponent) => scaled.saturating_mul(power(exponent)),
        Err(_) => {
            let divisor = power(exponent.unsigned_abs());
            let rest = scaled.checked_rem(divisor)?;
            // Rounded away from zero.
            scaled.checked_div(divisor)?.saturating_add(i128::from(rest != 0))
        }
    };
    let nanos = nanos.min(MAX_NANOS);
    Some(Quantity { nanos: if is_negative { nanos.checked_neg()? } else { nanos }, format })
}

/// Returns notation, power of ten and binary factor of a suffix.
fn unit(suffix: &str) -> Option<(Format, i32, i128)> {
    if let Some((_, shift)) = DECIMAL.iter().take(10).find(|(name, _)| *name == suffix) {
        return Some((Format::DecimalSi, *shift, 1));
    }
    if let Some((_, bits)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        return Some((Format::BinarySi, 0, 1_i128.checked_shl(*bits)?));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    Some((Format::DecimalExponent, exponent.parse().ok().filter(|it| (-999..=999).contains(it))?, 1))
}

// --- Printing ---

impl fmt::Display for Quantity {
    /// Answers to `CanonicalizeBytes`: the largest unit that needs no fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.nanos.checked_div(NANOS).unwrap_or(0);
        let is_whole = self.nanos.checked_rem(NANOS) == Some(0);
        // What is below 1 Ki or has a fraction is shown in decimal units.
        if self.format == Format::BinarySi && is_whole && whole.unsigned_abs() >= 1024 {
            let fitting = BINARY.iter().rev().find(|(_, bits)| whole.trailing_zeros() >= *bits);
            let (suffix, bits) = fitting.copied().unwrap_or(("", 0));
            return write!(f, "{}{suffix}", whole >> bits);
        }
        let (mut mantissa, mut exponent) = (self.nanos, -9_i32);
        while mantissa != 0 && mantissa.checked_rem(1000) == Some(0) {
            mantissa = mantissa.checked_div(1000).unwrap_or(0);
            exponent = exponent.saturating_add(3);
        }
        if mantissa == 0 {
            return f.write_str("0");
        }
        match self.format {
            Format::DecimalExponent if exponent != 0 => write!(f, "{mantissa}e{exponent}"),
            Format::DecimalExponent | Format::DecimalSi | Format::BinarySi => {
                let suffix = DECIMAL.iter().find(|(_, it)| *it == exponent).map_or("", |(name, _)| name);
                write!(f, "{mantissa}{suffix}")
            }
        }
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Quantity, D::Error> {
        // Not derived: snapshots in binary formats hold a string, JSON and YAML may hold a number.
        if !deserializer.is_human_readable() {
            return String::deserialize(deserializer)?.parse().map_err(de::Error::custom);
        }
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text.trim().parse().map_err(de::Error::custom),
            serde_json::Value::Number(number) => number.to_string().parse().map_err(de::Error::custom),
            other @ (serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Array(_)
            | serde_json::Value::Object(_)) => Err(de::Error::custom(InvalidQuantity(format!("{other}")))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> String {
        text.parse::<Quantity>().unwrap().to_string()
    }

    #[test]
    fn a_quantity_is_printed_in_the_largest_unit_without_a_fraction() {
        for (written, canonical) in [
            ("0", "0"),
            ("0Gi", "0"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("0.1", "100m"),
            (".5", "500m"),
            ("1.", "1"),
            ("2000", "2k"),
            ("1024", "1024"),
            ("1024Mi", "1Gi"),
            ("1536Mi", "1536Mi"),
            ("0.5Gi", "512Mi"),
            ("0.5Ki", "512"),
            ("1.5", "1500m"),
            ("1e3", "1e3"),
            ("12e-1", "1200e-3"),
            ("+1", "1"),
            ("-500m", "-500m"),
            ("100000000", "100M"),
            ("1n", "1n"),
        ] {
            assert_eq!(printed(written), canonical, "{written}");
        }
    }

    #[test]
    fn what_is_smaller_than_a_billionth_is_rounded_up_and_what_is_too_large_is_capped() {
        assert_eq!(printed("0.0000000001"), "1n");
        assert_eq!("100E".parse::<Quantity>().unwrap().value(), i64::MAX);
        assert_eq!("99999999999999999999999999999999999999999999".parse::<Quantity>().unwrap().value(), i64::MAX);
        assert_eq!("1500u".parse::<Quantity>().unwrap().milli_value(), 2);
    }

    #[test]
    fn words_and_blanks_are_no_quantities() {
        for text in ["", ".", "-", "1 Gi", "Gi", "1gi", "1ki", "1.2.3", "one", "1e", "0x1"] {
            assert_eq!(text.parse::<Quantity>(), Err(InvalidQuantity(text.into())), "{text:?}");
        }
    }

    #[test]
    fn numbers_in_json_are_quantities_too() {
        let read = |text: &str| serde_json::from_str::<Quantity>(text).unwrap();
        assert_eq!(
            (read("2"), read("0.25"), read("\"250m\"")),
            (Quantity::new(2), Quantity::milli(250), Quantity::milli(250))
        );
        assert_eq!(serde_json::to_string(&Quantity::binary(1 << 29)).unwrap(), "\"512Mi\"");
    }
}
