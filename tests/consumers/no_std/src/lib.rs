//! The run loop of a device that has no operating system: what a Pod asks for goes to a driver, and comes back as news.
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

/// Whatever carries actions out on the device.
pub trait Driver {
    /// Carries an action out, and says what came of it.
    fn carry_out(&mut self, action: Action) -> Option<RuntimeEvent>;
    /// The time.
    fn now(&self) -> Timestamp;
}

/// A Pod of one container, made without any text to parse.
///
/// # Errors
///
/// [`SpecError`] if a name or an image is none.
pub fn firmware(name: &str, image: &str) -> Result<Arc<PodSpec>, SpecError> {
    PodSpec::from_manifest(PodManifest::new(name, [Container::new("main", image)])).map(Arc::new)
}

/// Starts a Pod, and says in which phase it is once nothing more is to be done.
pub fn start(spec: Arc<PodSpec>, driver: &mut impl Driver) -> PodPhase {
    let (mut out, mut news) = (Vec::new(), VecDeque::new());
    let mut pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), driver.now(), &mut out);
    loop {
        for output in out.drain(..) {
            if let Output::Action(action) = output {
                news.extend(driver.carry_out(action));
            }
        }
        let Some(event) = news.pop_front() else { return pod.phase() };
        // News that comes too late is refused, and nothing changes.
        let _ = pod.handle_event(driver.now(), Event::Runtime(event), &mut out);
    }
}
