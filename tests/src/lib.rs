//! Placeholder replaced as the package takes shape.
