//! Manifests from files.

use std::{error::Error, fs, path::PathBuf};

use pod_lifecycle::api::{Document, PodManifest};

/// The Pods of all documents of all files: those that stand there, and one of each Deployment and its like.
pub(crate) fn pods(files: &[PathBuf]) -> Result<Vec<PodManifest>, Box<dyn Error>> {
    let mut pods = Vec::new();
    for file in files {
        let about = |problem: &dyn Error| format!("{}: {problem}", file.display());
        let text = fs::read_to_string(file).map_err(|error| about(&error))?;
        let documents: Vec<Document> = serde_saphyr::from_multiple(&text).map_err(|error| about(&error))?;
        for document in documents {
            pods.push(document.pod().map_err(|error| about(&error))?);
        }
    }
    Ok(pods)
}
