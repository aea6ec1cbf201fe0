#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pod_lifecycle_fuzz::relist(bytes));
