//! The program, and what it is run on.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// A manifest, in a folder of its own that goes away with it. `FOLDER` in it stands for the folder.
pub(crate) struct Pods {
    folder: PathBuf,
}

impl Pods {
    pub(crate) fn of(name: &str, manifest: &str) -> Pods {
        let folder = std::env::temp_dir().join(format!("embed_tokio-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let manifest = manifest.replace("FOLDER", folder.to_str().unwrap());
        fs::write(folder.join("pods.yaml"), manifest).unwrap();
        Pods { folder }
    }

    /// What is printed of the Pods.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What is said of Pods that are not run.
    pub(crate) fn refused(&self) -> String {
        let output = self.output(&[]);
        assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    /// What a container has written.
    pub(crate) fn log(&self, file: &str) -> String {
        let path = self.folder.join(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn output(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_embed-tokio"));
        command.arg(self.folder.join("pods.yaml")).arg("--logs").arg(&self.folder).args(arguments);
        command.stdin(Stdio::null()).output().unwrap()
    }
}

impl Drop for Pods {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A row of the table, without the age.
pub(crate) fn row(line: &str) -> Vec<&str> {
    line.split_whitespace().take(4).collect()
}
