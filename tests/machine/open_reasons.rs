//! A runtime, or another kubelet, may say any word: it is shown as it is, everywhere.

use std::sync::Arc;

use pod_lifecycle::{
    NoSink, PodMachine, Timestamp,
    api::{self, PodPhase},
    config::KubeletConfig,
    event::{Event, Failure, RuntimeEvent},
    rule::phase,
    spec::PodSpec,
    state::{
        ContainerRecord, FailureMessage, RecordedState, SandboxId, StartError, StartFailure, TerminationReason, Waiting,
    },
    status::{self, NumberedInstances},
};

const START: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

fn web() -> api::PodManifest {
    let text = r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#;
    serde_json::from_str(text).unwrap()
}

/// A Pod whose runtime could not create its container, and said so in a word of its own.
fn pod_of_an_odd_runtime() -> PodMachine {
    let spec = Arc::new(PodSpec::from_manifest(web()).unwrap());
    let mut pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), START, &mut NoSink);
    let container = 0.into();
    let failure = Failure { error: "ProviderFailed".into(), message: "no quota left".into() };
    for event in [
        RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) },
        RuntimeEvent::ImageInspected { container, result: Ok(true) },
        RuntimeEvent::ContainerCreated {
            container,
            instance: pod_lifecycle::state::InstanceId::nth(0),
            result: Err(failure),
        },
    ] {
        pod.handle_event(START, Event::Runtime(event), &mut NoSink).unwrap();
    }
    pod
}

#[test]
fn a_runtimes_own_word_is_what_status_kubectl_and_explanation_show() {
    let pod = pod_of_an_odd_runtime();
    let status = pod.status();
    let waiting = status.container_statuses[0].state.waiting.clone().unwrap();
    assert_eq!((&*waiting.reason, &*waiting.message), ("ProviderFailed", "no quota left"));
    assert_eq!(status.phase, Some(PodPhase::Pending.into()));
    #[cfg(feature = "explain")]
    {
        let explained = pod.explain(START).to_string();
        assert!(explained.contains("(its status still shows ProviderFailed)"), "{explained}");
        let mut object = web();
        object.status = status;
        assert_eq!(pod_lifecycle::kubectl::row(&object, START).status, "ProviderFailed");
    }
}

#[test]
fn the_rules_take_an_unknown_word_as_a_container_that_waits() {
    let spec = PodSpec::from_manifest(web()).unwrap();
    let message = FailureMessage::Text("no quota left".into());
    let failure = Arc::new(StartFailure { error: "ProviderFailed".into(), message });
    let record = ContainerRecord {
        state: Some(RecordedState::Waiting(Waiting::Failed(failure))),
        last_state: None,
        restart_count: 0,
        instance: None,
        started: Some(false),
        ready: false,
    };
    assert_eq!(phase::pod_phase(&spec, &[Some(record.clone())], false, false), PodPhase::Pending);
    let printed = status::container_status(&spec, 0.into(), &record, &NumberedInstances(&spec));
    assert_eq!(printed.state.waiting.unwrap().reason, "ProviderFailed");
}

#[test]
fn every_known_word_is_read_back_as_itself_and_every_other_as_it_stands() {
    for error in StartError::KNOWN {
        assert_eq!(StartError::from(error.as_str()), *error);
        assert_eq!(error.as_str().parse(), Ok(error.clone()));
        assert_eq!(serde_json::from_value::<StartError>(serde_json::json!(error)).unwrap(), *error);
    }
    for reason in TerminationReason::KNOWN {
        assert_eq!(TerminationReason::from(reason.as_str()), *reason);
    }
    for odd in ["", "errimagepull", "Zahlung überfällig", "ContainerCreating"] {
        assert_eq!(StartError::from(odd), StartError::Other(odd.into()));
        assert_eq!(serde_json::json!(TerminationReason::from(odd)), odd);
    }
}
