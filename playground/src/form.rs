//! Form for the common parts of a script.

use std::time::Duration;

use pod_lifecycle::{
    api::{Container, PodManifest, RestartPolicy},
    config::KubernetesVersion,
    rule::probe::ProbeOutcome,
    sim::{ContainerScript, IntoDuration, ProbeStep, Run, ScriptAction, ScriptActionKind, Settings, to_seconds},
};
use serde::{Deserialize, Serialize};

use crate::script_file::ScriptFile;

/// Script as a form: what it cannot show stays in the text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Form {
    /// Length of the scenario in seconds; `None` is 600.
    pub end_seconds: Option<f64>,
    /// True if the PLEG relists once per second, as on a real node.
    pub real_node: bool,
    /// Version of the kubelet.
    #[serde(default)]
    pub kubernetes: KubernetesVersion,
    /// Versions to choose from.
    #[serde(default)]
    pub versions: Vec<KubernetesVersion>,
    /// Containers, in the order of the manifest.
    pub containers: Vec<FormContainer>,
    /// Actions that the form can show.
    pub actions: Vec<FormAction>,
    /// Number of actions that only the text shows.
    #[serde(default)]
    pub other_actions: usize,
}

/// Script of one container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormContainer {
    /// Container name.
    pub name: String,
    /// `init`, `sidecar`, or empty.
    pub kind: String,
    /// Duration of the image pull in seconds; `None` if the image is on the node.
    pub pull_seconds: Option<f64>,
    /// Number of pulls that fail first.
    pub pull_failures: u32,
    /// Runs, at least one; the last one repeats.
    pub runs: Vec<FormRun>,
    /// Probes of the container.
    #[serde(default)]
    pub probes: Vec<String>,
}

/// Run of a container's process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormRun {
    /// Seconds after which it exits; `None` for never.
    pub exits_after: Option<f64>,
    /// Exit code.
    pub exit_code: i32,
    /// Seconds from SIGTERM to its exit; `None` if it ignores SIGTERM.
    pub after_sigterm: Option<f64>,
    /// Seconds during which the startup probe fails: `0-12, 60-90, 180-`.
    pub startup_fails: String,
    /// The same for the readiness probe.
    pub readiness_fails: String,
    /// The same for the liveness probe.
    pub liveness_fails: String,
}

/// Action on the Pod or its node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FormAction {
    /// Time in seconds.
    pub t: f64,
    /// Kind.
    pub op: FormActionKind,
}

/// Actions that the form can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FormActionKind {
    /// `kubectl delete`.
    Delete,
    /// `kubectl delete --force`.
    ForceDelete,
    /// Eviction by the kubelet.
    Evict,
    /// Preemption by a critical Pod.
    Preempt,
    /// The node shuts down.
    Shutdown,
    /// The kubelet restarts.
    KubeletRestart,
    /// The node becomes unreachable.
    NodeLost,
    /// The node is reachable again.
    NodeRecovered,
}

/// Writes a form, in JSON, into a script. Returns `None` if either cannot be read.
pub(crate) fn fill_in(script: &str, form: &str) -> Option<String> {
    let form: Form = serde_json::from_str(form).ok()?;
    let mut file = ScriptFile::read(script).ok()?;
    form.write_into(&mut file);
    file.to_text().ok()
}

impl Form {
    pub(crate) fn of(pod: &PodManifest, file: &ScriptFile) -> Form {
        let spec = &pod.spec;
        let init = spec.init_containers.iter().map(|it| (it, if is_sidecar(it) { "sidecar" } else { "init" }));
        let containers = init.chain(spec.containers.iter().map(|it| (it, "")));
        let actions: Vec<FormAction> = file.script.actions.iter().filter_map(FormAction::of).collect();
        Form {
            end_seconds: file.script.end.map(to_seconds),
            real_node: file.config.pleg.is_some(),
            kubernetes: file.config.kubernetes,
            versions: KubernetesVersion::ALL.to_vec(),
            containers: containers.map(|(container, kind)| FormContainer::of(container, kind, file)).collect(),
            other_actions: file.script.actions.len().saturating_sub(actions.len()),
            actions,
        }
    }

    /// Writes the form into a script, and keeps what the form cannot show.
    fn write_into(self, file: &mut ScriptFile) {
        file.script.end = self.end_seconds.map(IntoDuration::into_duration);
        file.config.kubernetes = self.kubernetes;
        if self.real_node != file.config.pleg.is_some() {
            let real = Settings::real_node();
            let (pleg, relist) = if self.real_node { (real.pleg, real.relist_after_sync) } else { (None, false) };
            (file.config.pleg, file.config.relist_after_sync) = (pleg, relist);
        }
        for container in self.containers {
            let script = file.script.containers.entry(container.name.clone()).or_default();
            container.write_into(script);
        }
        file.script.containers.retain(|_, script| *script != ContainerScript::default());
        let actions = &mut file.script.actions;
        let mut kept: Vec<ScriptAction> = actions.iter().filter(|it| FormAction::of(it).is_none()).cloned().collect();
        kept.extend(self.actions.into_iter().map(|action| action.action(actions)));
        kept.sort_by_key(|action| action.at);
        *actions = kept;
    }
}

fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_ref().is_some_and(|it| it.known() == Some(RestartPolicy::Always))
}

impl FormContainer {
    fn of(container: &Container, kind: &str, file: &ScriptFile) -> FormContainer {
        let script = file.script.containers.get(&container.name).cloned().unwrap_or_default();
        let runs = if script.runs.is_empty() { vec![Run::default()] } else { script.runs };
        let probes = [
            ("startup", container.startup_probe.is_some()),
            ("readiness", container.readiness_probe.is_some()),
            ("liveness", container.liveness_probe.is_some()),
        ];
        FormContainer {
            name: container.name.clone(),
            kind: kind.into(),
            pull_seconds: (!script.image.present).then(|| to_seconds(script.image.pull_time)),
            pull_failures: script.image.failures_before_success,
            runs: runs.iter().map(FormRun::of).collect(),
            probes: probes.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| (*name).into()).collect(),
        }
    }

    fn write_into(self, script: &mut ContainerScript) {
        let image = &mut script.image;
        image.present = self.pull_seconds.is_none();
        image.pull_time = self.pull_seconds.unwrap_or_default().into_duration();
        image.failures_before_success = if self.pull_seconds.is_none() { 0 } else { self.pull_failures };
        let before = core::mem::take(&mut script.runs);
        let before = before.into_iter().map(Some).chain(std::iter::repeat(None));
        script.runs = self.runs.into_iter().zip(before).map(|(run, before)| run.run(before)).collect();
        if script.runs.iter().all(|run| *run == Run::default()) {
            script.runs.clear();
        }
    }
}

impl FormRun {
    fn of(run: &Run) -> FormRun {
        FormRun {
            exits_after: run.exits_after.map(to_seconds),
            exit_code: run.exit_code,
            after_sigterm: (!run.ignores_sigterm).then(|| to_seconds(run.sigterm_exit_after)),
            startup_fails: intervals(&run.probes.startup),
            readiness_fails: intervals(&run.probes.readiness),
            liveness_fails: intervals(&run.probes.liveness),
        }
    }

    fn run(self, before: Option<Run>) -> Run {
        let mut run = before.unwrap_or_default();
        run.exits_after = self.exits_after.map(IntoDuration::into_duration);
        run.exit_code = if self.exits_after.is_some() { self.exit_code } else { 0 };
        run.ignores_sigterm = self.after_sigterm.is_none();
        run.sigterm_exit_after = self.after_sigterm.map_or(run.sigterm_exit_after, IntoDuration::into_duration);
        let probes = &mut run.probes;
        for (kept, fails) in [
            (&mut probes.startup, &self.startup_fails),
            (&mut probes.readiness, &self.readiness_fails),
            (&mut probes.liveness, &self.liveness_fails),
        ] {
            // Steps that the form cannot show, such as an unknown result, stay unless the intervals are edited.
            if intervals(kept) != *fails {
                *kept = steps(fails);
            }
        }
        run
    }
}

impl FormAction {
    fn of(action: &ScriptAction) -> Option<FormAction> {
        let kinds = [
            ("delete", FormActionKind::Delete),
            ("forceDelete", FormActionKind::ForceDelete),
            ("evict", FormActionKind::Evict),
            ("preempt", FormActionKind::Preempt),
            ("shutdown", FormActionKind::Shutdown),
            ("kubeletRestart", FormActionKind::KubeletRestart),
            ("nodeLost", FormActionKind::NodeLost),
            ("nodeRecovered", FormActionKind::NodeRecovered),
        ];
        let op = kinds.iter().find(|(name, _)| *name == action.kind.name())?.1;
        Some(FormAction { t: to_seconds(action.at), op })
    }

    /// Returns the action; it keeps the parameters, such as the grace period, of an earlier one of this kind.
    fn action(self, before: &[ScriptAction]) -> ScriptAction {
        let kind = match self.op {
            FormActionKind::Delete => ScriptActionKind::Delete { grace: None },
            FormActionKind::ForceDelete => ScriptActionKind::ForceDelete,
            FormActionKind::Evict => ScriptActionKind::Evict { message: None, grace: None },
            FormActionKind::Preempt => ScriptActionKind::Preempt,
            FormActionKind::Shutdown => ScriptActionKind::Shutdown { grace: None },
            FormActionKind::KubeletRestart => ScriptActionKind::KubeletRestart,
            FormActionKind::NodeLost => ScriptActionKind::NodeLost,
            FormActionKind::NodeRecovered => ScriptActionKind::NodeRecovered,
        };
        let earlier = before.iter().find(|it| it.kind.name() == kind.name());
        ScriptAction { at: self.t.into_duration(), kind: earlier.map_or(kind, |it| it.kind.clone()) }
    }
}

// --- Intervals: `0-12, 60-90, 180-` ---

/// Returns the seconds during which a probe fails.
fn intervals(steps: &[ProbeStep]) -> String {
    let mut text = String::new();
    let mut is_failing = false;
    for step in steps {
        match (step.result == ProbeOutcome::Failure, is_failing) {
            (true, false) => {
                let comma = if text.is_empty() { "" } else { ", " };
                text += &format!("{comma}{}-", to_seconds(step.from));
            }
            (false, true) => text += &to_seconds(step.from).to_string(),
            (true, true) | (false, false) => {}
        }
        is_failing = step.result == ProbeOutcome::Failure;
    }
    text
}

/// Returns the steps of intervals. Intervals that cannot be read are left out.
fn steps(text: &str) -> Vec<ProbeStep> {
    let mut steps: Vec<ProbeStep> = Vec::new();
    for (from, to) in text.split(',').filter_map(interval) {
        if steps.is_empty() && !from.is_zero() {
            steps.push(ProbeStep::new(Duration::ZERO, ProbeOutcome::Success));
        }
        if steps.last().is_some_and(|last| last.from >= from && !from.is_zero()) {
            break;
        }
        steps.push(ProbeStep::new(from, ProbeOutcome::Failure));
        let Some(to) = to.filter(|to| *to > from) else { break };
        steps.push(ProbeStep::new(to, ProbeOutcome::Success));
    }
    steps
}

fn interval(text: &str) -> Option<(Duration, Option<Duration>)> {
    let (from, to) = text.trim().split_once(['-', '–'])?;
    let seconds = |text: &str| text.trim().parse::<f64>().ok().map(IntoDuration::into_duration);
    Some((seconds(from)?, seconds(to)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery;

    fn form_of(example: &crate::ExampleScenario) -> (Form, ScriptFile) {
        let manifest = crate::manifest::Manifest::read(&example.manifest, 0).unwrap();
        let file = ScriptFile::read(&example.script).unwrap();
        (Form::of(&manifest.pod, &file), file)
    }

    #[test]
    fn an_unchanged_form_changes_nothing() {
        for example in gallery() {
            let (form, file) = form_of(&example);
            let form = serde_json::to_string(&form).unwrap();
            let after = ScriptFile::read(&fill_in(&example.script, &form).unwrap()).unwrap();
            assert_eq!(after.script.actions, file.script.actions, "{}", example.name);
            for (name, script) in &file.script.containers {
                let after = after.script.containers.get(name).cloned().unwrap_or_default();
                assert_eq!(after.image, script.image, "{}: {name}", example.name);
                assert!(after.runs == script.runs || after.runs.is_empty(), "{}: {name}", example.name);
            }
        }
    }

    #[test]
    fn filled_in_values_are_written_into_the_script() {
        let example = gallery().into_iter().find(|it| it.name == "web-server").unwrap();
        let (mut form, _) = form_of(&example);
        let web = form.containers.first_mut().unwrap();
        assert_eq!(
            (web.pull_seconds, &*web.probes),
            (Some(4.0), &["startup", "readiness", "liveness"].map(String::from)[..])
        );
        let run = web.runs.first_mut().unwrap();
        assert_eq!((&*run.startup_fails, &*run.readiness_fails, &*run.liveness_fails), ("0-12", "60-90", "180-"));
        (run.exits_after, run.exit_code, run.after_sigterm) = (Some(7.5), 3, Some(1.0));
        form.actions.push(FormAction { t: 20.0, op: FormActionKind::Delete });
        let text = fill_in(&example.script, &serde_json::to_string(&form).unwrap()).unwrap();
        let file = ScriptFile::read(&text).unwrap();
        let run = file.script.containers.get("web").unwrap().runs.first().unwrap();
        assert_eq!((run.exits_after.map(to_seconds), run.exit_code, run.ignores_sigterm), (Some(7.5), 3, false));
        assert_eq!(file.script.actions.first().map(|it| (to_seconds(it.at), it.kind.name())), Some((20.0, "delete")));
    }

    #[test]
    fn an_unreadable_script_or_form_is_not_filled_in() {
        assert_eq!(fill_in("script: [", "{}"), None);
        assert_eq!(fill_in("", "{"), None);
    }

    #[test]
    fn intervals_can_be_written_and_read_again() {
        for text in ["", "0-12", "60-90", "0-12, 60-90", "5-", "0-1.5, 180-"] {
            assert_eq!(intervals(&steps(text)), text);
        }
    }

    #[test]
    fn invalid_intervals_are_left_out() {
        assert_eq!(intervals(&steps("never, 5-3, 7-8")), "5-");
        assert_eq!(intervals(&steps("5-8, 6-9")), "5-8");
        assert_eq!(intervals(&steps("x")), "");
    }
}
