//! Quantities of resources, in all their spellings.
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, de::Visitor};

const NANOS: i128 = 1_000_000_000;

/// How much there is of a resource, in any of Kubernetes' spellings.
///
/// ```
/// use pod_lifecycle_api_server::quantity::Quantity;
///
/// assert_eq!("32Gi".parse::<Quantity>()?.to_string(), "32Gi");
/// assert_eq!(serde_json::from_str::<Quantity>("8")?.to_string(), "8");
/// assert_eq!("much".parse::<Quantity>().unwrap_err().to_string(), r#""much": wanted a quantity, as 8, 500m or 32Gi"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantity(String);

/// Something that is no quantity.
///
/// ```
/// use pod_lifecycle_api_server::quantity::{Quantity, QuantityError};
///
/// let error: QuantityError = "1X".parse::<Quantity>().unwrap_err();
/// assert!(error.to_string().starts_with(r#""1X""#));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?}: wanted a quantity, as 8, 500m or 32Gi")]
pub struct QuantityError(String);

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Quantity, QuantityError> {
        nanos(text).map(|_| Quantity(text.into())).ok_or_else(|| QuantityError(text.into()))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Quantity, D::Error> {
        deserializer.deserialize_any(Spelling)
    }
}

/// A text, or a number.
struct Spelling;

impl Visitor<'_> for Spelling {
    type Value = Quantity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a quantity, as 8, 500m or 32Gi")
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Quantity, E> {
        Ok(Quantity(number.to_string()))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Quantity, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Quantity, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Quantity, E> {
        text.parse().map_err(E::custom)
    }
}

/// A quantity that is a whole number of its unit, and none too large.
pub fn whole(text: &str) -> Option<u32> {
    let nanos = nanos(text)?;
    (nanos.checked_rem(NANOS)? == 0).then(|| u32::try_from(nanos.checked_div(NANOS)?).ok())?
}

/// A quantity in billionths of its unit; `None` if it is none.
pub fn nanos(text: &str) -> Option<i128> {
    let end = text.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction = format!("{fraction:0<9}");
    let nanos = whole.parse::<i128>().ok()?.checked_mul(NANOS)?.checked_add(fraction.get(..9)?.parse().ok()?)?;
    match suffix {
        "" => Some(nanos),
        "n" => nanos.checked_div(NANOS),
        "u" => nanos.checked_div(1_000_000),
        "m" => nanos.checked_div(1_000),
        _ => nanos.checked_mul(multiplier(suffix)?),
    }
}

fn multiplier(suffix: &str) -> Option<i128> {
    let (base, exponent): (i128, u32) = match suffix {
        "k" => (1000, 1),
        "M" => (1000, 2),
        "G" => (1000, 3),
        "T" => (1000, 4),
        "P" => (1000, 5),
        "E" => (1000, 6),
        "Ki" => (1024, 1),
        "Mi" => (1024, 2),
        "Gi" => (1024, 3),
        "Ti" => (1024, 4),
        "Pi" => (1024, 5),
        "Ei" => (1024, 6),
        _ => (10, suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    base.checked_pow(exponent)
}

#[cfg(test)]
mod tests {
    use super::nanos;

    #[test]
    fn quantities_are_read_in_all_their_spellings() {
        let spellings =
            [("1", 1000), ("0.5", 500), ("1500m", 1500), ("1k", 1_000_000), ("1Ki", 1_024_000), ("1e3", 1_000_000)];
        for (text, milli) in spellings {
            assert_eq!(nanos(text).map(|nanos| nanos / 1_000_000), Some(milli), "{text}");
        }
        for text in ["", "one", "1X", "1e99", "--1"] {
            assert_eq!(nanos(text), None, "{text}");
        }
    }
}
