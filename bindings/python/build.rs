//! Links the module as one that Python loads: on macOS its symbols are looked up then.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
