//! Pictures and diagrams of the documentation.

mod quirks;

pub use quirks::{BugWithLives, PAGE as QUIRKS_PAGE, lives as lives_with_and_without_quirks};

use std::{fs, io, path::Path};

use pod_lifecycle::{
    render::{Gantt, Picture, StateDiagram, Svg},
    sim::Scenario,
};

/// Pictures, each of the scenario that has its name.
const LIVES: [(&str, &str); 3] = [
    ("docs/pictures/crash-loop.svg", "crash-loop"),
    ("docs/pictures/rolling-stop.svg", "rolling-stop"),
    ("docs/pictures/web-server.svg", "web-server"),
];

/// UID of a Pod whose manifest has none, so that pictures do not change.
const UID: &str = "5f0c6e6e-7d3c-4c57-9f4e-3a1f5b1c2d3e";

/// Width of the pictures, in px: they are drawn to scale in a README and in a book, and their text is not scaled down.
const WIDTH: u32 = 720;

/// Widths of the gallery: a phone's, a page's and a screen's.
const WIDTHS: [u32; 3] = [600, 1_000, 1_600];

/// Returns every scenario's picture at each width, by its file name.
pub fn gallery() -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for folder in ["scenarios", "quirks"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(folder);
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let picture = of_file(&path)?;
            files.extend(WIDTHS.map(|width| (format!("{name}-{width}.svg"), svg(&picture, width))));
        }
    }
    files.sort();
    Ok(files)
}

fn svg(picture: &Picture, width: u32) -> String {
    Svg::of(picture).width(width).to_string()
}

/// Returns every file that is drawn, by its path from the root of the crate, with its content.
pub fn files() -> io::Result<Vec<(String, String)>> {
    let mut files = quirks::files()?;
    files.push(("docs/diagrams.md".to_owned(), diagrams()?));
    for (file, scenario) in LIVES {
        files.push((file.to_owned(), svg(&picture(scenario)?, WIDTH)));
    }
    Ok(files)
}

fn picture(scenario: &str) -> io::Result<Picture> {
    of_file(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../examples/scenarios/{scenario}.yaml")))
}

fn of_file(file: &Path) -> io::Result<Picture> {
    let mut scenario: Scenario = serde_saphyr::from_str(&fs::read_to_string(file)?).map_err(io::Error::other)?;
    scenario.pod.metadata.uid = UID.into();
    Ok(Picture::of(&scenario.play().map_err(io::Error::other)?))
}

/// Returns the state diagrams, and a gantt.
fn diagrams() -> io::Result<String> {
    let mermaid = |diagram: &str| format!("```mermaid\n{diagram}```\n");
    Ok(format!(
        "# Diagrams

Drawn from the crate's own tables by `cargo run -p pod-lifecycle-pictures`.

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
