//! The Pods of this node.

use std::{error::Error, io, path::Path, sync::Arc};

use pod_lifecycle::{Clock, SystemClock, api::PodManifest, config::KubeletConfig, object::PodObject};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

use crate::{
    agent::{Agent, Shown},
    runtime::Runtime,
};

const NAME: &str = "this-machine";

/// The agents of all Pods.
pub(crate) struct Node {
    pods: Vec<Running>,
}

/// A Pod whose agent runs.
struct Running {
    shown: watch::Receiver<Shown>,
    /// Taken once the Pod is deleted.
    delete: Option<oneshot::Sender<()>>,
    agent: JoinHandle<()>,
}

impl Node {
    /// Admits all Pods, or refuses them with every problem of the first that has one; then starts them.
    pub(crate) fn start(manifests: Vec<PodManifest>, logs: &Path) -> Result<Node, Box<dyn Error>> {
        let config = Arc::new(KubeletConfig::default().with_node_name(NAME));
        let now = SystemClock.now();
        let admitted = manifests.into_iter().map(|manifest| {
            let named = manifest.metadata.name.clone();
            let mut object = PodObject::admit(manifest, now).map_err(|error| format!("Pod {named:?}: {error}"))?;
            object.take_to_node(NAME, now);
            Ok::<PodObject, String>(object)
        });
        let objects = admitted.collect::<Result<Vec<PodObject>, String>>()?;
        let pods = objects.into_iter().map(|object| Running::start(object, Arc::clone(&config), logs));
        Ok(Node { pods: pods.collect::<Result<_, _>>()? })
    }

    /// What is to be seen of the Pods, from now on.
    pub(crate) fn watch(&self) -> Vec<watch::Receiver<Shown>> {
        self.pods.iter().map(|pod| pod.shown.clone()).collect()
    }

    /// Waits until every Pod has succeeded or failed.
    pub(crate) async fn all_have_ended(&mut self) {
        for pod in &mut self.pods {
            // An agent that is gone has nothing more to show.
            let _ = pod.shown.wait_for(Shown::has_ended).await;
        }
    }

    /// Deletes every Pod, each with the grace that its spec asks for.
    pub(crate) fn delete_all(&mut self) {
        for delete in self.pods.iter_mut().filter_map(|pod| pod.delete.take()) {
            let _ = delete.send(());
        }
    }

    /// Waits until nothing is left of any Pod.
    pub(crate) async fn all_are_gone(self) -> io::Result<()> {
        for pod in self.pods {
            pod.agent.await?;
        }
        Ok(())
    }
}

impl Running {
    fn start(object: PodObject, config: Arc<KubeletConfig>, logs: &Path) -> Result<Running, Box<dyn Error>> {
        let (runtime, events) = Runtime::new(object.manifest().clone(), logs);
        let (deleted, deletion) = oneshot::channel();
        let (agent, shown) = Agent::new(object, config, runtime, events)?;
        Ok(Running { shown, delete: Some(deleted), agent: tokio::spawn(agent.run(deletion)) })
    }
}
