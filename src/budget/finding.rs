//! What is almost always a mistake, and where to read about it.

use alloc::string::String;
use core::fmt;

use serde::Serialize;

use crate::api::named;

macro_rules! probes {
    ($section:literal) => {
        DocPage {
            title: "Liveness, Readiness, and Startup Probes",
            url: concat!("https://kubernetes.io/docs/concepts/workloads/pods/probes/", $section),
        }
    };
}

const HOOKS: DocPage = DocPage {
    title: "Container Lifecycle Hooks",
    url: "https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/#hook-handler-execution",
};
const INIT_CONTAINERS: DocPage = DocPage {
    title: "Init Containers",
    url: "https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#detailed-behavior",
};

/// Something in a spec that is almost always a mistake.
///
/// ```
/// use pod_lifecycle::{budget::{self, Assumptions, FindingCode}, api, spec::PodSpec};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {"containers": [{
///     "name": "app", "image": "nginx",
///     "readinessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 5, "timeoutSeconds": 8}}]}}"#)?;
/// let budget = budget::of(&PodSpec::from_admitted(&manifest)?, &Assumptions::default());
/// let finding = &budget.findings[0];
/// assert_eq!(finding.code, FindingCode::TimeoutBeyondPeriod);
/// assert_eq!(finding.container.as_deref(), Some("app"));
/// assert_eq!(finding.see.title, "Liveness, Readiness, and Startup Probes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What kind of mistake it is; stable from release to release.
    pub code: FindingCode,
    /// The container it is about; `None` if it is about the whole Pod.
    pub container: Option<String>,
    /// The path of the field in the manifest.
    pub field: String,
    /// What is wrong, with the values that show it.
    pub message: String,
    /// The page of the Kubernetes documentation to read.
    pub see: DocPage,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {} (see {})", self.code, self.field, self.message, self.see)
    }
}

named! {
    /// The kinds of mistakes that are looked for; each has a code that never changes its meaning.
    ///
    /// ```
    /// use pod_lifecycle::budget::FindingCode;
    ///
    /// assert_eq!("PL001".parse::<FindingCode>(), Ok(FindingCode::LivenessBeforeStartUp));
    /// ```
    #[non_exhaustive]
    pub enum FindingCode {
        /// Without a startup probe, the liveness probe can kill the container before its readiness probe first runs: the
        /// spec allows the process that long to start up, and then does not. (With a startup probe this cannot be: the
        /// kubelet holds back the liveness probe until the container has started.)
        LivenessBeforeStartUp = "PL001",
        /// The preStop hook sleeps for the whole grace or longer, so the process gets no more than 2 s after SIGTERM. A
        /// command that begins with `sleep`, on its own or in a shell, is understood too.
        PreStopBeyondGrace = "PL002",
        /// Readiness and liveness ask the same question, and liveness is no more patient: the container is killed when it
        /// should only lose its traffic.
        ReadinessIsLiveness = "PL003",
        /// A grace of 0 leaves no time for the preStop hook.
        PreStopWithoutGrace = "PL004",
        /// A probe waits longer for an answer than until it runs next.
        TimeoutBeyondPeriod = "PL005",
        /// A container that fails its probe is given longer to stop than one that is well.
        ProbeGraceBeyondPod = "PL006",
        /// The active deadline ends the Pod before it can be ready for the first time.
        DeadlineBeforeReady = "PL007",
    }
}

impl FindingCode {
    /// The page of the Kubernetes documentation that explains it.
    ///
    /// ```
    /// use pod_lifecycle::budget::FindingCode;
    ///
    /// assert_eq!(FindingCode::PreStopWithoutGrace.see().title, "Container Lifecycle Hooks");
    /// ```
    #[must_use]
    pub const fn see(self) -> DocPage {
        match self {
            FindingCode::LivenessBeforeStartUp => probes!("#when-should-you-use-a-startup-probe"),
            FindingCode::ReadinessIsLiveness => probes!("#when-should-you-use-a-liveness-probe"),
            FindingCode::TimeoutBeyondPeriod => probes!("#configure-probes"),
            FindingCode::ProbeGraceBeyondPod => probes!("#probe-level-terminationgraceperiodseconds"),
            FindingCode::PreStopBeyondGrace | FindingCode::PreStopWithoutGrace => HOOKS,
            FindingCode::DeadlineBeforeReady => INIT_CONTAINERS,
        }
    }
}

/// A page of the Kubernetes documentation.
///
/// ```
/// use pod_lifecycle::budget::{DocPage, FindingCode};
///
/// let DocPage { url, .. } = FindingCode::PreStopBeyondGrace.see();
/// assert!(url.starts_with("https://kubernetes.io/"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct DocPage {
    /// The page's title.
    pub title: &'static str,
    /// Its address.
    pub url: &'static str,
}

impl fmt::Display for DocPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\", {}", self.title, self.url)
    }
}
