//! Validation errors of a Pod, field by field (`field.Error`, apimachinery's `pkg/util/validation/field`).

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::api::named::named;

named! {
    /// Type of a field error, with the API server's name for it (`field.ErrorType`).
    #[non_exhaustive]
    pub enum FieldErrorType {
        /// The value may be there only once.
        Duplicate = "FieldValueDuplicate",
        /// The field may not be set here.
        Forbidden = "FieldValueForbidden",
        /// The value is malformed or out of range.
        Invalid = "FieldValueInvalid",
        /// The value refers to something that is not there.
        NotFound = "FieldValueNotFound",
        /// The value is none of those that there are.
        NotSupported = "FieldValueNotSupported",
        /// The field has to be set.
        Required = "FieldValueRequired",
        /// The value is too long.
        TooLong = "FieldValueTooLong",
        /// The list has too many items.
        TooMany = "FieldValueTooMany",
    }
}

impl FieldErrorType {
    /// Returns the words in which `kubectl` prints the type.
    const fn phrase(self) -> &'static str {
        match self {
            FieldErrorType::Duplicate => "Duplicate value",
            FieldErrorType::Forbidden => "Forbidden",
            FieldErrorType::Invalid => "Invalid value",
            FieldErrorType::NotFound => "Not found",
            FieldErrorType::NotSupported => "Unsupported value",
            FieldErrorType::Required => "Required value",
            FieldErrorType::TooLong => "Too long",
            FieldErrorType::TooMany => "Too many",
        }
    }
}

/// A value that a field may not have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BadValue {
    /// A number; of a list that is too long, how many items it has.
    Number(i64),
    /// A string, as it was written.
    Text(String),
}

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadValue::Number(number) => write!(f, "{number}"),
            BadValue::Text(text) => write!(f, "{}", Quoted(text)),
        }
    }
}

/// The longest text that is shown whole, in bytes.
const LONGEST_SHOWN: usize = 256;

/// Quoted text, cut to 64 characters if it is longer than 256 bytes.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Quoted(text) = self;
        if text.len() <= LONGEST_SHOWN {
            return write!(f, "{text:?}");
        }
        // By characters: a cut within one would not be UTF-8.
        let shown: String = text.chars().take(64).collect();
        write!(f, "{shown:?}… ({} bytes)", text.len())
    }
}

impl From<i32> for BadValue {
    fn from(number: i32) -> BadValue {
        BadValue::Number(number.into())
    }
}

impl From<i64> for BadValue {
    fn from(number: i64) -> BadValue {
        BadValue::Number(number)
    }
}

impl From<&str> for BadValue {
    fn from(text: &str) -> BadValue {
        BadValue::Text(text.into())
    }
}

impl From<&String> for BadValue {
    fn from(text: &String) -> BadValue {
        BadValue::Text(text.clone())
    }
}

/// One problem of one field, reading as `kubectl` prints it.
///
/// ```
/// use pod_lifecycle::api::{FieldError, FieldErrorType};
///
/// let error = FieldError::new("spec.containers[0].name", FieldErrorType::Required, "");
/// assert_eq!(error.to_string(), "spec.containers[0].name: Required value");
/// assert_eq!(error.kind.to_string(), "FieldValueRequired");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct FieldError {
    /// The field, as a path from the Pod.
    pub field: String,
    /// Type of the problem, which says if there is a bad value.
    pub kind: FieldErrorType,
    /// Value of the field, where the kind has one.
    pub bad_value: Option<BadValue>,
    /// Message for people; empty if the kind suffices.
    pub detail: String,
}

impl FieldError {
    /// Creates a problem without a bad value.
    #[must_use]
    pub fn new(field: impl Into<String>, kind: FieldErrorType, detail: impl Into<String>) -> FieldError {
        FieldError { field: field.into(), kind, bad_value: None, detail: detail.into() }
    }

    /// Returns the sort key: field, then type, then detail.
    fn key(&self) -> (&str, FieldErrorType, &str) {
        (&self.field, self.kind, &self.detail)
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.kind.phrase())?;
        if let Some(value) = &self.bad_value {
            write!(f, ": {value}")?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a Pod, sorted by field, then type, then detail.
///
/// ```
/// use pod_lifecycle::api::{PodManifest, validate};
///
/// let invalid = validate(&PodManifest::default().with_defaults()).unwrap_err();
/// assert_eq!(invalid.errors().len(), 2);
/// assert_eq!(
///     invalid.to_string(),
///     r#"Pod "" is invalid: [metadata.name: Required value: name or generateName is required, spec.containers: Required value]"#,
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    name: String,
    errors: Vec<FieldError>,
}

impl Invalid {
    /// Sorts the problems of the Pod of that name.
    pub(crate) fn new(name: &str, mut errors: Vec<FieldError>) -> Invalid {
        // Kubernetes reports in the order of its checks, which changes between versions: sorted, the text stays the
        // same.
        errors.sort_by(|a, b| a.key().cmp(&b.key()));
        Invalid { name: name.into(), errors }
    }

    /// Returns the problems, sorted.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pod {} is invalid: ", Quoted(&self.name))?;
        // As `Aggregate` of apimachinery: brackets only around several.
        if let [error] = self.errors.as_slice() {
            return write!(f, "{error}");
        }
        for (index, error) in self.errors.iter().enumerate() {
            let before = if index == 0 { "[" } else { ", " };
            write!(f, "{before}{error}")?;
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{BadValue, FieldError, FieldErrorType, Invalid};
    use crate::api::Name;

    fn error(field: &str, kind: FieldErrorType, bad_value: Option<BadValue>, detail: &str) -> FieldError {
        FieldError { field: field.into(), kind, bad_value, detail: detail.into() }
    }

    #[test]
    fn a_problem_reads_as_kubectl_prints_it() {
        let image = error("spec.containers[0].image", FieldErrorType::Invalid, Some(" a".into()), "no whitespace");
        assert_eq!(image.to_string(), r#"spec.containers[0].image: Invalid value: " a": no whitespace"#);
        let rules = error("rules", FieldErrorType::TooMany, Some(21.into()), "must have at most 20 items");
        assert_eq!(rules.to_string(), "rules: Too many: 21: must have at most 20 items");
    }

    #[test]
    fn types_sort_as_their_words_do() {
        assert!(FieldErrorType::ALL.is_sorted());
        assert!(FieldErrorType::ALL.iter().map(|kind| kind.name()).is_sorted());
    }

    #[test]
    fn problems_are_sorted_by_field_then_type_then_detail() {
        let sorted = [
            error("a", FieldErrorType::Duplicate, None, "z"),
            error("a", FieldErrorType::Invalid, None, "x"),
            error("a", FieldErrorType::Invalid, None, "y"),
            error("b", FieldErrorType::Duplicate, None, ""),
        ];
        let invalid = Invalid::new("web", sorted.iter().rev().cloned().collect());
        assert_eq!(invalid.errors(), sorted);
    }
}
