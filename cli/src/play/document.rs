//! The life for programs, as JSON or YAML.

use pod_lifecycle::{api::PodManifest, budget::Budget};
use serde::Serialize;

use crate::{
    failure::Failure,
    play::{
        life::Life,
        moment::{Moment, offset},
    },
};

/// One JSON document.
pub(crate) fn json(life: &Life, budget: Option<&Budget>) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(&Document::of(life, budget));
    text.map(|text| text + "\n").map_err(|error| Failure::new("output", error.to_string()))
}

/// The same as YAML.
pub(crate) fn yaml(life: &Life, budget: Option<&Budget>) -> Result<String, Failure> {
    serde_saphyr::to_string(&Document::of(life, budget)).map_err(|error| Failure::new("output", error.to_string()))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    start: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<&'a Budget>,
    moments: Vec<&'a Moment>,
    /// How many moments between the first and the last ones of a long life are missing.
    #[serde(skip_serializing_if = "is_zero")]
    moments_left_out: usize,
    end: End,
    /// The API object at the end, or as it last was.
    pod: &'a PodManifest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct End {
    offset: String,
    seconds: f64,
    /// Whether the kubelet was done with the Pod.
    finished: bool,
    /// When it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_from_api: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Document<'_> {
    fn of<'a>(life: &'a Life, budget: Option<&'a Budget>) -> Document<'a> {
        Document {
            description: &life.description,
            start: life.start.to_string(),
            budget,
            moments: life.moments.iter().collect(),
            moments_left_out: life.moments.left_out(),
            end: End {
                offset: offset(life.end),
                seconds: life.end.as_secs_f64(),
                finished: life.finished.is_some(),
                finished_at: life.finished.map(offset),
                removed_from_api: life.removed.map(offset),
            },
            pod: &life.pod,
        }
    }
}
