//! Commands of the program: messages, screens and generated workflows.

mod commands;
mod demo;
mod links;
mod manual;
mod newcomer;
mod review;
mod trust_files;
mod workflows;
