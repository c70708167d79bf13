//! Tests of the command lines that the program prints and documents.

mod help_examples;
mod message_commands;
