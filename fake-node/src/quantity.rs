//! Quantities of resources, in all their spellings.
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>

const NANOS: i128 = 1_000_000_000;

/// A quantity in billionths of its unit; `None` if it is none.
pub(crate) fn nanos(text: &str) -> Option<i128> {
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
