# What CI runs: formatting, lints, tests.
check:
    ./test

# While writing.
quick:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo test --lib

# Timings of the hot paths; compare ratios within one run only.
bench:
    cargo bench --bench hot_paths
