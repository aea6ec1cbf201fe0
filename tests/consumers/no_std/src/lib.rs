//! Run loop of a device without an operating system: actions go to a driver, its answers come back as events.
#![no_std]

extern crate alloc;

use alloc::{collections::VecDeque, sync::Arc, vec::Vec};

use pod_lifecycle::{
    Action, Output, PodMachine, Timestamp,
    config::KubeletConfig,
    event::{Event, RuntimeEvent},
    api::{Container, PodManifest, PodPhase},
    spec::{PodSpec, SpecError},
};

/// Carries actions out on the device.
pub trait Driver {
    /// Carries an action out; returns its answer, if it has one.
    fn carry_out(&mut self, action: Action) -> Option<RuntimeEvent>;
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// A Pod of one container, made without any text to parse.
///
/// # Errors
///
/// [`SpecError`] if the name or the image is invalid.
pub fn firmware(name: &str, image: &str) -> Result<Arc<PodSpec>, SpecError> {
    PodSpec::from_manifest(PodManifest::new(name, [Container::new("main", image)])).map(Arc::new)
}

/// Starts a Pod; returns its phase once no event is left.
pub fn start(spec: Arc<PodSpec>, driver: &mut impl Driver) -> PodPhase {
    let (mut out, mut events) = (Vec::new(), VecDeque::new());
    let mut pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), driver.now(), &mut out);
    loop {
        for output in out.drain(..) {
            if let Output::Action(action) = output {
                events.extend(driver.carry_out(action));
            }
        }
        let Some(event) = events.pop_front() else { return pod.phase() };
        // An event that comes too late is refused, and nothing changes.
        let _ = pod.handle_event(driver.now(), Event::Runtime(event), &mut out);
    }
}
