#![no_main]

libfuzzer_sys::fuzz_target!(
    // Panics in the libraries that read recordings are contained, so not each one is the end.
    init: drop(std::panic::take_hook()),
    |bytes: &[u8]| laws::kind(bytes)
);
