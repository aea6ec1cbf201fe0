//! The quality of service that a Pod is promised.
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/>

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::object::Object;

/// Amounts of CPU (in nanocores) and memory (in billionths of a byte).
type Amounts = BTreeMap<&'static str, i128>;

const NANOS: i128 = 1_000_000_000;

/// `Guaranteed`, `Burstable` or `BestEffort`. Kubernetes: `ComputePodQOS`.
pub(super) fn class(pod: &Object) -> &'static str {
    let of_pod = pod.get("spec.resources").filter(|resources| resources.is_object());
    let lists = [pod.items("spec.containers"), pod.items("spec.initContainers")];
    let of_containers = lists.into_iter().flatten().map(|container| container.get("resources"));
    let all: Vec<Option<&Value>> = match of_pod {
        Some(resources) => vec![Some(resources)],
        None => of_containers.collect(),
    };
    let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
    let mut everything_is_limited = true;
    for resources in all {
        let limited = amounts(resources, "limits");
        everything_is_limited &= limited.len() == 2;
        add(&mut limits, limited);
        add(&mut requests, amounts(resources, "requests"));
    }
    if requests.is_empty() && limits.is_empty() {
        "BestEffort"
    } else if everything_is_limited && requests == limits {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

fn add(to: &mut Amounts, more: Amounts) {
    for (name, amount) in more {
        let sum = to.entry(name).or_default();
        *sum = sum.saturating_add(amount);
    }
}

/// The CPU and the memory in a list of resources, where they are more than nothing.
fn amounts(resources: Option<&Value>, list: &str) -> Amounts {
    let list = resources.and_then(|resources| resources.get(list));
    let amount = |name| list?.get(name).and_then(quantity).filter(|amount| *amount > 0);
    ["cpu", "memory"].into_iter().filter_map(|name| Some((name, amount(name)?))).collect()
}

/// A quantity in billionths of its unit.
///
/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>
fn quantity(quantity: &Value) -> Option<i128> {
    let text = match quantity.as_str() {
        Some(text) => text.into(),
        None => quantity.as_number()?.to_string(),
    };
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
    use serde_json::{Value, json};

    use super::{class, quantity};
    use crate::api_server::object::Object;

    fn class_of(resources: &[Value]) -> &'static str {
        let containers: Vec<Value> = resources.iter().map(|resources| json!({"resources": resources})).collect();
        class(&Object::read(json!({"spec": {"containers": containers}})).unwrap())
    }

    #[test]
    fn the_class_follows_from_requests_and_limits() {
        let full = json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1024Mi"}});
        assert_eq!(class_of(std::slice::from_ref(&full)), "Guaranteed");
        assert_eq!(class_of(&[full, json!({})]), "Burstable");
        assert_eq!(class_of(&[json!({"requests": {"cpu": "1"}})]), "Burstable");
        assert_eq!(class_of(&[json!({"limits": {"cpu": "1"}, "requests": {"cpu": "1"}})]), "Burstable");
        assert_eq!(class_of(&[json!({}), json!({"requests": {"cpu": "0", "example.com/gpu": 1}})]), "BestEffort");
    }

    #[test]
    fn quantities_are_read_in_all_their_spellings() {
        let nanos = |text: &str| quantity(&json!(text)).map(|nanos| nanos / 1_000_000);
        let spellings =
            [("1", 1000), ("0.5", 500), ("1500m", 1500), ("1k", 1_000_000), ("1Ki", 1_024_000), ("1e3", 1_000_000)];
        for (text, milli) in spellings {
            assert_eq!(nanos(text), Some(milli), "{text}");
        }
        for text in ["", "one", "1X", "1e99", "--1"] {
            assert_eq!(nanos(text), None, "{text}");
        }
    }
}
