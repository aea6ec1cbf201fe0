//! Query parameters.

use std::time::Duration;

use pod_lifecycle::api::FieldErrorType;

use super::{
    selector::{FieldSelector, LabelSelector},
    status::{StatusError, field_error},
};

/// The parameters of `ListOptions`, `CreateOptions`, `PatchOptions` and their like that are heeded here.
#[derive(Clone, Debug, Default)]
pub(super) struct Query {
    pub(super) labels: LabelSelector,
    pub(super) fields: FieldSelector,
    pub(super) limit: Option<usize>,
    pub(super) continue_token: Option<String>,
    pub(super) resource_version: Option<u64>,
    pub(super) version_match: Option<VersionMatch>,
    pub(super) watch: Option<WatchQuery>,
    pub(super) effect: Effect,
    pub(super) grace_period_seconds: Option<i64>,
    pub(super) propagation_policy: Option<String>,
    pub(super) include_object: IncludeObject,
    pub(super) field_manager: Option<String>,
    /// Takes fields from other managers (`force` of an apply).
    pub(super) force: bool,
    pub(super) field_validation: FieldValidation,
}

/// `fieldValidation`: treatment of fields that a type does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum FieldValidation {
    Ignore,
    #[default]
    Warn,
    Strict,
}

/// `resourceVersionMatch` of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VersionMatch {
    Exact,
    NotOlderThan,
}

/// Parameters of a watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct WatchQuery {
    pub(super) bookmarks: Bookmarks,
    pub(super) start: Start,
    /// Duration of the watch.
    pub(super) timeout: Option<Duration>,
}

/// Bookmarks of a watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Bookmarks {
    Allowed,
    #[default]
    Unasked,
}

/// Start of a watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Start {
    /// With the existing objects and a bookmark at their end (`sendInitialEvents=true`).
    InitialEvents,
    /// At its resource version.
    #[default]
    ByVersion,
}

/// Effect of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Effect {
    #[default]
    Stored,
    /// `dryRun=All`: answered, not stored.
    DryRun,
}

/// `includeObject` of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum IncludeObject {
    Nothing,
    #[default]
    Metadata,
    Object,
}

impl Query {
    pub(super) fn read(query: &str) -> Result<Query, StatusError> {
        let mut read = Query::default();
        let (mut watched, mut watch) = (false, WatchQuery::default());
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "labelSelector" => read.labels = value.parse()?,
                "fieldSelector" => read.fields = value.parse()?,
                "limit" => read.limit = non_zero(&key, &value)?,
                "continue" => read.continue_token = Some(value.into_owned()).filter(|token| !token.is_empty()),
                "resourceVersion" => read.resource_version = resource_version(&value)?,
                "resourceVersionMatch" => read.version_match = version_match(&value)?,
                "dryRun" => read.effect = effect(&value)?,
                "gracePeriodSeconds" => read.grace_period_seconds = Some(number(&key, &value)?),
                "propagationPolicy" => read.propagation_policy = Some(value.into_owned()).filter(|it| !it.is_empty()),
                "includeObject" => read.include_object = include_object(&value)?,
                "fieldManager" => read.field_manager = Some(value.into_owned()),
                "force" => read.force = flag(&value),
                "fieldValidation" => read.field_validation = field_validation(&value)?,
                "watch" => watched = flag(&value),
                "allowWatchBookmarks" if flag(&value) => watch.bookmarks = Bookmarks::Allowed,
                "sendInitialEvents" if flag(&value) => watch.start = Start::InitialEvents,
                "timeoutSeconds" => {
                    watch.timeout = non_zero(&key, &value)?.map(|seconds| Duration::from_secs(seconds as u64))
                }
                _ => {}
            }
        }
        if watched {
            read.watch = Some(watch);
        }
        read.check()
    }

    /// <https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list>
    fn check(self) -> Result<Query, StatusError> {
        let forbidden = |detail: &str| {
            let error = field_error("resourceVersionMatch", FieldErrorType::Forbidden, None, detail);
            Err(StatusError::invalid_option("ListOptions", error))
        };
        let is_watch_of_all = self.watch.is_some_and(|watch| watch.start == Start::InitialEvents);
        match self.version_match {
            Some(VersionMatch::NotOlderThan) if is_watch_of_all => Ok(self),
            _ if is_watch_of_all => {
                forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
            }
            Some(_) if self.watch.is_some() => {
                forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
            }
            Some(_) if self.resource_version.is_none() => {
                forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided")
            }
            Some(VersionMatch::Exact) if self.resource_version == Some(0) => {
                forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")
            }
            Some(_) | None => Ok(self),
        }
    }
}

/// Parses a resource version; `None` if empty.
pub(super) fn resource_version(text: &str) -> Result<Option<u64>, StatusError> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        StatusError::bad_request(format!(
            "invalid resource version: resourceVersion: Invalid value: {text:?}: it is no number"
        ))
    })
}

/// Parses `dryRun`.
pub(super) fn effect(text: &str) -> Result<Effect, StatusError> {
    match text {
        "" => Ok(Effect::Stored),
        "All" => Ok(Effect::DryRun),
        other => Err(unsupported("CreateOptions", "dryRun", other, "\"All\"")),
    }
}

fn field_validation(text: &str) -> Result<FieldValidation, StatusError> {
    match text {
        "" | "Warn" => Ok(FieldValidation::Warn),
        "Ignore" => Ok(FieldValidation::Ignore),
        "Strict" => Ok(FieldValidation::Strict),
        other => Err(unsupported("CreateOptions", "fieldValidation", other, "\"Ignore\", \"Strict\", \"Warn\"")),
    }
}

fn version_match(text: &str) -> Result<Option<VersionMatch>, StatusError> {
    match text {
        "" => Ok(None),
        "Exact" => Ok(Some(VersionMatch::Exact)),
        "NotOlderThan" => Ok(Some(VersionMatch::NotOlderThan)),
        other => Err(unsupported("ListOptions", "resourceVersionMatch", other, "\"Exact\", \"NotOlderThan\"")),
    }
}

/// Returns the error of an unknown value.
pub(super) fn unsupported(options: &str, field: &str, word: &str, supported: &str) -> StatusError {
    let detail = format!("supported values: {supported}");
    StatusError::invalid_option(options, field_error(field, FieldErrorType::NotSupported, Some(word), detail))
}

fn include_object(text: &str) -> Result<IncludeObject, StatusError> {
    match text {
        "" | "Metadata" => Ok(IncludeObject::Metadata),
        "None" => Ok(IncludeObject::Nothing),
        "Object" => Ok(IncludeObject::Object),
        other => Err(StatusError::bad_request(format!(
            "Invalid value: {other:?}: must be 'Metadata', 'Object', 'None', or empty"
        ))),
    }
}

fn number(key: &str, text: &str) -> Result<i64, StatusError> {
    text.parse().map_err(|_| StatusError::bad_request(format!("{key}: Invalid value: {text:?}: it is no number")))
}

/// Parses a count; `None` if zero.
fn non_zero(key: &str, text: &str) -> Result<Option<usize>, StatusError> {
    let number = number(key, text)?;
    let number = usize::try_from(number)
        .map_err(|_| StatusError::bad_request(format!("{key}: Invalid value: {text:?}: must not be negative")))?;
    Ok(Some(number).filter(|number| *number > 0))
}

/// Parses a flag as Go does: everything but a clear no is a yes.
fn flag(text: &str) -> bool {
    !matches!(text, "0" | "false" | "False" | "FALSE" | "f" | "F")
}
