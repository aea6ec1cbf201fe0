//! Debugging aid.
#[path = "../tests/conformance/mod.rs"]
mod recordings;
#[allow(clippy::all)]
fn main() {
    let dir = std::env::args().nth(1).unwrap();
    for r in recordings::recordings(std::path::Path::new(&dir)).unwrap() {
        for line in recordings::lines(&r).unwrap() {
            let line = line.unwrap();
            println!(
                "{}",
                serde_json::json!({"id": line["id"], "file": r.name, "name": line["name"], "in": line["in"], "out": recordings::lives::replay(&line).unwrap_or_else(|e| serde_json::json!({"error": e}))})
            );
        }
    }
}
