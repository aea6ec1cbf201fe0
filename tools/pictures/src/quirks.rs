//! Page of the known bugs of kubelets: a section for each, with its scenario and its picture.

use std::{fmt::Write as _, fs, io, path::Path};

use pod_lifecycle::{
    config::KnownBug,
    render::Picture,
    sim::{Scenario, Timeline},
    testkit::invariants::{DOCUMENTED, PROGRESS_QUOTES},
};

/// Path of the page.
pub const PAGE: &str = "docs/kubelet-quirks.md";

/// Section of the page.
struct Quirk {
    bug: KnownBug,
    /// Name of its scenario and of its picture; `None` if no script leads to it.
    scenario: Option<&'static str>,
    /// Beginning of the sentence of the documentation that it breaks; one of [`DOCUMENTED`] or [`PROGRESS_QUOTES`].
    documented: &'static str,
    /// Sentences on what the scenario shows.
    shows: &'static str,
}

/// The quirks, in the order of the page.
const QUIRKS: &[Quirk] = &[
    Quirk {
        bug: KnownBug::InheritedStarted,
        scenario: Some("inherited-started"),
        documented: "Kubernetes does not execute liveness or readiness probes until",
        shows: "`app` hangs at 30 s, and its liveness probe has it restarted. It needs 25 s to start; but its new instance is \
                `started: true` and ready at once, so the Pod stays Ready for 5 s more, until the startup probe fails for \
                the first time. A liveness probe that is due in this time runs, too, and may kill a container that only \
                starts.",
    },
    Quirk {
        bug: KnownBug::SidecarStartupForgotten,
        scenario: Some("sidecar-startup-forgotten"),
        documented: "Once a Pod has been scheduled and is bound to a node",
        shows: "The kubelet restarts at 30 s, while `proxy` and `app` run. The new kubelet has no result of the startup probe of \
                `proxy`, and never asks for one. When `app` exits at 60 s, the Pod counts as not initialized, so `app` is not \
                restarted; and if the kubelet restarts before the first start of `app`, the Pod never starts. A restart of \
                the sidecar heals it.",
    },
    Quirk {
        bug: KnownBug::StartedBeforeFirstProbe,
        scenario: Some("started-before-first-probe"),
        documented: "Initialized as false, becomes true after startupProbe",
        shows: "The kubelet restarts at 12 s, while `app` still starts up. The first status of the new kubelet is made before \
                the worker of the startup probe exists, and a container without one counts as started, and ready.",
    },
    Quirk {
        bug: KnownBug::ReadyWithoutStarted,
        scenario: Some("ready-without-started"),
        documented: "If no readiness probes are specified, this field defaults to true",
        shows: "The kubelet restarts at 8 s, just after `app` has started: the new kubelet takes `app` for new, since it has \
                started within the last 10 s, and runs its startup probe again. It takes `started` back, and forgets `ready`: \
                the status says `started: false, ready: true` until the next sync.",
    },
    Quirk {
        bug: KnownBug::ReadinessOfFormerInstance,
        scenario: None,
        documented: "the Pod will start without receiving any traffic",
        shows: "A ready container exits while the API server is out of reach, and is restarted; the status that says so is never \
                written. The kubelet restarts, too, and takes the readiness that the API server still shows for that of the new \
                instance. No scenario shows it, and there is no picture: in a simulation a restarted kubelet knows the last \
                status that the former one computed.",
    },
    Quirk {
        bug: KnownBug::InitContainersSkipped,
        scenario: Some("init-containers-skipped"),
        documented: "If the Pod restarts, or is restarted, all init containers must",
        shows: "The runtime fails to start `app`, and the sandbox dies at 15 s, before the next try. In the new sandbox `fetch` \
                runs, then `app`: the kubelet takes the created `app` of the old sandbox for a sign that the Pod has \
                initialized, and `migrate` is skipped.",
    },
    Quirk {
        bug: KnownBug::PendingAfterLostSandbox,
        scenario: Some("pending-after-lost-sandbox"),
        documented: "Once a Pod has been scheduled and is bound to a node",
        shows: "The runtime fails to start `app`, and the sandbox dies at 5 s, before the next try. A Pod with \
                `restartPolicy: Never` gets no second sandbox once it has any container, so `app` never runs, and the Pod \
                stays Pending until it is deleted.",
    },
    Quirk {
        bug: KnownBug::ProbeKillIgnoresExitCode,
        scenario: Some("probe-kill-ignores-exit-code"),
        documented: "OnFailure: Only restarts the container if it exits with an error",
        shows: "`app` answers SIGTERM with exit code 0 when its liveness probe fails. The kubelet has decided to restart it \
                before it knew the code, so a finished container runs again.",
    },
    Quirk {
        bug: KnownBug::OldTransitionTime,
        scenario: None,
        documented: "lastTransitionTime: Timestamp for when the Pod last transitioned",
        shows: "While a node is out of reach, the node controller sets `Ready` to False. When the kubelet reports again, `Ready` \
                is True with the `lastTransitionTime` of before: the kubelet compares with its own last status, not with \
                the API server's. A controller that counts from it takes the Pod for long ready. No scenario shows it, and \
                there is no picture: after `nodeRecovered` a simulation shows the kubelet's last status without a new write. \
                The model checker finds it.",
    },
    Quirk {
        bug: KnownBug::ReadinessStopsAtEviction,
        scenario: Some("readiness-stops-at-eviction"),
        documented: "Readiness probes run on the container during its whole lifecycle",
        shows: "The kubelet evicts the Pod at 20 s; `app` takes 40 s to exit, and would answer its readiness probe with a \
                failure from 30 s on. The probe has stopped, so the Pod stays Ready while it shuts down.",
    },
    Quirk {
        bug: KnownBug::ReadinessForgotten,
        scenario: Some("readiness-forgotten"),
        documented: "Ready specifies whether the container is currently passing its readiness check",
        shows: "The kubelet restarts at 45 s. `app` runs on and is well, but is unready until its readiness probe has run \
                again: with all Pods of a node at once.",
    },
    Quirk {
        bug: KnownBug::ReadyBeforeFirstProbe,
        scenario: Some("ready-before-first-probe"),
        documented: "the Pod will start without receiving any traffic",
        shows: "The kubelet restarts 5 s after the start of `app`, which has not passed its readiness probe yet. The first \
                status of the new kubelet is made before the probe's worker exists: the Pod is Ready for a moment.",
    },
    Quirk {
        bug: KnownBug::ProbeRunSpansInstances,
        scenario: Some("probe-run-spans-instances"),
        documented: "if at least failureThreshold probes have failed",
        shows: "The first instance of `app` has failed its liveness probe twice when it exits by itself. One failure of the \
                next one is the third in a row, and the kubelet kills it, although it would be well a moment later.",
    },
    Quirk {
        bug: KnownBug::LateProbeSuccess,
        scenario: None,
        documented: "Ready specifies whether the container is currently passing its readiness check",
        shows: "A readiness probe is under way when its container exits. Its success comes later, and makes the exited \
                container ready until the next sync. No scenario shows it, and there is no picture: in the fake runtime a \
                probe of a container that has exited fails. The model checker finds it, with a runtime that may answer \
                anything.",
    },
    Quirk {
        bug: KnownBug::StatusFrozenByInitContainers,
        scenario: Some("status-frozen-by-init-containers"),
        documented: "The Running status indicates that a container is executing",
        shows: "The sandbox dies at 20 s, and `setup` runs again for 30 s. The kubelet refuses each status in which an init \
                container that had succeeded has not, so the API server shows `app` as running all the while.",
    },
    Quirk {
        bug: KnownBug::ExitLostAtEviction,
        scenario: Some("exit-lost-at-eviction"),
        documented: "A container in the Terminated state began execution",
        shows: "`app` fails once and runs again; the Pod is evicted at 60 s. The kubelet removes exited containers of an \
                evicted Pod before it has read their exit codes: what the last status shows is what it knew before.",
    },
];

/// Returns the page and its pictures, by their paths from the root of the crate.
pub(super) fn files() -> io::Result<Vec<(String, String)>> {
    let mut page = String::from(INTRODUCTION);
    let mut files = Vec::new();
    for quirk in QUIRKS {
        page.push_str(&section(quirk)?);
        if let Some(scenario) = quirk.scenario {
            let picture = crate::svg(&Picture::of(&play(scenario, None)?), crate::WIDTH);
            files.push((format!("docs/pictures/quirks/{scenario}.svg"), picture));
        }
    }
    files.push((PAGE.to_owned(), page));
    Ok(files)
}

/// Bug with the life of its scenario on a kubelet that has it, and on one that has it fixed; without lives if no script
/// leads to it.
pub type BugWithLives = (KnownBug, Option<(Timeline, Timeline)>);

/// Returns each bug of the page with its lives.
pub fn lives() -> io::Result<Vec<BugWithLives>> {
    let of = |quirk: &Quirk| {
        let Some(scenario) = quirk.scenario else { return Ok((quirk.bug, None)) };
        Ok((quirk.bug, Some((play(scenario, None)?, play(scenario, Some(quirk.bug))?))))
    };
    QUIRKS.iter().map(of).collect()
}

const INTRODUCTION: &str = "# Where kubelets do not do as documented

Kubelets have bugs. A Pod here has them, too, in the versions that have them, because a simulation that is better than a
cluster misleads. Each has a name. `config: {fixedBugs: [inheritedStarted]}` in a scenario plays a kubelet without one,
`config: {asDocumented: true}` one without any; in Rust it is `Kubernetes::without_bug` and `Kubernetes::as_documented`.

The documentation is checked apart from all this: `testkit::invariants::DOCUMENTED` has sentences of it as properties, and the
model checker finds each bug by one of them (`cargo test -p pod-lifecycle-model-check --test known_bugs`). A version means
its first release here; later patches may have a fix, as the notes say.

This page and its pictures are made by `cargo run -p pod-lifecycle-pictures` from `config::KnownBug` and from the scenarios in
`examples/quirks`. In a picture the bar of a container is the state that the API server shows, and the line below it
its process.

";

fn section(quirk: &Quirk) -> io::Result<String> {
    let Quirk { bug, scenario, documented, shows } = *quirk;
    let (page, quote) = quotation(documented).ok_or_else(|| io::Error::other(format!("no sentence {documented:?}")))?;
    let issue = bug.issue().map_or_else(
        || "not reported, as far as we know".to_owned(),
        |issue| format!("[kubernetes#{issue}](https://github.com/kubernetes/kubernetes/issues/{issue})"),
    );
    let (first, last) = bug.versions();
    let anchor = page.split(" (").next().unwrap_or(page);
    let versions = if first == last { format!("{first}") } else { format!("{first} to {last}") };
    let mut text = String::new();
    let written = write!(
        text,
        "## {bug}

{}

- **Documented**: “{quote}” ([documentation](https://kubernetes.io/docs/{anchor}))
- **Versions**: {versions}, of 1.32 to 1.38 · **Issue**: {issue}

{shows}

",
        bug.description(),
    );
    written.map_err(io::Error::other)?;
    if let Some(scenario) = scenario {
        let written = write!(
            text,
            "![{}](pictures/quirks/{scenario}.svg)

`podlife play examples/quirks/{scenario}.yaml`

```yaml
{}```

",
            bug.description(),
            fs::read_to_string(path(scenario))?,
        );
        written.map_err(io::Error::other)?;
    }
    Ok(text)
}

/// Returns page and quotation of the sentence that begins so.
fn quotation(beginning: &str) -> Option<(&'static str, &'static str)> {
    let all = DOCUMENTED.iter().map(|sentence| (sentence.page, sentence.quote)).chain(PROGRESS_QUOTES.iter().copied());
    all.into_iter().find(|(_, quote)| quote.starts_with(beginning))
}

fn path(scenario: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../examples/quirks/{scenario}.yaml"))
}

fn play(scenario: &str, fixed: Option<KnownBug>) -> io::Result<Timeline> {
    let mut scenario: Scenario =
        serde_saphyr::from_str(&fs::read_to_string(path(scenario))?).map_err(io::Error::other)?;
    scenario.pod.metadata.uid = crate::UID.into();
    scenario.config.fixed_bugs.extend(fixed);
    scenario.play().map_err(io::Error::other)
}
