//! The rules over small worlds.

mod matrix;
mod properties;
mod world;
