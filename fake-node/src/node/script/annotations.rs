//! Parser of the `fake/` annotations.
//!
//! Each is a list `CONTAINER=WORD,…`; `*` stands for every container that is not named.

use std::time::Duration;

use pod_lifecycle::{
    api::PodManifest,
    sim::{InstructionKind, Script, ScriptAction, ScriptActionKind, parse_time},
    spec::PodSpec,
};

/// Prefix of all annotations that a node reads.
const PREFIX: &str = "fake/";

/// Stands in the container's place for the Pod as a whole.
const POD: &str = "pod";

/// Invalid annotation: not understood, or impossible for its container.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
/// # runtime.block_on(async {
/// use fake_node::{Node, api_server::ApiServer};
/// use k8s_openapi::api::core::v1::Pod;
/// use kube::{Api, runtime::wait::await_condition};
/// use serde_json::json;
///
/// let server = ApiServer::new();
/// let _node = Node::new(server.client()).named("node-1").start().await?;
/// let pods: Api<Pod> = Api::default_namespaced(server.client());
/// pods.create(&Default::default(), &serde_json::from_value(json!({
///     "metadata": {"name": "web", "annotations": {"fake/exit": "app=soon"}},
///     "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "nginx"}]}
/// }))?).await?;
/// let refused = |pod: Option<&Pod>| pod?.status.as_ref()?.message.clone();
/// await_condition(pods.clone(), "web", |pod: Option<&Pod>| refused(pod).is_some()).await?;
/// let message = refused(Some(&pods.get("web").await?)).unwrap();
/// assert!(message.contains(r#"fake/exit: app="soon": wanted SECONDS:CODE, SECONDS:oom or -"#), "{message}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{annotation}: {problem}")]
pub struct AnnotationError {
    annotation: String,
    problem: String,
}

/// Applies a Pod's annotations to its script.
pub(in crate::node) fn apply(pod: &PodManifest, spec: &PodSpec, script: &mut Script) -> Result<(), AnnotationError> {
    for (annotation, value) in pod.metadata.annotations.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
        apply_one(annotation, value, spec, script)
            .map_err(|problem| AnnotationError { annotation: annotation.clone(), problem })?;
    }
    Ok(())
}

fn apply_one(annotation: &str, value: &str, spec: &PodSpec, script: &mut Script) -> Result<(), String> {
    let name = annotation.strip_prefix(PREFIX).unwrap_or(annotation);
    if let Ok(kind) = name.parse::<InstructionKind>() {
        return script.instruct(kind, value, spec).map_err(|error| error.to_string());
    }
    match name {
        "evict-after" => node_action(value, &ScriptActionKind::Evict { message: None, grace: None }, script),
        "shutdown-after" => node_action(value, &ScriptActionKind::Shutdown { grace: None }, script),
        "sandbox-dies-after" => {
            script.sandbox_deaths.extend(times(value)?);
            Ok(())
        }
        _ => Err("there is no such annotation; known are exit, stop, ready-after, started-after, live-until, pull, \
                  evict-after, shutdown-after and sandbox-dies-after"
            .into()),
    }
}

/// Adds an action of the node at each time.
fn node_action(value: &str, kind: &ScriptActionKind, script: &mut Script) -> Result<(), String> {
    script.actions.extend(times(value)?.into_iter().map(|at| ScriptAction { at, kind: kind.clone() }));
    Ok(())
}

/// Parses times since the start of the Pod: `pod=SECONDS`.
fn times(value: &str) -> Result<Vec<Duration>, String> {
    let time = |item: &str| match item.split_once('=') {
        Some((name, time)) if name.trim() == POD => {
            parse_time(time.trim()).ok_or_else(|| format!("{POD}={time:?}: wanted seconds"))
        }
        Some((name, _)) => Err(format!("{name:?} is not the Pod: wanted {POD}=SECONDS")),
        None => Err(format!("{item:?} is not {POD}=SECONDS")),
    };
    value.split(',').map(time).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn script(annotation: &str, value: &str) -> Result<Script, String> {
        let pod: PodManifest = serde_json::from_value(json!({
            "metadata": {"name": "web", "annotations": {annotation: value}},
            "spec": {
                "initContainers": [{"name": "setup", "image": "i"}],
                "containers": [
                    {"name": "app", "image": "i", "readinessProbe": {"exec": {"command": ["true"]}}},
                    {"name": "log", "image": "i"},
                ],
            },
        }))
        .unwrap();
        let spec = PodSpec::from_admitted(&pod).unwrap();
        let mut script = Script::default();
        apply(&pod, &spec, &mut script).map_err(|error| error.to_string())?;
        Ok(script)
    }

    #[test]
    fn each_run_exits_as_its_item_says() {
        let it = script("fake/exit", "app=5:1/-").unwrap();
        let runs = &it.containers["app"].runs;
        assert_eq!((runs[0].exits_after, runs[0].exit_code), (Some(Duration::from_secs(5)), 1));
        assert_eq!((runs[1].exits_after, runs.len()), (None, 2));
        assert!(!it.containers.contains_key("log"));
    }

    #[test]
    fn a_name_takes_precedence_over_a_star() {
        let it = script("fake/exit", "*=9:0,log=1:oom").unwrap();
        assert_eq!(it.containers["app"].runs[0].exits_after, Some(Duration::from_secs(9)));
        assert_eq!(it.containers["setup"].runs[0].exits_after, Some(Duration::from_secs(9)));
        assert!(it.containers["log"].runs[0].oom_killed);
    }

    #[test]
    fn an_init_container_with_only_a_stop_still_exits_after_a_second() {
        let it = script("fake/stop", "setup=9:1").unwrap();
        let run = &it.containers["setup"].runs[0];
        assert_eq!((run.exits_after, run.sigterm_exit_after), (Some(Duration::from_secs(1)), Duration::from_secs(9)));
    }

    #[test]
    fn a_message_may_have_commas() {
        let it = script("fake/pull", "app=no such image, sorry,log=no").unwrap();
        assert_eq!(it.containers["app"].image.error.as_deref(), Some("no such image, sorry"));
        assert_eq!(it.containers["log"].image.error.as_deref(), Some("no"));
    }

    #[test]
    fn a_star_stands_for_each_container_with_such_a_probe() {
        let it = script("fake/ready-after", "*=7").unwrap();
        assert_eq!(it.containers.keys().collect::<Vec<_>>(), ["app"]);
    }

    #[test]
    fn an_invalid_annotation_is_refused_with_its_reason() {
        for (annotation, value, message) in [
            ("fake/exit", "app", r#"fake/exit: "app" is not CONTAINER=WORD"#),
            ("fake/exit", "app=5", r#"fake/exit: app="5": wanted SECONDS:CODE, SECONDS:oom or -, with / between runs"#),
            (
                "fake/exit",
                "app=5:999",
                r#"fake/exit: app="5:999": wanted SECONDS:CODE, SECONDS:oom or -, with / between runs"#,
            ),
            ("fake/exit", "db=5:1", r#"fake/exit: the Pod has no container "db""#),
            ("fake/ready-after", "log=1", r#"fake/ready-after: container "log" has no readinessProbe"#),
            ("fake/evict-after", "app=1", r#"fake/evict-after: "app" is not the Pod: wanted pod=SECONDS"#),
            ("fake/stop", "app=-1:0", r#"fake/stop: app="-1:0": wanted SECONDS:CODE"#),
        ] {
            assert_eq!(script(annotation, value), Err(message.into()));
        }
        assert!(script("fake/exits", "app=1:1").unwrap_err().starts_with("fake/exits: there is no such annotation"));
    }
}
