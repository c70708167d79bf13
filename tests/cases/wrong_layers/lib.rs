pub mod model;
pub mod attic;
pub use model::Id;
