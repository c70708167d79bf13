use super::super::model::Id;
use super::super::trust::Verified;
