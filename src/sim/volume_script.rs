//! Scripts of volumes: when a claim exists and is bound, when its volume is attached, and how mounts and unmounts end.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    duration::{IntoDuration, optional_seconds, seconds},
    script::ImageScript,
};

/// Script of one volume of a Pod; what is left out is there from the start, takes no time and succeeds.
///
/// A script with volumes switches the kubelet's [volume manager](crate::config::KubeletConfig::volume_manager) on.
///
/// ```
/// use pod_lifecycle::sim::VolumeScript;
///
/// let data = VolumeScript::default().claim_bound_from(20).mount_fails(2, "exit status 32").unmounted_in(5);
/// let in_json = r#"{"pvcBoundFrom": 20, "setUp": [{"error": "exit status 32"}, {"error": "exit status 32"}, {}],
///     "tearDown": [{"seconds": 5}]}"#;
/// assert_eq!(serde_json::from_str::<VolumeScript>(in_json)?, data);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct VolumeScript {
    /// Time from which the PersistentVolumeClaim exists; from the start if left out.
    #[serde(rename = "pvcExistsFrom", default, skip_serializing_if = "Option::is_none", with = "optional_seconds")]
    pub claim_exists_from: Option<Duration>,
    /// Time from which the claim is bound to a PersistentVolume; as soon as it exists if left out.
    #[serde(rename = "pvcBoundFrom", default, skip_serializing_if = "Option::is_none", with = "optional_seconds")]
    pub claim_bound_from: Option<Duration>,
    /// Time from which the node's status lists the PersistentVolume as attached; from the start if left out.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_seconds")]
    pub attached_from: Option<Duration>,
    /// True if the volume is not attached since the node has reached its limit of attached volumes.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub attach_exhausted: bool,
    /// Results of the calls that mount the volume: the n-th call plays the n-th entry, and the last repeats. If empty, each
    /// succeeds at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_up: Vec<VolumeCall>,
    /// Results of the calls that unmount the volume, in the same form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tear_down: Vec<VolumeCall>,
    /// The image of an image volume on the node.
    #[serde(default, skip_serializing_if = "is_present")]
    pub image: ImageScript,
}

fn is_present(image: &ImageScript) -> bool {
    *image == ImageScript::PRESENT
}

/// One call that mounts or unmounts a volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct VolumeCall {
    /// Time that it takes; none if left out.
    #[serde(rename = "seconds", default, skip_serializing_if = "Duration::is_zero", with = "seconds")]
    pub takes: Duration,
    /// Error that it returns; it succeeds if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Call without a script.
const INSTANT_SUCCESS: &VolumeCall = &VolumeCall { takes: Duration::ZERO, error: None };

impl VolumeScript {
    /// The script of a volume without one.
    pub(super) const HEALTHY: &VolumeScript = &VolumeScript {
        claim_exists_from: None,
        claim_bound_from: None,
        attached_from: None,
        attach_exhausted: false,
        set_up: Vec::new(),
        tear_down: Vec::new(),
        image: ImageScript::PRESENT,
    };

    /// Returns the n-th call of a list; the last repeats.
    pub(super) fn call(calls: &[VolumeCall], n: u32) -> &VolumeCall {
        let last = calls.len().saturating_sub(1);
        calls.get(usize::try_from(n).unwrap_or(usize::MAX).min(last)).unwrap_or(INSTANT_SUCCESS)
    }

    /// Returns all times with the names of their fields.
    pub(super) fn times(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        let single = [
            ("pvcExistsFrom", self.claim_exists_from),
            ("pvcBoundFrom", self.claim_bound_from),
            ("attachedFrom", self.attached_from),
        ];
        let single = single.into_iter().filter_map(|(field, time)| Some((field, time?)));
        let calls = self.set_up.iter().map(|call| ("setUp", call.takes));
        let image = core::iter::once(("image.pullSeconds", self.image.pull_time));
        single.chain(calls).chain(image).chain(self.tear_down.iter().map(|call| ("tearDown", call.takes)))
    }
}

/// Builders: times are [`Duration`]s or numbers of seconds.
impl VolumeScript {
    /// Sets when the PersistentVolumeClaim is created.
    #[must_use]
    pub fn claim_exists_from(mut self, at: impl IntoDuration) -> VolumeScript {
        self.claim_exists_from = Some(at.into_duration());
        self
    }

    /// Sets when the claim is bound.
    #[must_use]
    pub fn claim_bound_from(mut self, at: impl IntoDuration) -> VolumeScript {
        self.claim_bound_from = Some(at.into_duration());
        self
    }

    /// Sets when the volume is attached to the node.
    #[must_use]
    pub fn attached_from(mut self, at: impl IntoDuration) -> VolumeScript {
        self.attached_from = Some(at.into_duration());
        self
    }

    /// Has the node reach its limit of attached volumes, as long as the volume is not attached.
    #[must_use]
    pub fn attach_limit_reached(mut self) -> VolumeScript {
        self.attach_exhausted = true;
        self
    }

    /// Sets how long the mount takes that succeeds at last.
    #[must_use]
    pub fn mounted_in(mut self, takes: impl IntoDuration) -> VolumeScript {
        set_success(&mut self.set_up, takes.into_duration());
        self
    }

    /// Has so many mounts fail with this error before one succeeds.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// let pod = serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": {
    ///     "volumes": [{"name": "conf", "secret": {"secretName": "conf"}}],
    ///     "containers": [{"name": "app", "image": "nginx:1.27", "volumeMounts": [{"name": "conf", "mountPath": "/conf"}]}]
    /// }}"#)?;
    /// let timeline = Scenario::of(pod).volume("conf", |it| it.mount_fails(2, "secret \"conf\" not found")).play()?;
    /// let mut failures = timeline.events_with_reason("FailedMount").map(|event| &*event.message);
    /// assert_eq!(failures.next(), Some("MountVolume.SetUp failed for volume \"conf\" : secret \"conf\" not found"));
    /// assert_eq!(timeline.first_ready(), Some(Duration::from_millis(2_100)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn mount_fails(mut self, times: u32, error: impl Into<String>) -> VolumeScript {
        add_failures(&mut self.set_up, times, &error.into());
        self
    }

    /// Has every mount fail with this error.
    #[must_use]
    pub fn never_mounts(mut self, error: impl Into<String>) -> VolumeScript {
        self.set_up = Vec::from([VolumeCall { error: Some(error.into()), ..VolumeCall::default() }]);
        self
    }

    /// Has the node pull the image of an image volume, which takes so long.
    #[must_use]
    pub fn pulled_in(mut self, takes: impl IntoDuration) -> VolumeScript {
        (self.image.present, self.image.pull_time) = (false, takes.into_duration());
        self
    }

    /// Has the node pull the image of an image volume, and so many pulls fail with this error.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// let pod = serde_json::from_str(r#"{"metadata": {"name": "llm"}, "spec": {
    ///     "volumes": [{"name": "model", "image": {"reference": "registry.k8s.io/model:v1"}}],
    ///     "containers": [{"name": "app", "image": "nginx:1.27", "volumeMounts": [{"name": "model", "mountPath": "/model"}]}]
    /// }}"#)?;
    /// let timeline = Scenario::of(pod).volume("model", |it| it.pull_fails(1, "no such tag")).play()?;
    /// let mut failures = timeline.events_with_reason("Failed").map(|event| &*event.message);
    /// assert_eq!(failures.next(), Some("Failed to pull image \"registry.k8s.io/model:v1\": no such tag"));
    /// assert_eq!(failures.next(), Some("Error: ErrImagePull"));
    /// // The failed pull is tried again after 10 s.
    /// assert_eq!(timeline.first_ready(), Some(Duration::from_millis(10_300)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn pull_fails(mut self, times: u32, error: impl Into<String>) -> VolumeScript {
        self.image.present = false;
        (self.image.failures_before_success, self.image.error) = (times, Some(error.into()));
        self
    }

    /// Sets how long the unmount takes that succeeds at last.
    #[must_use]
    pub fn unmounted_in(mut self, takes: impl IntoDuration) -> VolumeScript {
        set_success(&mut self.tear_down, takes.into_duration());
        self
    }

    /// Has so many unmounts fail with this error before one succeeds.
    #[must_use]
    pub fn unmount_fails(mut self, times: u32, error: impl Into<String>) -> VolumeScript {
        add_failures(&mut self.tear_down, times, &error.into());
        self
    }
}

/// Sets the time of the success at the end of a list.
fn set_success(calls: &mut Vec<VolumeCall>, takes: Duration) {
    calls.pop_if(|call| call.error.is_none());
    calls.push(VolumeCall { takes, error: None });
}

/// Adds failures before the success at the end of a list.
fn add_failures(calls: &mut Vec<VolumeCall>, times: u32, error: &str) {
    let success = calls.pop_if(|call| call.error.is_none()).unwrap_or_default();
    calls.extend((0..times).map(|_| VolumeCall { takes: Duration::ZERO, error: Some(error.into()) }));
    // Without a success at the end the last failure would repeat.
    calls.push(success);
}
