//! Everything there is to decide about an AWS IAM policy before it is used.
//!
//! The crate is pure: it opens no file, asks no network and no clock. Six jobs, each
//! a module of its own: read a [`document`], lint it, classify what it grants, prove
//! one document narrower than another, evaluate one request, and write a document
//! shorter without changing its meaning.

pub mod catalogue;
pub mod classify;
pub mod condition;
pub mod document;
pub mod evaluate;
pub mod explain;
pub mod foreign;
pub mod glob;
pub mod json;
pub mod lint;
pub mod minimise;
mod normal_form;
pub mod prove;
mod reach;
mod scan;

pub use normal_form::{normal_form, normal_form_with_names};
