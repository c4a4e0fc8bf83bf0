#![no_main]

libfuzzer_sys::fuzz_target!(
    init: laws::heed_own_panics(),
    |bytes: &[u8]| laws::recording(bytes)
);
