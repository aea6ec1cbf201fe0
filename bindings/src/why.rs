//! Why: explanations of observed Pods, the most urgent first.

use std::collections::BTreeMap;

use pod_lifecycle::{
    Timestamp,
    config::KubeletConfig,
    explain::{Explanation, ObservedPod, Urgency},
    status::EventObject,
};
use serde::Serialize;

use crate::{
    input::{self, Kind, Object, Options},
    problem::{InputError, Problem, problems_of_observation},
    row::Row,
};

/// Explanations of Pods.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Why {
    /// Numbers of Pods.
    pub counts: Counts,
    /// Explained Pods, the most urgent first.
    pub pods: Vec<Explained>,
    /// Numbers of the objects that are no Pods, by kind.
    pub skipped: BTreeMap<String, usize>,
    /// Objects that cannot be read.
    pub problems: Vec<Problem>,
}

/// Numbers of Pods, by urgency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// All Pods.
    pub pods: usize,
    /// Something is wrong and stays so.
    pub trouble: usize,
    /// Running, but restarted within the last hour.
    pub restarted: usize,
    /// Starting or being stopped.
    pub changing: usize,
    /// Ready.
    pub well: usize,
    /// Succeeded.
    pub done: usize,
    /// Events that were read.
    pub events: usize,
}

/// Explanation of one Pod.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// Row of `kubectl get pods`.
    pub row: Row,
    /// Urgency of its state.
    #[cfg_attr(feature = "typescript", tsify(type = "string"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub urgency: Urgency,
    /// Cause in one clause, the same for Pods with the same trouble.
    pub cause: String,
    /// Explanation as text.
    pub text: String,
    /// Explanation as data.
    #[cfg_attr(feature = "typescript", tsify(type = "Record<string, any>"))]
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub explanation: Explanation,
    /// Contradictions in the object's status.
    pub contradictions: Vec<Problem>,
}

impl Why {
    /// Explains the Pods of a text: one, or a list.
    ///
    /// # Errors
    ///
    /// [`InputError`] if the text cannot be read, or has no Pods.
    pub fn of(text: &str, options: &Options) -> Result<Why, InputError> {
        let now = options.now()?;
        let node = KubeletConfig::default().with_kubernetes(options.kubernetes());
        let input = input::value(text)?;
        let objects = input::objects(&input)?;
        let of_options = options.events.as_ref().map(input::objects).transpose();
        let of_options = of_options.map_err(|error| error.below(OF_OPTIONS))?.unwrap_or_default();
        let mut why =
            Why { counts: Counts::default(), pods: Vec::new(), skipped: BTreeMap::new(), problems: Vec::new() };
        let mut events: BTreeMap<(String, String), Vec<EventObject>> = BTreeMap::new();
        let all = objects.iter().map(|object| (object, "")).chain(of_options.iter().map(|object| (object, OF_OPTIONS)));
        for (object, path) in all.filter(|(object, _)| object.kind == Kind::Event) {
            match object.event() {
                Ok(event) => {
                    why.counts.events = why.counts.events.saturating_add(1);
                    let of = &event.involved_object;
                    events.entry((of.namespace.clone(), of.name.clone())).or_default().push(event);
                }
                Err(problem) => why.problems.push(problem.below(path)),
            }
        }
        let mut is_about_pods = false;
        for object in &objects {
            match object.kind {
                Kind::Pod => {
                    is_about_pods = true;
                    match explained(object, &events, &node, now) {
                        Ok(pod) => why.add(pod),
                        Err(problems) => why.problems.extend(problems),
                    }
                }
                Kind::Event => {}
                Kind::Workload(_) | Kind::Other(_) => {
                    let count = why.skipped.entry(object.kind_name().into()).or_default();
                    *count = count.saturating_add(1);
                }
            }
        }
        // An empty list has no Pod in trouble; another object is a mistake.
        if !is_about_pods && !objects.is_empty() {
            let names: Vec<String> = objects.iter().map(Object::called).collect();
            return Err(Problem::at("", format!("expected Pods, found {}", names.join(", "))).into());
        }
        if why.pods.is_empty() && !why.problems.is_empty() {
            return Err(why.problems.into());
        }
        why.pods.sort_by_key(|pod| pod.urgency);
        Ok(why)
    }

    fn add(&mut self, pod: Explained) {
        let counts = &mut self.counts;
        let one = |count: &mut usize| *count = count.saturating_add(1);
        one(&mut counts.pods);
        match pod.urgency {
            Urgency::Trouble => one(&mut counts.trouble),
            Urgency::Restarted => one(&mut counts.restarted),
            Urgency::Changing => one(&mut counts.changing),
            Urgency::Well => one(&mut counts.well),
            Urgency::Done => one(&mut counts.done),
            _ => {}
        }
        self.pods.push(pod);
    }
}

/// Path of the events in the options.
const OF_OPTIONS: &str = "options.events";

fn explained(
    object: &Object<'_>,
    events: &BTreeMap<(String, String), Vec<EventObject>>,
    node: &KubeletConfig,
    now: Timestamp,
) -> Result<Explained, Vec<Problem>> {
    let observed = ObservedPod::from_manifest(object.pod().map_err(|problem| vec![problem])?).map_err(|error| {
        let problems = problems_of_observation(&error).problems;
        problems.into_iter().map(|problem| object.locate(problem)).collect::<Vec<_>>()
    })?;
    let metadata = &observed.manifest().metadata;
    let about = events.get(&(metadata.namespace.clone(), metadata.name.clone()));
    let observed = observed.with_events(about.into_iter().flatten());
    let explanation = observed.explain_on(node, now);
    let contradictions = observed.inconsistencies();
    Ok(Explained {
        row: Row::of(observed.manifest(), now),
        urgency: explanation.urgency(),
        cause: explanation.cause(),
        text: explanation.to_string(),
        explanation,
        contradictions: contradictions.iter().map(|it| Problem::at(&it.field, it.what.to_string())).collect(),
    })
}
