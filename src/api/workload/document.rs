//! Document of a manifest file, of any kind.

use alloc::{boxed::Box, format, string::String, vec, vec::Vec};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeStruct};
use serde_json::Value;

use super::{Workload, WorkloadError, WorkloadKind};
use crate::api::{
    Name, PodManifest,
    value::{AnyKeys, PathError, read},
};

/// Document of a file, by its `kind`: a Pod, a workload, a list of documents, or anything else.
///
/// Without a `kind` it is a Pod. Objects of other kinds are kept, so that a file that holds a Service, too, can be read
/// as it is. Errors name the field by its path.
///
/// ```
/// use pod_lifecycle::api::Document;
///
/// let documents: Vec<Document> = serde_json::from_str(r#"[
///     {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}},
///     {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": {
///         "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}}},
///     {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "debug"}, "spec": {
///         "containers": [{"name": "shell", "image": "busybox:1.36"}]}}
/// ]"#)?;
/// let pod = Document::select(&documents, Some("web"))?.pod()?;
/// assert_eq!(pod.spec.containers[0].name, "app");
/// let error = Document::select(&documents, None).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "several documents make Pods, and one has to be chosen: Deployment/web, Pod/debug",
/// );
///
/// let wrong = serde_json::from_str::<Document>(r#"{"kind": "Job", "spec": {"template": {"spec": {"containers": 1}}}}"#);
/// assert!(wrong.unwrap_err().to_string().starts_with("spec.template.spec.containers: invalid type: integer `1`"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Document {
    /// A Pod.
    Pod(Box<PodManifest>),
    /// An object with a Pod template.
    Workload(Box<Workload>),
    /// Several documents: `kind: List`, `PodList` and their like.
    List(Vec<Document>),
    /// Anything else, as it was written.
    Other(Value),
}

impl Document {
    /// Returns the Pod that it is, or one of those that it makes: see [`Workload::pod`]. A list has to hold exactly one that
    /// makes Pods.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`] names the kind, and the field that is missing or wrong.
    ///
    /// ```
    /// use pod_lifecycle::api::Document;
    ///
    /// let job: Document = serde_json::from_str(r#"{"kind": "Job", "metadata": {"name": "report"}, "spec": {}}"#)?;
    /// assert_eq!(job.pod().unwrap_err().to_string(), r#"Job "report": spec.template: Required value"#);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn pod(&self) -> Result<PodManifest, WorkloadError> {
        match self {
            Document::Pod(pod) => Ok((**pod).clone()),
            Document::Workload(workload) => workload.pod(),
            Document::List(documents) => Document::select(documents, None)?.pod(),
            Document::Other(value) => {
                let text = |field| value.get(field).and_then(Value::as_str).unwrap_or_default().into();
                Err(WorkloadError::UnknownKind { api_version: text("apiVersion"), kind: text("kind") })
            }
        }
    }

    /// Returns the document that makes Pods and has this name: `web`, or `deployment/web` where several have it. Without a name, the
    /// only one that makes Pods. Lists are searched.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`] lists the names of the documents.
    ///
    /// ```
    /// use pod_lifecycle::api::{Document, WorkloadError};
    ///
    /// let pod = r#"[{"kind": "Pod", "metadata": {"name": "web"}}]"#;
    /// let documents: Vec<Document> = serde_json::from_str(pod)?;
    /// assert_eq!(Document::select(&documents, None)?, &documents[0]);
    /// assert_eq!(Document::select(&documents, Some("pod/web"))?, &documents[0]);
    /// let error = Document::select(&documents, Some("wbe")).unwrap_err();
    /// assert_eq!(error, WorkloadError::NotFound { name: "wbe".into(), there: vec!["Pod/web".into()] });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn select<'a>(documents: &'a [Document], name: Option<&str>) -> Result<&'a Document, WorkloadError> {
        let all = flattened(documents);
        let names = |documents: &[&Document]| documents.iter().map(|document| document.called()).collect::<Vec<_>>();
        let making: Vec<&Document> = all.iter().copied().filter(|document| document.makes_pods()).collect();
        if making.is_empty() {
            return Err(WorkloadError::NoPods { there: names(&all) });
        }
        let meant: Vec<&Document> = match name {
            Some(name) => making.iter().copied().filter(|document| document.is_called(name)).collect(),
            None => making.clone(),
        };
        match (meant.as_slice(), name) {
            ([one], _) => Ok(one),
            ([], Some(name)) => Err(WorkloadError::NotFound { name: name.into(), there: names(&making) }),
            (several, _) => Err(WorkloadError::Ambiguous { there: names(several) }),
        }
    }

    fn makes_pods(&self) -> bool {
        match self {
            Document::Pod(_) | Document::Workload(_) => true,
            Document::List(_) | Document::Other(_) => false,
        }
    }

    /// Returns kind and name, as in `Deployment/web`, for messages.
    fn called(&self) -> String {
        format!("{}/{}", self.kind(), self.name())
    }

    fn is_called(&self, name: &str) -> bool {
        match name.split_once('/') {
            Some((kind, name)) => self.is_kind(kind) && self.name() == name,
            None => self.name() == name,
        }
    }

    /// True if `kubectl` knows the kind by this word: `deployment`, `deployments` or `deploy`.
    fn is_kind(&self, word: &str) -> bool {
        match self {
            Document::Pod(_) => ["pod", "pods", "po"].iter().any(|name| word.eq_ignore_ascii_case(name)),
            Document::Workload(workload) => WorkloadKind::of_resource(word) == Some(workload.kind),
            Document::List(_) | Document::Other(_) => self.kind().eq_ignore_ascii_case(word),
        }
    }

    fn kind(&self) -> &str {
        match self {
            Document::Pod(_) => POD,
            Document::Workload(workload) => workload.kind.name(),
            Document::List(_) => LIST,
            Document::Other(value) => value.get("kind").and_then(Value::as_str).unwrap_or_default(),
        }
    }

    fn name(&self) -> &str {
        let metadata = match self {
            Document::Pod(pod) => &pod.metadata,
            Document::Workload(workload) => &workload.metadata,
            Document::List(_) => return "",
            Document::Other(value) => {
                let name = value.get("metadata").and_then(|metadata| metadata.get("name"));
                return name.and_then(Value::as_str).unwrap_or_default();
            }
        };
        if metadata.name.is_empty() { &metadata.generate_name } else { &metadata.name }
    }
}

/// Returns all documents, with lists replaced by their items.
fn flattened(documents: &[Document]) -> Vec<&Document> {
    let items = documents.iter().flat_map(|document| match document {
        Document::List(documents) => flattened(documents),
        Document::Pod(_) | Document::Workload(_) | Document::Other(_) => vec![document],
    });
    items.collect()
}

const POD: &str = "Pod";
const LIST: &str = "List";

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Document, D::Error> {
        let AnyKeys(value) = AnyKeys::deserialize(deserializer)?;
        document_of(value).map_err(de::Error::custom)
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Document::Pod(pod) => pod.serialize(serializer),
            Document::Workload(workload) => workload.serialize(serializer),
            Document::List(items) => {
                let mut list = serializer.serialize_struct(LIST, 3)?;
                list.serialize_field("apiVersion", "v1")?;
                list.serialize_field("kind", LIST)?;
                list.serialize_field("items", items)?;
                list.end()
            }
            Document::Other(value) => value.serialize(serializer),
        }
    }
}

/// Type of the document (`metav1.TypeMeta`), which selects the reader of the rest.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    api_version: Option<String>,
    kind: Option<String>,
}

impl Header {
    fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or(POD)
    }

    /// Returns the kind, unless the version is of another API group.
    fn is(&self, kind: &str, group: &str) -> bool {
        let version = self.api_version.as_deref();
        self.kind() == kind && version.is_none_or(|version| group_of(version) == group)
    }

    fn workload(&self) -> Option<WorkloadKind> {
        WorkloadKind::ALL.iter().copied().find(|kind| self.is(kind.name(), kind.group()))
    }

    /// Returns the kind of the items: a Pod's or workload's, empty for a plain `List`; `None` if it is no such list.
    fn item_kind(&self) -> Option<&str> {
        let item = self.kind().strip_suffix(LIST)?;
        let is_known = item == POD || WorkloadKind::ALL.iter().any(|kind| kind.name() == item);
        (is_known || item.is_empty()).then_some(item)
    }
}

/// Returns the group of a version: `apps` of `apps/v1`.
fn group_of(version: &str) -> &str {
    version.split_once('/').map_or("", |(group, _)| group)
}

// `inline` leaves the readers of all these types to the crates that read documents: the others compile sooner.
#[inline]
fn document_of(value: Value) -> Result<Document, PathError> {
    let header: Header = read(&value)?;
    if let Some(item_kind) = header.item_kind() {
        return read_list(&value, item_kind).map(Document::List);
    }
    if header.is(POD, "") {
        return read(&value).map(Document::Pod);
    }
    match header.workload() {
        Some(_) => read(&value).map(Document::Workload),
        None => Ok(Document::Other(value)),
    }
}

/// Reads the items of a list; those of a `PodList` and its like need no `kind`.
#[inline]
fn read_list(list: &Value, item_kind: &str) -> Result<Vec<Document>, PathError> {
    #[derive(Deserialize)]
    struct Items {
        #[serde(default)]
        items: Vec<Value>,
    }
    let items = read::<Items>(list)?.items.into_iter().enumerate();
    let documents = items.map(|(place, mut item)| {
        if let (Value::Object(fields), false) = (&mut item, item_kind.is_empty()) {
            fields.entry("kind").or_insert_with(|| item_kind.into());
        }
        document_of(item).map_err(|error| error.below(&format!("items[{place}]")))
    });
    documents.collect()
}
