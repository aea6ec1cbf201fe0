//! Why a container waits or has ended, in one word: open sets, as anybody may say any word.

use crate::manifest::open_named;

open_named! {
    /// What went wrong with a start: the reason of a waiting container.
    ///
    /// The set is open: a runtime, or another kubelet, may say any word.
    ///
    /// ```
    /// use pod_lifecycle::state::StartError;
    ///
    /// assert_eq!(StartError::from("ErrImagePull"), StartError::ErrImagePull);
    /// assert_eq!(StartError::from("ProviderFailed").as_str(), "ProviderFailed");
    /// ```
    pub enum StartError {
        /// The container keeps ending and is held back.
        CrashLoopBackOff = "CrashLoopBackOff",
        /// The image could not be pulled.
        ErrImagePull = "ErrImagePull",
        /// The image could not be pulled and is held back.
        ImagePullBackOff = "ImagePullBackOff",
        /// The image is not there and may not be pulled.
        ErrImageNeverPull = "ErrImageNeverPull",
        /// The image reference cannot be read.
        InvalidImageName = "InvalidImageName",
        /// The runtime cannot say whether it has the image.
        ImageInspectError = "ImageInspectError",
        /// The registry does not answer.
        RegistryUnavailable = "RegistryUnavailable",
        /// The image's signature is not valid.
        SignatureValidationFailed = "SignatureValidationFailed",
        /// The container's configuration cannot be made, say for want of a `ConfigMap`.
        CreateContainerConfigError = "CreateContainerConfigError",
        /// The runtime could not create the container.
        CreateContainerError = "CreateContainerError",
        /// The node's own hook before the creation failed.
        PreCreateHookError = "PreCreateHookError",
        /// The node's own hook before the start failed.
        PreStartHookError = "PreStartHookError",
        /// The runtime could not start the container.
        RunContainerError = "RunContainerError",
        /// The container's postStart hook failed.
        PostStartHookError = "PostStartHookError",
    }
}

open_named! {
    /// Why a container ended, in one word.
    ///
    /// The set is open: a runtime may say any word.
    ///
    /// ```
    /// use pod_lifecycle::state::TerminationReason;
    ///
    /// assert_eq!(TerminationReason::from("OOMKilled"), TerminationReason::OomKilled);
    /// assert_eq!(TerminationReason::from("Unplugged").as_str(), "Unplugged");
    /// ```
    pub enum TerminationReason {
        /// With exit code 0.
        Completed = "Completed",
        /// With another exit code.
        Error = "Error",
        /// The kernel took its memory back.
        OomKilled = "OOMKilled",
        /// Its command could not be run.
        ContainerCannotRun = "ContainerCannotRun",
        /// It could not be started.
        StartError = "StartError",
        /// Nobody saw it end.
        ContainerStatusUnknown = "ContainerStatusUnknown",
        /// It was removed because all containers are being restarted.
        RestartingAllContainers = "RestartingAllContainers",
    }
}

impl TerminationReason {
    /// What a runtime says of an exit when nothing else is known: `Completed` for 0, else `Error`.
    #[must_use]
    pub fn of_exit(exit_code: i32) -> TerminationReason {
        if exit_code == 0 { TerminationReason::Completed } else { TerminationReason::Error }
    }
}
