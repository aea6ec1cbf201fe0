//! What a release publishes: the workflow, `cargo binstall` and krew name the same archives.

use std::{collections::BTreeSet, fs, path::Path};

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)).unwrap()
}

/// Names of the archives that the workflow builds of one program, with `TAG` for the tag.
fn built(program: &str) -> BTreeSet<String> {
    let workflow = read(".github/workflows/programs.yml");
    let of_field = |line: &str, field: &str| {
        let rest = line.split_once(&format!("{field}: ")).unwrap().1;
        rest.split([',', ' ']).next().unwrap().to_owned()
    };
    let rows = workflow.lines().filter(|line| line.trim_start().starts_with("- { target:"));
    rows.map(|row| format!("{program}-TAG-{}.{}", of_field(row, "target"), of_field(row, "archive"))).collect()
}

fn last_of_path(address: &str) -> String {
    address.rsplit('/').next().unwrap().to_owned()
}

#[test]
fn krew_fetches_each_archive_of_kubectl_why_that_the_workflow_builds() {
    let manifest = read(".krew.yaml");
    let addresses = manifest.lines().filter_map(|line| line.split_once("addURIAndSha \"")?.1.split_once("\" .TagName"));
    let fetched: BTreeSet<String> =
        addresses.map(|(address, _)| last_of_path(address).replace("{{ .TagName }}", "TAG")).collect();
    assert_eq!(fetched, built("kubectl-why"));
    assert_eq!(fetched.len(), 5);
}

#[test]
fn cargo_binstall_fetches_archives_of_podlife_that_the_workflow_builds() {
    let manifest = read("cli/Cargo.toml");
    let built = built("podlife");
    let addresses = manifest.lines().filter_map(|line| line.strip_prefix("pkg-url = \""));
    let names = addresses.map(|address| last_of_path(address.trim_end_matches('"')).replace("v{ version }", "TAG"));
    let mut count = 0;
    for name in names {
        let is_built = built.iter().any(|archive| {
            // An address for every target stands for those that have the same form.
            let (start, end) = name.split_once("{ target }").unwrap_or((&name, ""));
            archive.starts_with(start) && archive.ends_with(end)
        });
        assert!(is_built, "{name} is none of {built:?}");
        count += 1;
    }
    assert_eq!(count, 4);
}

#[test]
fn both_programs_of_the_package_are_in_the_workflow() {
    let (manifest, workflow) = (read("cli/Cargo.toml"), read(".github/workflows/programs.yml"));
    for program in ["podlife", "kubectl-why"] {
        assert!(manifest.contains(&format!("name = \"{program}\"")), "{program}");
        assert!(workflow.contains(&format!("release/{program}$exe")), "{program}");
    }
}
