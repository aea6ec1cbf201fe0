//! What may grow says so: users' matches go on compiling when Kubernetes, or this crate, has one more.

use std::{fs, path::Path};

use super::layers::files;

/// The sets that stay as they are, and why.
const CLOSED: &[(&str, &[&str])] = &[
    (
        "the API has these and no more: clients are asked to match them all",
        &[
            "ContainerStateKind",
            "RecordedState",
            "EventType",
            "PodPhase",
            "ConditionStatus",
            "PodQosClass",
            "RestartPolicy",
        ],
    ),
    (
        "a field of the manifest: what Kubernetes adds is read as `Named::Other`",
        &["ImagePullPolicy", "ExitCodeOperator", "Protocol", "TerminationMessagePolicy", "OsName", "UriScheme"],
    ),
    ("known or not", &["Named", "IntOrString", "BadValue"]),
    ("the kubelet's state machines, which the crate is about", &["WorkerState", "SyncKind", "SyncProgress"]),
    (
        "a container's kinds, hooks and probes: what is new there changes every rule",
        &["ContainerKind", "HookKind", "ProbeKind"],
    ),
    ("the runtime's interface has these", &["InstanceState"]),
    ("all that a probe can come to, or be about to do", &["ProbeOutcome", "ProbeResult", "ProbeDecision"]),
    ("either of two, or all cases of a question", &["HookTime", "When", "At", "Deletion", "Correlated"]),
    (
        "what a picture shows, for those who draw one: each needs a look of its own",
        &["AxisSegment", "Readiness", "Appearance", "TaskOutcome"],
    ),
    ("what a random life is made of", &["AnswerKind", "RelistChange", "ResolvedStep"]),
];

/// Structs whose fields are all public and that users may write as literals, with the reason.
const LITERALS: &[(&str, &[&str])] = &[
    (
        "report of a runtime, written by the embedder: a new field is a new fact that it has to report",
        &[
            "RuntimeStatus",
            "Sandbox",
            "Instance",
            "Termination",
            "ContainerExit",
            "Failure",
            "BoundVolume",
            "MemoryUsage",
            "SandboxUpdateError",
            "LinuxResources",
        ],
    ),
    (
        "record of the kubelet's cache, written field by field where a rule is evaluated alone",
        &["ContainerRecord", "StartFailure", "Condition", "PodConditions", "ProbeFacts", "ProbeWorker", "KubeletStart"],
    ),
    ("output that users' tests compare with a literal", &["Transition", "KubernetesEvent", "PodCounts", "EventPatch"]),
    ("pair or triple of one quantity", &["BackOffLimits", "Bounds", "Shard", "Choice", "Span"]),
    ("part of a script, written by its author", &["ScriptAction", "HookScript", "Outage"]),
    ("setting with a default or a constructor, changed by struct update", &["Assumptions"]),
    ("part of a picture, for those who draw one", &["ProcessExit", "StatusValue", "Timed"]),
    ("input of an invariant that users call with values of their own", &["StepRecord"]),
];

/// Whose macros say it for them.
const BY_MACRO: &[&str] = &["StartError", "TerminationReason", "PodReason", "Remedy"];

#[test]
fn every_public_enum_may_grow_or_says_why_it_never_will() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let enums: Vec<(String, bool)> = files(&source).iter().flat_map(|file| enums_of(&read(file))).collect();
    assert!(enums.len() > 80, "only {} enums were found: does this test still read the source?", enums.len());
    let closed = || CLOSED.iter().flat_map(|(_, names)| *names);
    for (name, grows) in &enums {
        let is_closed = closed().any(|closed| closed == name);
        let grows = *grows || BY_MACRO.contains(&name.as_str());
        assert!(grows || is_closed, "{name} is neither #[non_exhaustive] nor said to be closed, with a reason");
        assert!(!(grows && is_closed), "{name} is said to be closed and is #[non_exhaustive]");
    }
    for name in closed() {
        assert!(enums.iter().any(|(known, _)| known == name), "there is no {name} any more");
    }
}

#[test]
fn every_struct_with_public_fields_may_grow_or_says_why_it_never_will() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let structs: Vec<String> = files(&source).iter().flat_map(|file| exhaustive_structs_of(&read(file))).collect();
    let listed = || LITERALS.iter().flat_map(|(_, names)| *names);
    for name in &structs {
        assert!(listed().any(|listed| listed == name), "{name} is neither #[non_exhaustive] nor listed with a reason");
    }
    for name in listed() {
        assert!(structs.iter().any(|known| known == name), "{name} is gone, or is not exhaustive any more");
    }
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}

/// The public enums of a file, and whether they may grow.
fn enums_of(text: &str) -> Vec<(String, bool)> {
    let (mut grows, mut found) = (false, Vec::new());
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("pub enum ") {
            let name = name.split(|letter: char| !letter.is_alphanumeric()).next().unwrap();
            found.push((name.to_string(), grows));
        }
        grows = line == "#[non_exhaustive]" || (grows && line.starts_with("#["));
    }
    found
}

/// The public structs of a file that have named fields, all of them public, and are exhaustive.
fn exhaustive_structs_of(text: &str) -> Vec<String> {
    let (mut grows, mut found) = (false, Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(head) = line.strip_prefix("pub struct ").filter(|head| head.ends_with('{')) {
            let name = head.split(|letter: char| !letter.is_alphanumeric()).next().unwrap();
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "}").map(str::trim).collect();
            // A field's line is neither a comment nor an attribute, and ends with a comma.
            let mut fields = body.iter().filter(|line| !line.starts_with(['/', '#']) && line.ends_with(','));
            if !grows && fields.all(|field| field.starts_with("pub ") && !field.starts_with("pub(")) {
                found.push(name.to_string());
            }
        }
        grows = line == "#[non_exhaustive]" || (grows && line.starts_with("#["));
    }
    found
}
