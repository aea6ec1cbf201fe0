//! The images that a node has for a Pod.

use std::{collections::BTreeMap, time::Duration};

use pod_lifecycle::{event::Failure, sim::ContainerScript, spec::ContainerIndex, state::StartError};

/// What an image weighs.
const BYTES: u64 = 50_000_000;

/// What was pulled for a Pod, and how often a pull was tried.
#[derive(Debug, Default)]
pub(super) struct Images {
    pulled: Vec<Box<str>>,
    tries: BTreeMap<ContainerIndex, u32>,
}

impl Images {
    /// Whether an image is there: from the beginning, or since a pull.
    pub(super) fn has(&self, image: &str, script: &ContainerScript) -> bool {
        script.image.present || self.pulled.iter().any(|pulled| **pulled == *image)
    }

    /// How often a pull was tried.
    pub(super) fn tries(&self, container: ContainerIndex) -> u32 {
        self.tries.get(&container).copied().unwrap_or(0)
    }

    /// How a pull ends so long after the beginning: the image's size, or what the registry says.
    pub(super) fn pulled(
        &mut self,
        container: ContainerIndex,
        image: &str,
        script: &ContainerScript,
        seed: u64,
        elapsed: Duration,
    ) -> Result<u64, Failure> {
        let tries = self.tries.entry(container).or_default();
        let (_, is_unlucky) = script.sample_pull(seed, container, *tries);
        let has_failed = *tries < script.image.failures_before_success || is_unlucky || script.image.is_out(elapsed);
        *tries = tries.saturating_add(1);
        if has_failed {
            let message = script.image.error.as_deref().unwrap_or("the registry says no");
            return Err(Failure { error: StartError::ErrImagePull, message: message.into() });
        }
        if !self.pulled.iter().any(|pulled| **pulled == *image) {
            self.pulled.push(image.into());
        }
        Ok(BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_there_once_a_pull_has_succeeded() {
        let script = ContainerScript::default().pull_fails(1, "denied");
        let (mut images, app) = (Images::default(), ContainerIndex::from(0));
        assert!(images.pulled(app, "nginx", &script, 0, Duration::ZERO).is_err());
        assert!(!images.has("nginx", &script));
        assert!(images.pulled(app, "nginx", &script, 0, Duration::ZERO).is_ok());
        assert!(images.has("nginx", &script) && !images.has("redis", &script));
    }

    #[test]
    fn a_pull_fails_while_the_registry_is_out() {
        let script: ContainerScript =
            serde_json::from_str(r#"{"image": {"present": false, "outages": [{"from": 0, "to": 60}]}}"#).unwrap();
        let (mut images, app) = (Images::default(), ContainerIndex::from(0));
        assert!(images.pulled(app, "nginx", &script, 0, Duration::from_secs(59)).is_err());
        assert!(images.pulled(app, "nginx", &script, 0, Duration::from_secs(60)).is_ok());
    }
}
