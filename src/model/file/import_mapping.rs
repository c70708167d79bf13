//! `imports/<name>.toml`: the columns of a source of people, and the keys of principals that they fill.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The columns of a source of people, such as an export of a personnel system, and the keys that they fill.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportMapping {
    /// Always `tenure/import-mapping/v1`.
    pub schema: String,
    /// The delimiter of the columns. Without it, the header line decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<ColumnDelimiter>,
    /// The result for a person who is listed as their own manager; default `reject`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_manager: Option<OwnManager>,
    /// The columns.
    #[serde(rename = "column", default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<MappedColumn>,
}

/// One column of the source.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MappedColumn {
    /// The name of the column in the header line, or of the key of a JSON object.
    pub name: String,
    /// The key of a principal that the column fills: `id`, `owner`, `team` and such, or `attributes.` with the name of
    /// an attribute. Without it, the column is ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether the source alone determines the key: an empty cell removes the value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub authoritative: bool,
    /// Changes of the value, applied in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transform: Vec<CellTransform>,
    /// The form of the value, with `{value}` for the cell: `p{value}` makes `p1001` of `1001`. Applied last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Cells with another value, by the text of the cell. Applied first; an empty value means an empty cell.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
}

/// A delimiter of columns.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnDelimiter {
    /// `,`
    Comma,
    /// `|`
    Pipe,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
}

/// The result for a person who is listed as their own manager.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OwnManager {
    /// The import is rejected.
    Reject,
    /// The person has no manager, as the head of an organization.
    Remove,
}

/// A change of the value of a cell.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CellTransform {
    /// `31.12.2026` becomes `2026-12-31`; also with `/` or `-`.
    DayMonthYear,
    /// `Ana.Ruiz@example.com` becomes `Ana.Ruiz`.
    LocalPart,
    /// `Ana.Ruiz` becomes `ana.ruiz`.
    LowerCase,
    /// `12/31/2026` becomes `2026-12-31`; also with `.` or `-`.
    MonthDayYear,
}
