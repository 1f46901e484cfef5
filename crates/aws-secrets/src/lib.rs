//! Placeholder replaced as the crate takes shape.
