//! Which pictures the documentation shows, and what is in them.

mod quirks;

pub use quirks::{BugWithLives, PAGE as QUIRKS_PAGE, lives as lives_with_and_without_quirks};

use std::{fs, io, path::Path};

use pod_lifecycle::{
    render::{Gantt, Picture, StateDiagram, Svg},
    sim::Scenario,
};

/// The pictures: each of the scenario that has its name.
const LIVES: [(&str, &str); 3] = [
    ("docs/pictures/crash-loop.svg", "crash-loop"),
    ("docs/pictures/rolling-stop.svg", "rolling-stop"),
    ("docs/pictures/web-server.svg", "web-server"),
];

/// What `simulate` calls a Pod inside whose manifest does not say.
const UID: &str = "5f0c6e6e-7d3c-4c57-9f4e-3a1f5b1c2d3e";

/// Every file that is drawn, from the root of the crate, with its content.
pub fn files() -> io::Result<Vec<(String, String)>> {
    let mut files = quirks::files()?;
    files.push(("docs/diagrams.md".to_owned(), diagrams()?));
    for (file, scenario) in LIVES {
        files.push((file.to_owned(), Svg::of(&picture(scenario)?).to_string()));
    }
    Ok(files)
}

fn picture(scenario: &str) -> io::Result<Picture> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../examples/scenarios/{scenario}.yaml"));
    let mut scenario: Scenario = serde_saphyr::from_str(&fs::read_to_string(file)?).map_err(io::Error::other)?;
    scenario.pod.metadata.uid = UID.into();
    Ok(Picture::of(&scenario.play().map_err(io::Error::other)?))
}

/// The state diagrams, and a gantt.
fn diagrams() -> io::Result<String> {
    let mermaid = |diagram: &str| format!("```mermaid\n{diagram}```\n");
    Ok(format!(
        "# Diagrams

Drawn from the crate's own tables by `cargo run --release -p pod-lifecycle-pictures`.

## The published state of a container: `CONTAINER_MOVES`

{}
## The phase of a Pod: `PHASE_MOVES`

{}
## The Pod's worker in the kubelet: `WORKER_MOVES`

{}
## A life: the bad day of a web server

`podlife play examples/scenarios/web-server.yaml --mermaid`

{}",
        mermaid(&StateDiagram::Container.to_string()),
        mermaid(&StateDiagram::Phase.to_string()),
        mermaid(&StateDiagram::Worker.to_string()),
        mermaid(&Gantt::of(&picture("web-server")?).to_string()),
    ))
}
