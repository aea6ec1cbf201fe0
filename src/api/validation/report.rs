//! Field paths, and the problems found so far (k8s.io/apimachinery/pkg/util/validation/field).

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

use core::fmt;

use super::error::{BadValue, FieldError, FieldErrorType, Invalid};
use crate::api::{Name, Named, PodManifest};

/// Path from the Pod to a field, as in `spec.containers[0].name`.
#[derive(Clone, Copy)]
pub(super) struct Path<'a> {
    // A linked list on the stack: a path is written out only for an error, so valid Pods allocate none.
    parent: Option<&'a Path<'a>>,
    step: Segment<'a>,
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Field(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    /// Creates the path of a field of the Pod itself.
    pub(super) const fn root(field: &'a str) -> Path<'a> {
        Path { parent: None, step: Segment::Field(field) }
    }

    /// Returns the path of a field below this one.
    pub(super) const fn child(&'a self, field: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Segment::Field(field) }
    }

    /// Returns the path of an item of this list.
    pub(super) const fn index(&'a self, index: usize) -> Path<'a> {
        Path { parent: Some(self), step: Segment::Index(index) }
    }

    /// Returns the path of an entry of this map.
    pub(super) const fn key(&'a self, key: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Segment::Key(key) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}")?;
        }
        match self.step {
            Segment::Field(field) if self.parent.is_none() => f.write_str(field),
            Segment::Field(field) => write!(f, ".{field}"),
            Segment::Index(index) => write!(f, "[{index}]"),
            Segment::Key(key) => write!(f, "[{key}]"),
        }
    }
}

/// The problems found so far.
#[derive(Default)]
pub(super) struct Report {
    errors: Vec<FieldError>,
}

impl Report {
    /// Returns `Invalid` if a problem was recorded.
    pub(super) fn finish(self, pod: &PodManifest) -> Result<(), Invalid> {
        let metadata = &pod.metadata;
        // A Pod without a name is known by its prefix.
        let name = if metadata.name.is_empty() { &metadata.generate_name } else { &metadata.name };
        if self.errors.is_empty() { Ok(()) } else { Err(Invalid::new(name, self.errors)) }
    }

    /// Returns the first problem, if there is one.
    pub(super) fn into_first(self) -> Option<FieldError> {
        self.errors.into_iter().next()
    }

    /// Returns the number of problems so far.
    pub(super) fn len(&self) -> usize {
        self.errors.len()
    }

    pub(super) fn required(&mut self, field: &Path<'_>, detail: &'static str) {
        self.push(field, FieldErrorType::Required, None, detail.into());
    }

    pub(super) fn forbidden(&mut self, field: &Path<'_>, detail: &'static str) {
        self.push(field, FieldErrorType::Forbidden, None, detail.into());
    }

    pub(super) fn invalid(&mut self, field: &Path<'_>, value: impl Into<BadValue>, detail: impl Into<String>) {
        self.push(field, FieldErrorType::Invalid, Some(value.into()), detail.into());
    }

    /// Reports each of the problems that one value has.
    pub(super) fn all_invalid(&mut self, field: &Path<'_>, value: &str, problems: Vec<Cow<'static, str>>) {
        for problem in problems {
            self.invalid(field, value, problem);
        }
    }

    pub(super) fn duplicate(&mut self, field: &Path<'_>, value: &str) {
        self.push(field, FieldErrorType::Duplicate, Some(value.into()), String::new());
    }

    pub(super) fn not_found(&mut self, field: &Path<'_>, value: &str) {
        self.push(field, FieldErrorType::NotFound, Some(value.into()), String::new());
    }

    pub(super) fn too_long(&mut self, field: &Path<'_>, longest: usize) {
        self.push(field, FieldErrorType::TooLong, None, format!("must be no more than {longest} bytes"));
    }

    pub(super) fn too_many(&mut self, field: &Path<'_>, count: usize, most: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let detail = format!("must have at most {most} items");
        self.push(field, FieldErrorType::TooMany, Some(count.into()), detail);
    }

    /// Reports an unsupported value, with all supported ones.
    pub(super) fn not_supported<'a>(
        &mut self,
        field: &Path<'_>,
        value: &str,
        supported: impl Iterator<Item = &'a str>,
    ) {
        // All of them, quoted, as `field.NotSupported` lists them.
        let supported: Vec<String> = supported.map(|word| format!("{word:?}")).collect();
        let detail = format!("supported values: {}", supported.join(", "));
        self.push(field, FieldErrorType::NotSupported, Some(value.into()), detail);
    }

    /// Requires a value that is set and known.
    pub(super) fn named<T: Name>(&mut self, field: &Path<'_>, word: Option<&Named<T>>) {
        if word.is_none_or(|word| word.as_str().is_empty()) {
            self.required(field, "");
        } else {
            self.known(field, word);
        }
    }

    /// Requires a known value; the empty string is none.
    pub(super) fn known<T: Name>(&mut self, field: &Path<'_>, word: Option<&Named<T>>) {
        // Go checks membership of a set, in which the empty string is not.
        if word.and_then(Named::known).is_none() {
            let supported = T::ALL.iter().map(|word| word.name());
            self.not_supported(field, word.map_or("", Named::as_str), supported);
        }
    }

    fn push(&mut self, field: &Path<'_>, kind: FieldErrorType, bad_value: Option<BadValue>, detail: String) {
        self.errors.push(FieldError { field: field.to_string(), kind, bad_value, detail });
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::Path;

    #[test]
    fn a_path_reads_as_kubernetes_writes_it() {
        let spec = Path::root("spec");
        let containers = spec.child("containers");
        assert_eq!(containers.index(0).child("name").to_string(), "spec.containers[0].name");
        assert_eq!(spec.child("map").key("a/b").to_string(), "spec.map[a/b]");
    }
}
