//! Values that are passed through as they stand.

pub(crate) mod described;
mod make;
mod read;
mod write;

pub use read::OpaqueError;

use alloc::{borrow::ToOwned, collections::BTreeMap, string::String, vec::Vec};
use core::fmt;

/// Fields that the crate has no name for, as they were written.
///
/// ```
/// use pod_lifecycle::api::{Container, Opaque};
///
/// let tty: Container = serde_json::from_str(r#"{"name": "debug", "tty": true}"#)?;
/// assert_eq!(tty.other["tty"], Opaque::of(&true)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type OtherFields = BTreeMap<String, Opaque>;

/// A value that this crate does not look into: what JSON can say, without order of fields.
///
/// Whoever embeds the crate passes such values through: the `resources` of a container, a `securityContext`, a status
/// field of tomorrow. It reads from and writes to every format of serde, so `serde_json::from_value` and
/// `serde_json::to_value` turn one into the other; [`Opaque::of`]
/// makes one of a type of one's own, and [`Opaque::read`] such a type of it.
///
/// Numbers are whole ones of 64 bits or floating-point ones, as in Kubernetes' own reading of JSON.
///
/// ```
/// use pod_lifecycle::api::Opaque;
///
/// let resources: Opaque = serde_json::from_str(r#"{"limits": {"cpu": "500m", "memory": "64Mi"}}"#)?;
/// let cpu = resources.get("limits").and_then(|limits| limits.get("cpu")).and_then(Opaque::as_str);
/// assert_eq!(cpu, Some("500m"));
/// assert_eq!(serde_json::to_string(&resources)?, r#"{"limits":{"cpu":"500m","memory":"64Mi"}}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Opaque {
    /// Nothing: `null`.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(OpaqueFloat),
    /// A text.
    String(String),
    /// Values in their order.
    List(Vec<Opaque>),
    /// Values by name.
    Map(BTreeMap<String, Opaque>),
}

impl Opaque {
    /// The value of a field; `None` if there is none, or if this is no map.
    ///
    /// ```
    /// use pod_lifecycle::api::Opaque;
    ///
    /// let user: Opaque = serde_json::from_str(r#"{"linux": {"uid": 1000}}"#)?;
    /// assert_eq!(user.get("linux").and_then(|linux| linux.get("uid")), Some(&Opaque::Integer(1000)));
    /// assert_eq!(user.get("windows"), None);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Opaque> {
        match self {
            Opaque::Map(fields) => fields.get(field),
            Opaque::Null
            | Opaque::Bool(_)
            | Opaque::Integer(_)
            | Opaque::Float(_)
            | Opaque::String(_)
            | Opaque::List(_) => None,
        }
    }

    /// The text; `None` if this is none.
    ///
    /// ```
    /// use pod_lifecycle::api::Opaque;
    ///
    /// assert_eq!(Opaque::from("500m").as_str(), Some("500m"));
    /// assert_eq!(Opaque::Integer(500).as_str(), None);
    /// ```
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Opaque::String(text) => Some(text),
            Opaque::Null
            | Opaque::Bool(_)
            | Opaque::Integer(_)
            | Opaque::Float(_)
            | Opaque::List(_)
            | Opaque::Map(_) => None,
        }
    }

    /// The fields; `None` if this is no map.
    ///
    /// ```
    /// use pod_lifecycle::api::Opaque;
    ///
    /// let user: Opaque = [("uid", 1000)].into_iter().collect();
    /// assert_eq!(user.into_map().unwrap()["uid"], Opaque::Integer(1000));
    /// ```
    #[must_use]
    pub fn into_map(self) -> Option<BTreeMap<String, Opaque>> {
        match self {
            Opaque::Map(fields) => Some(fields),
            Opaque::Null
            | Opaque::Bool(_)
            | Opaque::Integer(_)
            | Opaque::Float(_)
            | Opaque::String(_)
            | Opaque::List(_) => None,
        }
    }

    /// Whether there is nothing: what the API takes for an absent field.
    ///
    /// ```
    /// use pod_lifecycle::api::Opaque;
    ///
    /// assert!(Opaque::Null.is_null());
    /// assert!(!Opaque::from("").is_null());
    /// ```
    #[must_use]
    pub fn is_null(&self) -> bool {
        *self == Opaque::Null
    }
}

impl From<&str> for Opaque {
    fn from(text: &str) -> Opaque {
        Opaque::String(text.to_owned())
    }
}

impl From<String> for Opaque {
    fn from(text: String) -> Opaque {
        Opaque::String(text)
    }
}

impl From<bool> for Opaque {
    fn from(value: bool) -> Opaque {
        Opaque::Bool(value)
    }
}

impl From<i32> for Opaque {
    fn from(number: i32) -> Opaque {
        Opaque::Integer(number.into())
    }
}

impl From<i64> for Opaque {
    fn from(number: i64) -> Opaque {
        Opaque::Integer(number)
    }
}

impl From<u64> for Opaque {
    /// A number that does not fit is rounded to a floating-point one, as Kubernetes does.
    fn from(number: u64) -> Opaque {
        i64::try_from(number).map_or_else(|_| Opaque::from(number as f64), Opaque::Integer)
    }
}

impl From<f64> for Opaque {
    fn from(number: f64) -> Opaque {
        Opaque::Float(number.into())
    }
}

impl<T: Into<Opaque>> FromIterator<T> for Opaque {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Opaque {
        Opaque::List(values.into_iter().map(Into::into).collect())
    }
}

impl<K: Into<String>, V: Into<Opaque>> FromIterator<(K, V)> for Opaque {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(fields: I) -> Opaque {
        Opaque::Map(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// A floating-point number that can be compared: two are equal if they are written with the same bits.
///
/// ```
/// use pod_lifecycle::api::OpaqueFloat;
///
/// assert_eq!(OpaqueFloat::from(0.5).get(), 0.5);
/// assert_ne!(OpaqueFloat::from(0.5), OpaqueFloat::from(0.25));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpaqueFloat(u64);

impl OpaqueFloat {
    /// The number.
    ///
    /// ```
    /// use pod_lifecycle::api::OpaqueFloat;
    ///
    /// assert_eq!(OpaqueFloat::from(1.5).get(), 1.5);
    /// ```
    #[must_use]
    pub const fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl From<f64> for OpaqueFloat {
    fn from(number: f64) -> OpaqueFloat {
        OpaqueFloat(number.to_bits())
    }
}

impl fmt::Debug for OpaqueFloat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.get(), f)
    }
}

impl fmt::Display for OpaqueFloat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.get(), f)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::Container;

    fn opaque(value: serde_json::Value) -> Opaque {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_is_read_is_written_as_it_was() {
        let values = json!({
            "nothing": null, "yes": true, "below": -7, "most": i64::MAX, "half": 0.5, "text": "500m",
            "list": [1, "two", [], {}], "map": {"of": {"maps": null}},
        });
        assert_eq!(serde_json::to_value(opaque(values.clone())).unwrap(), values);
    }

    #[test]
    fn a_number_too_large_for_a_whole_one_is_rounded() {
        assert_eq!(opaque(json!(u64::MAX)), Opaque::from(u64::MAX as f64));
    }

    #[test]
    fn yaml_keys_that_are_no_strings_become_strings() {
        let read: Opaque = serde_saphyr::from_str("8080: web\ntrue: yes\n").unwrap();
        let fields = read.into_map().unwrap();
        assert_eq!(fields.into_keys().collect::<Vec<_>>(), ["8080", "true"]);
    }

    #[test]
    fn a_type_of_ones_own_is_read_from_it() {
        let written = opaque(json!({"name": "app", "image": "nginx", "livenessProbe": {"tcpSocket": {"port": "web"}}}));
        let container: Container = written.read().unwrap();
        assert_eq!(serde_json::to_value(container).unwrap(), serde_json::to_value(written).unwrap());
    }

    #[test]
    fn a_value_is_made_of_whatever_serde_can_write() {
        #[derive(serde::Serialize)]
        enum Shape {
            Point,
            Circle(u8),
            Line(i8, i8),
            Box { width: u64 },
        }
        let shapes = ([Shape::Point, Shape::Circle(2)], Shape::Line(-1, 1), Shape::Box { width: 3 }, Some('x'), ());
        let made = Opaque::of(&shapes).unwrap();
        assert_eq!(serde_json::to_value(&made).unwrap(), serde_json::to_value(&shapes).unwrap());
        let keys = BTreeMap::from([(80, "web"), (443, "tls")]);
        assert_eq!(serde_json::to_value(Opaque::of(&keys).unwrap()).unwrap(), json!({"80": "web", "443": "tls"}));
    }

    #[test]
    fn a_key_that_json_cannot_have_is_refused() {
        let error = Opaque::of(&BTreeMap::from([(vec![1], "list")])).unwrap_err();
        assert_eq!(error.to_string(), "expected a single value as a key");
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_path() {
        let wrong = opaque(json!({"ports": [{"containerPort": 80}, {"containerPort": "http"}]}));
        let error = wrong.read::<Container>().unwrap_err();
        assert_eq!(error.path(), "ports[1].containerPort");
        assert_eq!(error.to_string(), "ports[1].containerPort: invalid type: string \"http\", expected i32");
    }

    #[test]
    fn what_is_wrong_at_the_top_has_no_path() {
        let error = Opaque::from(true).read::<Container>().unwrap_err();
        assert_eq!(error.path(), "");
        assert!(error.to_string().starts_with("invalid type: boolean `true`"), "{error}");
    }
}
