#!/usr/bin/env python3
"""Writes the table of Kubernetes' types that the API server in memory reads (api-server/src/types/table.txt).

    scripts/kubernetes_types.py FOLDER > api-server/src/types/table.txt

FOLDER is `staging/src/k8s.io` of a checkout of Kubernetes. Of each type that a served object can contain the table has
the fields: JSON name, type, number in protobuf, and how a list or a map of theirs is merged.
"""
import pathlib
import re
import sys

PACKAGES = {
    "core": "api/core/v1", "apps": "api/apps/v1", "autoscaling": "api/autoscaling/v1",
    "autoscaling.v2": "api/autoscaling/v2", "batch": "api/batch/v1", "authentication": "api/authentication/v1",
    "authorization": "api/authorization/v1", "coordination": "api/coordination/v1", "discovery": "api/discovery/v1",
    "events": "api/events/v1", "networking": "api/networking/v1", "node": "api/node/v1", "policy": "api/policy/v1",
    "rbac": "api/rbac/v1", "resource": "api/resource/v1", "scheduling": "api/scheduling/v1",
    "storage": "api/storage/v1", "apiextensions": "apiextensions-apiserver/pkg/apis/apiextensions/v1",
    "meta": "apimachinery/pkg/apis/meta/v1",
}
# Types whose JSON is not an object of their fields.
SPECIAL = {
    "resource.Quantity": "quantity", "intstr.IntOrString": "intOrString", "meta.Time": "time",
    "meta.MicroTime": "microTime", "meta.Duration": "duration", "runtime.RawExtension": "raw",
    "meta.FieldsV1": "raw", "apiextensions.JSON": "raw", "meta.Verbs": "strings",
    "authentication.ExtraValue": "strings", "authorization.ExtraValue": "strings", "types.UID": "string",
    "types.NodeName": "string", "types.NamespacedName": "string", "interface{}": "raw",
    "runtime.Unknown": "raw",
    "apiextensions.JSONSchemaPropsOrArray": "schemaOrArray", "apiextensions.JSONSchemaPropsOrBool": "schemaOrBool",
    "apiextensions.JSONSchemaPropsOrStringArray": "schemaOrStrings",
}
PRIMITIVES = {"string", "bool", "int32", "int64", "float64", "byte", "int", "uint32", "uint64"}
ALIASES = {"metav1": "meta", "corev1": "core", "v1": "core", "apiv1": "core", "autoscalingv1": "autoscaling"}
ROOTS_BESIDE_KINDS = {"meta.DeleteOptions"}


def parse(package, text):
    """Yields (name, markers, lines of the struct or None, underlying type)."""
    comments = []
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("//"):
            comments.append(line)
            continue
        struct = re.match(r"type (\w+) struct ?\{(\})?$", line)
        other = re.match(r"type (\w+) (?!interface|struct)([\w\[\]*.]+)", line)
        if struct:
            body = []
            if not struct.group(2):
                for line in lines:
                    if line == "}":
                        break
                    body.append(line)
            yield struct.group(1), comments, body, None
        elif other:
            yield other.group(1), comments, None, other.group(2)
        if line.strip():
            comments = []


def qualify(package, name):
    prefix, _, rest = name.rpartition(".")
    if name in PRIMITIVES or name == "interface{}":
        return name
    if not prefix:
        return f"{package}.{name}"
    return f"{ALIASES.get(prefix, prefix)}.{rest}"


class Reader:
    def __init__(self, folder):
        self.structs, self.named, self.kinds = {}, {}, set()
        for package, path in PACKAGES.items():
            for file in ["types.go", "types_jsonschema.go"]:
                file = pathlib.Path(folder, path, file)
                if not file.exists():
                    continue
                for name, comments, body, under in parse(package, file.read_text()):
                    full = f"{package}.{name}"
                    if body is None:
                        self.named[full] = (package, under)
                    else:
                        self.structs[full] = (package, comments, body)
                        if any("TypeMeta " in line and "inline" in line for line in body) and not name.endswith("List"):
                            self.kinds.add(full)

    def type_of(self, package, go):
        """Returns (type in the table, is a pointer, is a struct)."""
        if go.startswith("*"):
            kind, _, _ = self.type_of(package, go[1:])
            return kind, True, False
        if go == "[]byte":
            return "bytes", False, False
        if go.startswith("[]"):
            return "[]" + self.type_of(package, go[2:])[0], False, False
        mapped = re.match(r"map\[[\w.]+\](.*)", go)
        if mapped:
            return "{}" + self.type_of(package, mapped.group(1))[0], False, False
        full = qualify(package, go)
        if full in SPECIAL:
            return SPECIAL[full], False, full in ("meta.Time", "meta.MicroTime")
        if full in PRIMITIVES:
            return full, False, False
        if full in self.structs:
            return full, False, True
        if full in self.named:
            return self.type_of(*self.named[full])
        raise SystemExit(f"unknown type {go} in {package}")

    def fields(self, full):
        package, _, body = self.structs[full]
        comments = []
        for line in body:
            line = line.strip()
            if line.startswith("//"):
                comments.append(line)
                continue
            field = re.match(r"(?:(\w+)\s+)?([\w\[\]*.{}]+)\s+`(.*?)`", line)
            if field:
                yield from self.field(full, package, comments, *field.groups())
            comments = []

    def field(self, full, package, comments, name, go, tag):
        json = re.search(r'json:"([^"]*)"', tag)
        number = re.search(r'protobuf:"\w+,(\d+)', tag)
        json = json.group(1) if json else ""
        if go.endswith("TypeMeta") or json == "-":
            return
        kind, is_pointer, is_struct = self.type_of(package, go)
        words = []
        json_name, *options = json.split(",")
        if "inline" in options and not json_name:
            json_name = "+"
        comments = " ".join(comments)
        marker = lambda name: re.findall(rf"\+{name}=(\S+)", comments)
        keys = marker("listMapKey")
        if keys:
            words.append("keys=" + ",".join(keys))
        elif "set" in marker("listType"):
            words.append("set")
        if "atomic" in marker("structType") + marker("mapType"):
            words.append("atomic")
        if "granular" in marker("structType"):
            words.append("granular")
        if is_pointer and kind in PRIMITIVES:
            words.append("pointer")
        merge = re.search(r'patchMergeKey:"(\w+)"', tag)
        if merge:
            words.append("merge=" + merge.group(1))
        elif re.search(r'patchStrategy:"[^"]*merge', tag):
            words.append("merge")
        default = re.search(r'\+default="([^"]*)"', comments)
        if default and default.group(1):
            words.append("default=" + default.group(1))
        # What an empty object of Go shows: fields that are not omitted, and structs, which never are.
        if json_name != "+" and ((is_struct and not is_pointer) or "omitempty" not in options and "omitzero" not in options):
            words.append("always")
        yield " ".join([json_name, kind, number.group(1) if number else "0", *words]), kind

    def table(self):
        wanted, done = sorted(self.kinds | ROOTS_BESIDE_KINDS), set()
        while wanted:
            full = wanted.pop()
            if full in done:
                continue
            done.add(full)
            for _, kind in self.fields(full):
                inner = kind.replace("[]", "").replace("{}", "")
                if inner.startswith("schema"):
                    inner = "apiextensions.JSONSchemaProps"
                if inner in self.structs:
                    wanted.append(inner)
        for full in sorted(done):
            _, comments, _ = self.structs[full]
            words = ["=" + full]
            if "+structType=atomic" in " ".join(comments):
                words.append("atomic")
            if full in self.kinds:
                words.append("kind")
            yield " ".join(words)
            for line, _ in self.fields(full):
                yield line


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print("# Types of Kubernetes 1.36; written by scripts/kubernetes_types.py")
    for line in Reader(sys.argv[1]).table():
        print(line)


main()
