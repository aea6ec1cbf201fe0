//! In-memory volumes and their mounts: the file system of a container, shared between the containers of a Pod.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Content that a volume keeps, in bytes; zeros at the end of a file count for nothing.
const KEPT_BYTES: usize = 4 << 20;

/// Files and directories of a volume.
const KEPT_NODES: usize = 10_000;

/// Locks a mutex; a panic elsewhere leaves the data as they were.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Handle of a tree of files: an emptyDir, a hostPath, a config map, or a container's own root. Clones share it.
///
/// ```
/// use fake_image::Volume;
///
/// let volume = Volume::new();
/// let shared = volume.clone();
/// assert!(volume.write("/conf/mode", b"fast"));
/// assert_eq!(shared.read("/conf/mode").as_deref(), Some(&b"fast"[..]));
/// assert_eq!(shared.used_bytes(), 4);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Volume(Arc<Mutex<Tree>>);

#[derive(Debug, Default)]
struct Tree {
    /// By absolute path; the root itself is not in it.
    nodes: BTreeMap<String, Node>,
}

/// Entry of a directory.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Directory { mode: u32 },
    File(File),
    Link(String),
}

/// Content of a file, shared by its names and by the descriptors that have it open.
#[derive(Clone, Debug)]
pub(crate) struct File(Arc<Mutex<Data>>);

#[derive(Debug, Default)]
struct Data {
    bytes: Vec<u8>,
    /// Bytes from `bytes.len()` up to here are zeros.
    size: u64,
    mode: u32,
    modified: Duration,
}

/// Volume at a path in a container.
#[derive(Clone, Debug)]
pub struct Mount {
    /// Absolute path in the container.
    pub path: String,
    /// Mounted volume.
    pub volume: Volume,
    /// Path in the volume that is mounted; empty for its root.
    pub sub_path: String,
    /// True if the container cannot write to it.
    pub read_only: bool,
}

impl File {
    pub(crate) fn new(now: Duration) -> File {
        File(Arc::new(Mutex::new(Data { mode: 0o644, modified: now, ..Data::default() })))
    }

    pub(crate) fn size(&self) -> u64 {
        lock(&self.0).size
    }

    pub(crate) fn mode(&self) -> u32 {
        lock(&self.0).mode
    }

    pub(crate) fn set_mode(&self, mode: u32) {
        lock(&self.0).mode = mode;
    }

    pub(crate) fn modified(&self) -> Duration {
        lock(&self.0).modified
    }

    pub(crate) fn touch(&self, now: Duration) {
        lock(&self.0).modified = now;
    }

    pub(crate) fn truncate(&self, now: Duration) {
        let mut data = lock(&self.0);
        data.bytes.clear();
        data.size = 0;
        data.modified = now;
    }

    /// True if both names are of one file.
    pub(crate) fn is(&self, other: &File) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Reads up to `length` bytes; empty at the end of the file.
    pub(crate) fn read_at(&self, offset: u64, length: usize) -> Vec<u8> {
        let data = lock(&self.0);
        let Some(left) = data.size.checked_sub(offset) else { return Vec::new() };
        let length = length.min(usize::try_from(left).unwrap_or(usize::MAX));
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let kept = data.bytes.get(offset..).unwrap_or_default();
        let mut read: Vec<u8> = kept.iter().copied().take(length).collect();
        read.resize(length, 0);
        read
    }

    /// Returns the content, up to the bytes that are kept.
    pub(crate) fn content(&self) -> Vec<u8> {
        self.read_at(0, KEPT_BYTES)
    }

    /// Writes at an offset; false if the volume has no room for it.
    pub(crate) fn write_at(&self, offset: u64, bytes: &[u8], now: Duration) -> bool {
        let mut data = lock(&self.0);
        let end = offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        // Zeros past the kept bytes need no room: `dd if=/dev/zero` may write more than this process has memory.
        let is_kept = bytes.iter().any(|byte| *byte != 0);
        if is_kept && end > KEPT_BYTES as u64 {
            return false;
        }
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        if is_kept {
            let end = start.saturating_add(bytes.len());
            if data.bytes.len() < end {
                data.bytes.resize(end, 0);
            }
        }
        if let Some(kept) = data.bytes.get_mut(start..) {
            kept.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        }
        data.size = data.size.max(end);
        data.modified = now;
        true
    }
}

impl Volume {
    /// Creates an empty volume.
    #[must_use]
    pub fn new() -> Volume {
        Volume::default()
    }

    /// Writes a file and the directories above it; false if the volume is full or a directory has that name.
    pub fn write(&self, path: &str, content: &[u8]) -> bool {
        let path = normal(path, "/");
        let mut above = parent(&path);
        while above != "/" {
            if self.node(above).is_none() && !self.insert(above, Node::Directory { mode: 0o755 }) {
                return false;
            }
            above = parent(above);
        }
        let file = match self.node(&path) {
            Some(Node::File(file)) => file,
            Some(Node::Directory { .. }) => return false,
            Some(Node::Link(_)) | None => File::new(Duration::ZERO),
        };
        file.truncate(Duration::ZERO);
        self.has_room(content.len())
            && file.write_at(0, content, Duration::ZERO)
            && self.insert(&path, Node::File(file))
    }

    /// Makes a directory and those above it; false if the volume is full.
    pub fn make_directory(&self, path: &str) -> bool {
        let path = normal(path, "/");
        let (mut at, mut is_made) = (path.as_str(), true);
        while at != "/" {
            if self.node(at).is_none() {
                is_made &= self.insert(at, Node::Directory { mode: 0o755 });
            }
            at = parent(at);
        }
        is_made
    }

    /// Returns the content of a file; `None` if there is none.
    #[must_use]
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        match self.node(&normal(path, "/"))? {
            Node::File(file) => Some(file.content()),
            Node::Directory { .. } | Node::Link(_) => None,
        }
    }

    /// Removes a file, or a directory with everything below it.
    pub fn remove(&self, path: &str) {
        let path = normal(path, "/");
        let below = if path == "/" { path.clone() } else { format!("{path}/") };
        lock(&self.0).nodes.retain(|at, _| *at != path && !at.starts_with(&below));
    }

    /// Sum of the sizes of all files, in bytes: what counts against a limit of ephemeral storage.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        let tree = lock(&self.0);
        let sizes = tree.nodes.values().map(|node| match node {
            Node::File(file) => file.size(),
            Node::Directory { .. } | Node::Link(_) => 0,
        });
        sizes.fold(0, u64::saturating_add)
    }

    /// True if so many more bytes can be kept.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        let tree = lock(&self.0);
        let kept = tree.nodes.values().map(|node| match node {
            Node::File(file) => lock(&file.0).bytes.len(),
            Node::Directory { .. } | Node::Link(_) => 0,
        });
        kept.fold(bytes, usize::saturating_add) <= KEPT_BYTES
    }

    pub(crate) fn node(&self, path: &str) -> Option<Node> {
        if path == "/" {
            return Some(Node::Directory { mode: 0o777 });
        }
        lock(&self.0).nodes.get(path).cloned()
    }

    /// Adds or replaces a node; false if the volume has too many.
    pub(crate) fn insert(&self, path: &str, node: Node) -> bool {
        let mut tree = lock(&self.0);
        if tree.nodes.len() >= KEPT_NODES && !tree.nodes.contains_key(path) {
            return false;
        }
        tree.nodes.insert(path.to_owned(), node);
        true
    }

    /// Removes one node.
    pub(crate) fn unlink(&self, path: &str) {
        lock(&self.0).nodes.remove(path);
    }

    /// Returns the names in a directory, sorted.
    pub(crate) fn names_in(&self, directory: &str) -> Vec<String> {
        let below = if directory == "/" { "/".to_owned() } else { format!("{directory}/") };
        let tree = lock(&self.0);
        let inside = tree.nodes.range(below.clone()..).take_while(|(path, _)| path.starts_with(&below));
        let names = inside.filter_map(|(path, _)| path.strip_prefix(&below));
        names.filter(|name| !name.is_empty() && !name.contains('/')).map(str::to_owned).collect()
    }

    /// Returns everything at and below a path, with paths from there.
    pub(crate) fn tree(&self, path: &str) -> Vec<(String, Node)> {
        let tree = lock(&self.0);
        let inside = tree.nodes.iter().filter_map(|(at, node)| {
            let below = at.strip_prefix(path)?;
            (below.is_empty() || below.starts_with('/')).then(|| (below.to_owned(), node.clone()))
        });
        inside.collect()
    }
}

/// Returns an absolute path without `.`, `..` and empty parts.
pub(crate) fn normal(path: &str, directory: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let from = if path.starts_with('/') { "" } else { directory };
    for part in from.split('/').chain(path.split('/')) {
        match part {
            "" | "." => (),
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Returns the directory of an absolute path.
pub(crate) fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((directory, _)) => directory,
    }
}

/// Returns the last part of a path.
pub(crate) fn base(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_lexically() {
        for (path, directory, expected) in [
            ("a", "/b", "/b/a"),
            ("../a/./c", "/b/d", "/b/a/c"),
            ("/../..", "/", "/"),
            ("", "/x", "/x"),
            ("a//b", "/", "/a/b"),
        ] {
            assert_eq!(normal(path, directory), expected);
        }
    }

    #[test]
    fn zeros_need_no_room_and_count_as_used() {
        let (volume, file) = (Volume::new(), File::new(Duration::ZERO));
        assert!(volume.insert("/file", Node::File(file.clone())));
        let block = vec![0; 1 << 20];
        for at in 0..10 {
            assert!(file.write_at(at << 20, &block, Duration::ZERO));
        }
        assert_eq!(volume.used_bytes(), 10 << 20);
        assert!(volume.has_room(1));
        assert!(!file.write_at(10 << 20, b"x", Duration::ZERO));
    }

    #[test]
    fn a_removed_directory_takes_its_files_with_it() {
        let volume = Volume::new();
        assert!(volume.write("/a/b/c", b"1") && volume.write("/ab", b"2"));
        assert_eq!(volume.names_in("/"), ["a", "ab"]);
        volume.remove("/a");
        assert_eq!((volume.read("/a/b/c"), volume.names_in("/")), (None, vec!["ab".to_owned()]));
    }
}
