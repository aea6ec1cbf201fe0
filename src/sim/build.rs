//! Scenarios in code: methods that say what happens, one after the other.
//!
//! What they build is what a file says: written with serde and read again it is the same.

use alloc::string::String;

use super::{
    action::{ScriptAction, ScriptActionKind},
    scenario::Scenario,
    script::{ContainerScript, HookScript, ProbeStep, Run},
    settings::Settings,
};
use crate::{rule::probe::ProbeOutcome, spec::ProbeKind};

/// All times are seconds since the start of the story.
impl Scenario {
    /// Says what a container does, on top of what has been said of it before.
    ///
    /// ```
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let twice = Scenario::of(pod).container("app", |app| app.exits_after(5.0).with_code(1).runs_for_ever());
    /// assert_eq!(twice.play()?.restarts("app"), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn container(mut self, name: &str, script: impl FnOnce(ContainerScript) -> ContainerScript) -> Scenario {
        let said = self.script.containers.remove(name).unwrap_or_default();
        self.script.containers.insert(name.into(), script(said));
        self
    }

    /// Has somebody do something to the Pod.
    ///
    /// ```
    /// use pod_lifecycle::{api::PodPhase, sim::{Scenario, ScriptActionKind}};
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).at(30.0, ScriptActionKind::Preempt).play()?;
    /// assert!(timeline.was_ever(PodPhase::Failed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn at(mut self, t: f64, kind: ScriptActionKind) -> Scenario {
        self.script.actions.push(ScriptAction { t, kind });
        self
    }

    /// Has somebody delete the Pod, with the grace of its spec.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.ignores_sigterm()).delete_at(60.0).play()?;
    /// assert_eq!(timeline.removed(), Some(Duration::from_secs(90)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn delete_at(self, t: f64) -> Scenario {
        self.at(t, ScriptActionKind::Delete { grace_seconds: None })
    }

    /// Kills the Pod's newest sandbox, if it is alive then.
    ///
    /// ```
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).sandbox_dies_at(60.0).play()?;
    /// assert_eq!(timeline.events_with_reason("SandboxChanged").count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sandbox_dies_at(mut self, t: f64) -> Scenario {
        self.script.sandbox_deaths.push(t);
        self
    }

    /// Ends the story then, unless the Pod is finished before. Whatever the script has in store has to come before.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let timeline = Scenario::of(pod).until(7200.0).play()?;
    /// assert_eq!(timeline.length(), Duration::from_secs(7200));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn until(mut self, t: f64) -> Scenario {
        self.script.end_seconds = Some(t);
        self
    }

    /// Ends the story then, and leaves out what the script has in store for later.
    ///
    /// ```
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let scenario = Scenario::of(pod).delete_at(60.0).cut_at(30.0);
    /// assert_eq!((scenario.script.end_seconds, scenario.script.actions.len()), (Some(30.0), 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn cut_at(mut self, t: f64) -> Scenario {
        self.script.actions.retain(|action| action.t <= t);
        self.script.sandbox_deaths.retain(|death| *death <= t);
        self.until(t)
    }

    /// Says how the node is set up.
    ///
    /// ```
    /// use pod_lifecycle::sim::{Scenario, Settings};
    ///
    /// let scenario = Scenario::default().on_node(Settings { node_name: Some("n1".into()), ..Settings::default() });
    /// assert_eq!(&*scenario.kubelet_config().node_name, "n1");
    /// ```
    #[must_use]
    pub fn on_node(mut self, config: Settings) -> Scenario {
        self.config = config;
        self
    }

    /// Says what the scenario shows, for people.
    ///
    /// ```
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// assert_eq!(Scenario::default().described("A crash loop.").description, "A crash loop.");
    /// ```
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Scenario {
        self.description = description.into();
        self
    }
}

/// Runs are said one after the other; what is said of a run is said of the one that was said last. The last repeats.
///
/// ```
/// use pod_lifecycle::{rule::probe::ProbeOutcome, sim::{ContainerScript, Run}, spec::ProbeKind};
///
/// let script = ContainerScript::default()
///     .exits_after(5.0).with_code(1)
///     .runs_for_ever().probed(ProbeKind::Readiness, 0.0, ProbeOutcome::Failure);
/// assert_eq!(script.runs[0], Run { exits_after_seconds: Some(5.0), exit_code: 1, ..Run::default() });
/// assert_eq!(script.runs[1].probes.readiness.len(), 1);
/// ```
impl ContainerScript {
    /// Another run, as it is said elsewhere.
    ///
    /// ```
    /// use pod_lifecycle::sim::{ContainerScript, Run};
    ///
    /// let script = ContainerScript::default().runs(Run { ignores_sigterm: true, ..Run::default() });
    /// assert_eq!(script, ContainerScript::default().ignores_sigterm());
    /// ```
    #[must_use]
    pub fn runs(mut self, run: Run) -> ContainerScript {
        self.runs.push(run);
        self
    }

    /// Another run, which ends by itself after so many seconds, with exit code 0.
    ///
    /// ```
    /// use pod_lifecycle::sim::ContainerScript;
    ///
    /// assert_eq!(ContainerScript::default().exits_after(5.0).runs[0].exits_after_seconds, Some(5.0));
    /// ```
    #[must_use]
    pub fn exits_after(self, seconds: f64) -> ContainerScript {
        self.runs(Run { exits_after_seconds: Some(seconds), ..Run::default() })
    }

    /// Another run, which never ends by itself.
    ///
    /// ```
    /// use pod_lifecycle::sim::ContainerScript;
    ///
    /// let script = ContainerScript::default().exits_after(5.0).runs_for_ever();
    /// assert_eq!((script.runs.len(), script.runs[1].exits_after_seconds), (2, None));
    /// ```
    #[must_use]
    pub fn runs_for_ever(self) -> ContainerScript {
        self.runs(Run::default())
    }

    /// The exit code with which the run ends by itself.
    ///
    /// ```
    /// use pod_lifecycle::sim::ContainerScript;
    ///
    /// assert_eq!(ContainerScript::default().exits_after(5.0).with_code(3).runs[0].exit_code, 3);
    /// ```
    #[must_use]
    pub fn with_code(self, exit_code: i32) -> ContainerScript {
        self.last_run(|run| run.exit_code = exit_code)
    }

    /// Why the run ended, in one word and in others: `OOMKilled`.
    ///
    /// ```
    /// use pod_lifecycle::sim::ContainerScript;
    ///
    /// let script = ContainerScript::default().exits_after(5.0).with_code(137).because("OOMKilled", "");
    /// assert_eq!(script.runs[0].reason.as_deref(), Some("OOMKilled"));
    /// ```
    #[must_use]
    pub fn because(self, reason: &str, message: &str) -> ContainerScript {
        let said = |text: &str| Some(String::from(text)).filter(|text| !text.is_empty());
        self.last_run(|run| (run.reason, run.message) = (said(reason), said(message)))
    }

    /// The run does not end on SIGTERM.
    ///
    /// ```
    /// use pod_lifecycle::sim::ContainerScript;
    ///
    /// assert!(ContainerScript::default().ignores_sigterm().runs[0].ignores_sigterm);
    /// ```
    #[must_use]
    pub fn ignores_sigterm(self) -> ContainerScript {
        self.last_run(|run| run.ignores_sigterm = true)
    }

    /// The run ends so many seconds after SIGTERM, with this exit code.
    ///
    /// ```
    /// use pod_lifecycle::sim::ContainerScript;
    ///
    /// let run = &ContainerScript::default().after_sigterm(10.0, 0).runs[0];
    /// assert_eq!((run.sigterm_exit_after_seconds, run.sigterm_exit_code), (10.0, Some(0)));
    /// ```
    #[must_use]
    pub fn after_sigterm(self, seconds: f64, exit_code: i32) -> ContainerScript {
        self.last_run(|run| {
            (run.sigterm_exit_after_seconds, run.sigterm_exit_code) = (seconds, Some(exit_code));
        })
    }

    /// From so many seconds after the start of the run on, a probe finds this; before the first such step it succeeds.
    ///
    /// ```
    /// use pod_lifecycle::{rule::probe::ProbeOutcome, sim::ContainerScript, spec::ProbeKind};
    ///
    /// let script = ContainerScript::default()
    ///     .probed(ProbeKind::Readiness, 0.0, ProbeOutcome::Failure)
    ///     .probed(ProbeKind::Readiness, 12.0, ProbeOutcome::Success);
    /// assert_eq!(script.runs[0].probes.readiness[1].from, 12.0);
    /// ```
    #[must_use]
    pub fn probed(self, kind: ProbeKind, from: f64, result: ProbeOutcome) -> ContainerScript {
        self.last_run(|run| {
            let steps = match kind {
                ProbeKind::Startup => &mut run.probes.startup,
                ProbeKind::Readiness => &mut run.probes.readiness,
                ProbeKind::Liveness => &mut run.probes.liveness,
            };
            steps.push(ProbeStep { from, result });
        })
    }

    /// The node does not have the image, and pulls it in so many seconds.
    ///
    /// ```
    /// use pod_lifecycle::sim::ContainerScript;
    ///
    /// let image = ContainerScript::default().pulled_in(20.0).image;
    /// assert_eq!((image.present, image.pull_seconds), (false, 20.0));
    /// ```
    #[must_use]
    pub fn pulled_in(mut self, seconds: f64) -> ContainerScript {
        (self.image.present, self.image.pull_seconds) = (false, seconds);
        self
    }

    /// The node does not have the image, and so many pulls fail with this error before one succeeds.
    ///
    /// ```
    /// use pod_lifecycle::sim::ContainerScript;
    ///
    /// let image = ContainerScript::default().pull_fails(2, "denied").image;
    /// assert_eq!((image.failures_before_success, image.error.as_deref()), (2, Some("denied")));
    /// ```
    #[must_use]
    pub fn pull_fails(mut self, times: u32, error: impl Into<String>) -> ContainerScript {
        self.image.present = false;
        (self.image.failures_before_success, self.image.error) = (times, Some(error.into()));
        self
    }

    /// The hook after the start takes so many seconds and ends with this exit code.
    ///
    /// ```
    /// use pod_lifecycle::sim::{ContainerScript, HookScript};
    ///
    /// let script = ContainerScript::default().post_start(3.0, 1);
    /// assert_eq!(script.post_start, Some(HookScript { duration_seconds: 3.0, exit_code: 1 }));
    /// ```
    #[must_use]
    pub fn post_start(mut self, duration_seconds: f64, exit_code: i32) -> ContainerScript {
        self.post_start = Some(HookScript { duration_seconds, exit_code });
        self
    }

    /// The hook before the stop takes so many seconds and ends with this exit code.
    ///
    /// ```
    /// use pod_lifecycle::sim::ContainerScript;
    ///
    /// assert_eq!(ContainerScript::default().pre_stop(3.0, 0).pre_stop.map(|hook| hook.exit_code), Some(0));
    /// ```
    #[must_use]
    pub fn pre_stop(mut self, duration_seconds: f64, exit_code: i32) -> ContainerScript {
        self.pre_stop = Some(HookScript { duration_seconds, exit_code });
        self
    }

    /// The run that was said last; one that never ends by itself if none was.
    fn last_run(mut self, say: impl FnOnce(&mut Run)) -> ContainerScript {
        if self.runs.is_empty() {
            self.runs.push(Run::default());
        }
        if let Some(run) = self.runs.last_mut() {
            say(run);
        }
        self
    }
}
