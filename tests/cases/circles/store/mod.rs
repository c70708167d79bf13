mod direct;
mod named;
mod other;
mod plain;
pub use other::Other;
pub use plain::Plain;
pub struct Store(named::Named);
