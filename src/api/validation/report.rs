//! The problems found so far.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    error::{BadValue, FieldError, FieldErrorType, Invalid},
    path::Path,
};
use crate::api::{Name, Named, PodManifest};

/// The problems found so far.
#[derive(Default)]
pub(super) struct Report {
    errors: Vec<FieldError>,
}

impl Report {
    /// The verdict on the Pod.
    pub(super) fn finish(self, pod: &PodManifest) -> Result<(), Invalid> {
        let metadata = &pod.metadata;
        let name = if metadata.name.is_empty() { &metadata.generate_name } else { &metadata.name };
        if self.errors.is_empty() { Ok(()) } else { Err(Invalid::new(name, self.errors)) }
    }

    /// How many problems there are.
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

    /// Each of the problems that one value has.
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

    /// A word that is none of the supported ones, all of which are listed.
    pub(super) fn not_supported<'a>(
        &mut self,
        field: &Path<'_>,
        value: &str,
        supported: impl Iterator<Item = &'a str>,
    ) {
        let supported: Vec<String> = supported.map(|word| format!("{word:?}")).collect();
        let detail = format!("supported values: {}", supported.join(", "));
        self.push(field, FieldErrorType::NotSupported, Some(value.into()), detail);
    }

    /// A word that has to be there and has to be one of the known.
    pub(super) fn named<T: Name>(&mut self, field: &Path<'_>, word: Option<&Named<T>>) {
        if word.is_none_or(|word| word.as_str().is_empty()) {
            self.required(field, "");
        } else {
            self.known(field, word);
        }
    }

    /// A word that has to be one of the known; none of them is the empty one.
    pub(super) fn known<T: Name>(&mut self, field: &Path<'_>, word: Option<&Named<T>>) {
        if word.and_then(Named::known).is_none() {
            let supported = T::ALL.iter().map(|word| word.name());
            self.not_supported(field, word.map_or("", Named::as_str), supported);
        }
    }

    fn push(&mut self, field: &Path<'_>, kind: FieldErrorType, bad_value: Option<BadValue>, detail: String) {
        self.errors.push(FieldError { field: field.to_string(), kind, bad_value, detail });
    }
}
