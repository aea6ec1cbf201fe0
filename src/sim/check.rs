//! Validation of scenarios beyond types: names that do not exist, times that are invalid or too late.
//!
//! A script with an effect that never comes would make a test that proves nothing, so it is an error.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use super::{
    action::ScriptActionKind,
    duration::{is_time, to_seconds},
    error::ScenarioError,
    scenario::Scenario,
    script::{ContainerScript, ProbeStep, Script},
    simulation::DEFAULT_END,
};
use crate::{
    api::Name,
    spec::{ContainerSpec, LifecycleHook, PodSpec, ProbeKind, VolumeSpec},
};

/// A field's path, for errors, and its time.
type Time = (String, Duration);

impl Scenario {
    /// Checks what serde cannot: names, times and probabilities; `spec` is that of the Pod.
    pub(super) fn check(&self, spec: &PodSpec) -> Result<(), ScenarioError> {
        self.config.kubernetes()?;
        self.script.check_containers(spec)?;
        self.check_volumes(spec)?;
        self.check_finalizers()?;
        self.check_config_objects()?;
        self.check_times()?;
        for (name, script) in &self.script.containers {
            script.check_probes(name)?;
        }
        self.check_chances()?;
        // The recordings were cut at their end, and their scripts were not; some have hooks that no container has.
        if self.config.admitted {
            return Ok(());
        }
        for (name, script) in &self.script.containers {
            script.check_handlers(name, spec.index_of(name).and_then(|index| spec.container(index)))?;
        }
        self.script.check_end()
    }

    fn check_chances(&self) -> Result<(), ScenarioError> {
        let random = self.script.containers.iter().filter_map(|(name, it)| Some((name, it.random.as_ref()?)));
        let mut mistakes =
            random.filter_map(|(name, random)| random.first_mistake(&format!("script.containers.{name}.random")));
        match mistakes.next() {
            None => Ok(()),
            Some((field, value, wrong)) => Err(ScenarioError::BadChance { field, value, wrong }),
        }
    }

    /// Checks that the Pod mounts each volume; an admitted Pod may also have it without a mount.
    fn check_volumes(&self, spec: &PodSpec) -> Result<(), ScenarioError> {
        let mounted = || spec.volumes().map(|(_, volume)| volume).filter(|it| it.is_mounted() || self.config.admitted);
        let is_unknown = |name: &&String| mounted().all(|volume| volume.name() != name.as_str());
        match self.script.volumes.keys().find(is_unknown) {
            None => Ok(()),
            Some(name) => {
                let there: Vec<&str> = mounted().map(VolumeSpec::name).collect();
                let there = if there.is_empty() { "none".to_string() } else { there.join(", ") };
                Err(ScenarioError::NoSuchVolume { field: format!("script.volumes.{name}"), name: name.clone(), there })
            }
        }
    }

    fn check_finalizers(&self) -> Result<(), ScenarioError> {
        let there = &self.pod.metadata.finalizers;
        for (place, action) in self.script.actions.iter().enumerate() {
            if let ScriptActionKind::RemoveFinalizer { finalizer } = &action.kind
                && !there.contains(finalizer)
            {
                let field = format!("script.actions[{place}].finalizer");
                return Err(ScenarioError::NoSuchFinalizer { field, name: finalizer.clone() });
            }
        }
        Ok(())
    }

    /// Checks that a container refers to every config map and secret of the script.
    fn check_config_objects(&self) -> Result<(), ScenarioError> {
        match self.script.unused_object(&self.pod) {
            Some((field, name)) if !self.config.admitted => Err(ScenarioError::NotReferenced { field, name }),
            Some(_) | None => Ok(()),
        }
    }

    fn check_times(&self) -> Result<(), ScenarioError> {
        let config = &self.config;
        let settings = [
            ("config.resyncSeconds", config.resync_period),
            ("config.maxContainerRestartPeriodSeconds", config.max_container_restart_period),
            ("config.relistPhaseSeconds", config.relist_phase),
            ("config.garbageCollectionSeconds", config.garbage_collection_period),
            ("script.endSeconds", self.script.end),
        ];
        let settings = settings.into_iter().filter_map(|(field, value)| Some((field.to_string(), value?)));
        let containers = self.script.containers.iter().flat_map(|(name, container)| container.times(name));
        let volumes = self.script.volumes.iter().flat_map(|(name, volume)| {
            volume.times().map(move |(field, time)| (format!("script.volumes.{name}.{field}"), time))
        });
        let mut all = settings.chain(self.script.times()).chain(self.script.graces()).chain(containers).chain(volumes);
        match all.find(|(_, time)| !is_time(*time)) {
            Some((field, time)) => Err(ScenarioError::BadSeconds { field, value: to_seconds(time) }),
            None => Ok(()),
        }
    }
}

impl Script {
    /// Checks that every container exists, or is an ephemeral one that the script adds.
    fn check_containers(&self, spec: &PodSpec) -> Result<(), ScenarioError> {
        // An ephemeral container exists from its action on, so a script may name it.
        let added = self.actions.iter().filter_map(|action| {
            let ScriptActionKind::AddEphemeralContainer { container } = &action.kind else { return None };
            Some(&*container.name)
        });
        let there: Vec<&str> = spec.containers().map(|(_, container)| container.name()).chain(added).collect();
        let scripts = self.containers.keys().map(|name| (format!("script.containers.{name}"), name));
        let changes = self.actions.iter().enumerate().filter_map(|(place, action)| {
            // Of all actions only this one names a container that has to exist.
            let ScriptActionKind::SetImage { container, .. } = &action.kind else { return None };
            Some((format!("script.actions[{place}].container"), container))
        });
        match scripts.chain(changes).find(|(_, name)| !there.contains(&name.as_str())) {
            None => Ok(()),
            Some((field, name)) => {
                Err(ScenarioError::NoSuchContainer { field, name: name.clone(), there: there.join(", ") })
            }
        }
    }

    /// Returns the times of sandbox deaths, of actions, of the network, of config maps and secrets.
    fn times(&self) -> impl Iterator<Item = Time> {
        let deaths = self.sandbox_deaths.iter().enumerate();
        let deaths = deaths.map(|(place, at)| (format!("script.sandboxDeaths[{place}]"), *at));
        let actions = self.actions.iter().enumerate();
        let actions = actions.map(|(place, action)| (format!("script.actions[{place}].t"), action.at));
        deaths.chain(actions).chain(self.failure_times())
    }

    /// Returns the grace periods of the actions.
    fn graces(&self) -> impl Iterator<Item = Time> {
        self.actions
            .iter()
            .enumerate()
            .filter_map(|(place, action)| Some((format!("script.actions[{place}].graceSeconds"), action.kind.grace()?)))
    }

    fn check_end(&self) -> Result<(), ScenarioError> {
        let end = self.end.unwrap_or(DEFAULT_END);
        match self.times().find(|(_, at)| *at > end) {
            Some((field, at)) => Err(ScenarioError::AfterEnd { field, at, end }),
            None => Ok(()),
        }
    }
}

impl ContainerScript {
    /// Returns every time in the script of a container.
    fn times(&self, name: &str) -> Vec<Time> {
        let path = |field: &str| format!("script.containers.{name}.{field}");
        let mut times = alloc::vec![(path("image.pullSeconds"), self.image.pull_time)];
        for (place, outage) in self.image.outages.iter().enumerate() {
            times.push((path(&format!("image.outages[{place}].from")), outage.from));
            times.push((path(&format!("image.outages[{place}].to")), outage.to));
        }
        times.extend(self.post_start.map(|hook| (path("postStart.durationSeconds"), hook.duration)));
        times.extend(self.pre_stop.map(|hook| (path("preStop.durationSeconds"), hook.duration)));
        for (place, run) in self.runs.iter().enumerate() {
            let field = |field: &str| path(&format!("runs[{place}].{field}"));
            times.extend(run.exits_after.map(|value| (field("exitsAfterSeconds"), value)));
            times.push((field("sigtermExitAfterSeconds"), run.sigterm_exit_after));
        }
        // A step before the start of the run is a mistake, too: `from` counts from there.
        times.extend(self.probe_steps(name).into_iter().flat_map(|(_, path, steps)| {
            steps.iter().enumerate().flat_map(move |(place, step)| {
                let field = |field: &str| format!("{path}[{place}].{field}");
                [(field("from"), step.from), (field("takesSeconds"), step.takes)]
            })
        }));
        times
    }

    /// Returns the steps of each probe of each run.
    fn probe_steps(&self, name: &str) -> Vec<(ProbeKind, String, &[ProbeStep])> {
        let of_runs = self.runs.iter().enumerate().flat_map(|(place, run)| {
            let probes = &run.probes;
            let kinds = [
                (ProbeKind::Startup, &probes.startup),
                (ProbeKind::Readiness, &probes.readiness),
                (ProbeKind::Liveness, &probes.liveness),
            ];
            let path = format!("script.containers.{name}.runs[{place}].probes");
            kinds.map(|(kind, steps)| (kind, format!("{path}.{}", kind.name().to_lowercase()), steps.as_slice()))
        });
        of_runs.collect()
    }

    fn check_probes(&self, name: &str) -> Result<(), ScenarioError> {
        for (_, path, steps) in self.probe_steps(name) {
            // Of two steps at one time only the last would ever apply.
            for (place, (before, step)) in steps.iter().zip(steps.iter().skip(1)).enumerate() {
                if step.from <= before.from {
                    let field = format!("{path}[{}].from", place.saturating_add(1));
                    return Err(ScenarioError::OutOfOrder { field, at: step.from, before: before.from });
                }
            }
        }
        Ok(())
    }

    /// Checks that the container has every probe and hook that the script has.
    fn check_handlers(&self, name: &str, container: Option<&ContainerSpec>) -> Result<(), ScenarioError> {
        let path = |field: &str| format!("script.containers.{name}.{field}");
        let has = |hook: fn(&ContainerSpec) -> Option<&LifecycleHook>| container.and_then(hook).is_some();
        let hooks = [
            self.post_start.map(|_| (path("postStart"), "lifecycle.postStart", has(ContainerSpec::post_start))),
            self.pre_stop.map(|_| (path("preStop"), "lifecycle.preStop", has(ContainerSpec::pre_stop))),
        ];
        let scripted = self.probe_steps(name).into_iter().filter(|(.., steps)| !steps.is_empty());
        let random = ProbeKind::ALL.iter().filter_map(|kind| {
            self.random.as_ref()?.probes.of(*kind)?;
            Some((*kind, path(&format!("random.probes.{}", kind.name().to_lowercase()))))
        });
        let probes = scripted.map(|(kind, path, _)| (kind, path)).chain(random).map(|(kind, path)| {
            (path, field_of(kind), container.is_some_and(|container| container.probe(kind).is_some()))
        });
        match hooks.into_iter().flatten().chain(probes).find(|(.., is_there)| !is_there) {
            None => Ok(()),
            Some((field, handler, _)) => Err(ScenarioError::NoSuchHandler { field, container: name.into(), handler }),
        }
    }
}

/// Returns the manifest's field of a probe.
fn field_of(probe: ProbeKind) -> &'static str {
    match probe {
        ProbeKind::Startup => "startupProbe",
        ProbeKind::Readiness => "readinessProbe",
        ProbeKind::Liveness => "livenessProbe",
    }
}
