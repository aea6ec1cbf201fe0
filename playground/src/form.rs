//! What happens, as far as a form can say it: the common things.

mod intervals;

use pod_lifecycle::{
    api::{Container, PodManifest, RestartPolicy},
    sim::{ContainerScript, ImageScript, Run, ScriptAction, ScriptActionKind, Settings},
};
use serde::{Deserialize, Serialize};

use crate::story::Story;
use intervals::{intervals, steps};

/// What happens, as far as a form can say it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Form {
    /// Seconds after which the story ends; `None`: 600.
    pub end_seconds: Option<f64>,
    /// Whether the kubelet asks the runtime once a second, as on a real node.
    pub real_node: bool,
    /// The containers, in the order of the manifest.
    pub containers: Vec<FormContainer>,
    /// What others do to the Pod, as far as the form knows it.
    pub deeds: Vec<Deed>,
    /// How many other things are done to it, which only the text can say.
    #[serde(default)]
    pub other_deeds: usize,
}

/// What a container does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormContainer {
    /// Its name.
    pub name: String,
    /// `init`, `sidecar`, or nothing.
    pub kind: String,
    /// Seconds that the pull of its image takes; `None`: it is there.
    pub pull_seconds: Option<f64>,
    /// How often a pull fails first.
    pub pull_failures: u32,
    /// Its runs, the last of which repeats; at least one.
    pub runs: Vec<FormRun>,
    /// The probes that it has.
    #[serde(default)]
    pub probes: Vec<String>,
}

/// What a process does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormRun {
    /// Seconds after which it ends by itself; `None`: never.
    pub exits_after: Option<f64>,
    /// How.
    pub exit_code: i32,
    /// Seconds after SIGTERM at which it ends; `None`: it ignores SIGTERM.
    pub after_sigterm: Option<f64>,
    /// The seconds during which each probe fails: `0-12, 60-90, 180-`.
    pub startup_fails: String,
    /// See there.
    pub readiness_fails: String,
    /// See there.
    pub liveness_fails: String,
}

/// Something that is done to the Pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deed {
    /// When, in seconds.
    pub t: f64,
    /// What.
    pub op: DeedKind,
}

/// What the form can have done to a Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeedKind {
    /// `kubectl delete`.
    Delete,
    /// `kubectl delete --force`.
    ForceDelete,
    /// The node runs short of something.
    Evict,
    /// A more important Pod takes its place.
    Preempt,
    /// The node shuts down.
    Shutdown,
    /// The kubelet restarts.
    KubeletRestart,
    /// The node is not heard from any more.
    NodeLost,
    /// The node is heard from again.
    NodeRecovered,
}

/// The text of a story after somebody has filled in the form, which is JSON.
pub(crate) fn fill_in(story: &str, form: &str) -> Option<String> {
    let form: Form = serde_json::from_str(form).ok()?;
    let mut story = Story::read(story).ok()?;
    form.write_into(&mut story);
    story.to_text().ok()
}

impl Form {
    pub(crate) fn of(pod: &PodManifest, story: &Story) -> Form {
        let spec = &pod.spec;
        let init = spec.init_containers.iter().map(|it| (it, if is_sidecar(it) { "sidecar" } else { "init" }));
        let containers = init.chain(spec.containers.iter().map(|it| (it, "")));
        let deeds: Vec<Deed> = story.script.actions.iter().filter_map(Deed::of).collect();
        Form {
            end_seconds: story.script.end_seconds,
            real_node: story.config.pleg.is_some(),
            containers: containers.map(|(container, kind)| FormContainer::of(container, kind, story)).collect(),
            other_deeds: story.script.actions.len().saturating_sub(deeds.len()),
            deeds,
        }
    }

    /// What the form does not know of stays as it is.
    fn write_into(self, story: &mut Story) {
        story.script.end_seconds = self.end_seconds;
        if self.real_node != story.config.pleg.is_some() {
            let real = Settings::real_node();
            let (pleg, relist) = if self.real_node { (real.pleg, real.relist_after_sync) } else { (None, false) };
            (story.config.pleg, story.config.relist_after_sync) = (pleg, relist);
        }
        for container in self.containers {
            let script = story.script.containers.entry(container.name.clone()).or_default();
            container.write_into(script);
        }
        story.script.containers.retain(|_, script| *script != ContainerScript::default());
        let actions = &mut story.script.actions;
        let mut kept: Vec<ScriptAction> = actions.iter().filter(|it| Deed::of(it).is_none()).cloned().collect();
        kept.extend(self.deeds.into_iter().map(|deed| deed.action(actions)));
        kept.sort_by(|a, b| a.t.total_cmp(&b.t));
        *actions = kept;
    }
}

fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_ref().is_some_and(|it| it.known() == Some(RestartPolicy::Always))
}

impl FormContainer {
    fn of(container: &Container, kind: &str, story: &Story) -> FormContainer {
        let script = story.script.containers.get(&container.name).cloned().unwrap_or_default();
        let runs = if script.runs.is_empty() { vec![Run::default()] } else { script.runs };
        let probes = [
            ("startup", container.startup_probe.is_some()),
            ("readiness", container.readiness_probe.is_some()),
            ("liveness", container.liveness_probe.is_some()),
        ];
        FormContainer {
            name: container.name.clone(),
            kind: kind.into(),
            pull_seconds: (!script.image.present).then_some(script.image.pull_seconds),
            pull_failures: script.image.failures_before_success,
            runs: runs.iter().map(FormRun::of).collect(),
            probes: probes.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| (*name).into()).collect(),
        }
    }

    fn write_into(self, script: &mut ContainerScript) {
        script.image = ImageScript {
            present: self.pull_seconds.is_none(),
            pull_seconds: self.pull_seconds.unwrap_or_default(),
            failures_before_success: if self.pull_seconds.is_none() { 0 } else { self.pull_failures },
            error: script.image.error.take(),
            outages: core::mem::take(&mut script.image.outages),
        };
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
            exits_after: run.exits_after_seconds,
            exit_code: run.exit_code,
            after_sigterm: (!run.ignores_sigterm).then_some(run.sigterm_exit_after_seconds),
            startup_fails: intervals(&run.probes.startup),
            readiness_fails: intervals(&run.probes.readiness),
            liveness_fails: intervals(&run.probes.liveness),
        }
    }

    fn run(self, before: Option<Run>) -> Run {
        let mut run = before.unwrap_or_default();
        run.exits_after_seconds = self.exits_after;
        run.exit_code = if self.exits_after.is_some() { self.exit_code } else { 0 };
        run.ignores_sigterm = self.after_sigterm.is_none();
        run.sigterm_exit_after_seconds = self.after_sigterm.unwrap_or(run.sigterm_exit_after_seconds);
        let probes = &mut run.probes;
        for (kept, fails) in [
            (&mut probes.startup, &self.startup_fails),
            (&mut probes.readiness, &self.readiness_fails),
            (&mut probes.liveness, &self.liveness_fails),
        ] {
            // What the form cannot say, such as an unknown answer, stays until somebody says something else.
            if intervals(kept) != *fails {
                *kept = steps(fails);
            }
        }
        run
    }
}

impl Deed {
    fn of(action: &ScriptAction) -> Option<Deed> {
        let kinds = [
            ("delete", DeedKind::Delete),
            ("forceDelete", DeedKind::ForceDelete),
            ("evict", DeedKind::Evict),
            ("preempt", DeedKind::Preempt),
            ("shutdown", DeedKind::Shutdown),
            ("kubeletRestart", DeedKind::KubeletRestart),
            ("nodeLost", DeedKind::NodeLost),
            ("nodeRecovered", DeedKind::NodeRecovered),
        ];
        let op = kinds.iter().find(|(name, _)| *name == action.kind.name())?.1;
        Some(Deed { t: action.t, op })
    }

    /// The action; what one of this kind said before, such as its grace, it says again.
    fn action(self, before: &[ScriptAction]) -> ScriptAction {
        let kind = match self.op {
            DeedKind::Delete => ScriptActionKind::Delete { grace_seconds: None },
            DeedKind::ForceDelete => ScriptActionKind::ForceDelete,
            DeedKind::Evict => ScriptActionKind::Evict { message: None, grace_seconds: None },
            DeedKind::Preempt => ScriptActionKind::Preempt,
            DeedKind::Shutdown => ScriptActionKind::Shutdown { grace_seconds: None },
            DeedKind::KubeletRestart => ScriptActionKind::KubeletRestart,
            DeedKind::NodeLost => ScriptActionKind::NodeLost,
            DeedKind::NodeRecovered => ScriptActionKind::NodeRecovered,
        };
        let said = before.iter().find(|it| it.kind.name() == kind.name());
        ScriptAction { t: self.t, kind: said.map_or(kind, |it| it.kind.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery;

    fn form_of(exhibit: &crate::Exhibit) -> (Form, Story) {
        let manifest = crate::manifest::Manifest::read(&exhibit.manifest, 0).unwrap();
        let story = Story::read(&exhibit.story).unwrap();
        (Form::of(&manifest.pod, &story), story)
    }

    #[test]
    fn a_form_that_nobody_touches_changes_nothing() {
        for exhibit in gallery() {
            let (form, story) = form_of(&exhibit);
            let form = serde_json::to_string(&form).unwrap();
            let after = Story::read(&fill_in(&exhibit.story, &form).unwrap()).unwrap();
            assert_eq!(after.script.actions, story.script.actions, "{}", exhibit.name);
            for (name, script) in &story.script.containers {
                let after = after.script.containers.get(name).cloned().unwrap_or_default();
                assert_eq!(after.image, script.image, "{}: {name}", exhibit.name);
                assert!(after.runs == script.runs || after.runs.is_empty(), "{}: {name}", exhibit.name);
            }
        }
    }

    #[test]
    fn what_is_filled_in_is_said() {
        let exhibit = gallery().into_iter().find(|it| it.name == "web-server").unwrap();
        let (mut form, _) = form_of(&exhibit);
        let web = form.containers.first_mut().unwrap();
        assert_eq!(
            (web.pull_seconds, &*web.probes),
            (Some(4.0), &["startup", "readiness", "liveness"].map(String::from)[..])
        );
        let run = web.runs.first_mut().unwrap();
        assert_eq!((&*run.startup_fails, &*run.readiness_fails, &*run.liveness_fails), ("0-12", "60-90", "180-"));
        (run.exits_after, run.exit_code, run.after_sigterm) = (Some(7.5), 3, Some(1.0));
        form.deeds.push(Deed { t: 20.0, op: DeedKind::Delete });
        let text = fill_in(&exhibit.story, &serde_json::to_string(&form).unwrap()).unwrap();
        let story = Story::read(&text).unwrap();
        let run = story.script.containers.get("web").unwrap().runs.first().unwrap();
        assert_eq!((run.exits_after_seconds, run.exit_code, run.ignores_sigterm), (Some(7.5), 3, false));
        assert_eq!(story.script.actions.first().map(|it| (it.t, it.kind.name())), Some((20.0, "delete")));
    }

    #[test]
    fn nothing_is_filled_into_what_cannot_be_read() {
        assert_eq!(fill_in("script: [", "{}"), None);
        assert_eq!(fill_in("", "{"), None);
    }
}
