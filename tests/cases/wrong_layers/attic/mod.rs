//! Belongs nowhere.
