//! Field paths that cost nothing until a problem is found.

use core::fmt;

/// The way from the Pod to a field, as in `spec.containers[0].name`.
#[derive(Clone, Copy)]
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Segment<'a>,
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Field(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    /// A field of the Pod itself.
    pub(super) const fn root(field: &'a str) -> Path<'a> {
        Path { parent: None, step: Segment::Field(field) }
    }

    /// A field of this one.
    pub(super) const fn child(&'a self, field: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Segment::Field(field) }
    }

    /// An item of this list.
    pub(super) const fn index(&'a self, index: usize) -> Path<'a> {
        Path { parent: Some(self), step: Segment::Index(index) }
    }

    /// An entry of this map.
    pub(super) const fn key(&'a self, key: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Segment::Key(key) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}")?;
        }
        match self.step {
            Segment::Field(field) if self.parent.is_none() => f.write_str(field),
            Segment::Field(field) => write!(f, ".{field}"),
            Segment::Index(index) => write!(f, "[{index}]"),
            Segment::Key(key) => write!(f, "[{key}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::Path;

    #[test]
    fn a_path_reads_as_kubernetes_writes_it() {
        let spec = Path::root("spec");
        let containers = spec.child("containers");
        assert_eq!(containers.index(0).child("name").to_string(), "spec.containers[0].name");
        assert_eq!(spec.child("map").key("a/b").to_string(), "spec.map[a/b]");
    }
}
