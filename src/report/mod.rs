//! Renders plans, runs and findings as tables, diffs, Markdown and JSON.
//!
//! Text from targets and files is printed with hidden characters escaped, so that it cannot control a terminal, a pull
//! request or a spreadsheet.

mod bounded_page;
mod campaign;
mod campaign_events;
mod csv;
mod diagnostics;
mod exceptions;
mod findings;
mod held;
mod markdown;
mod plan;
mod policy_results;
mod pull_request_comment;
mod quality;
mod review_summary;
mod rules;
mod run;
mod sarif;
mod state_diff;
mod systems;
mod table;
mod workflow_commands;

pub use campaign::campaign_human;
pub use campaign_events::{asked_human, drift_human, stage_human};
pub use csv::write_csv;
pub use diagnostics::{problems_markdown, problems_summary};
pub use exceptions::{exceptions_human, exceptions_markdown, terms_human};
pub use findings::{findings_human, findings_json};
pub use held::ItemNames;
pub use markdown::{MAX_MARKDOWN, cell};
pub use plan::{PlanView, plan_human, plan_json};
pub use policy_results::{
    MissingAttribute, RuleViolation, judged_findings, judged_human, judged_json, judged_markdown,
};
pub use pull_request_comment::plan_markdown;
pub use quality::{quality_human, quality_markdown, write_quality_csv};
pub use review_summary::{ContextLookup, ReviewOverview, overview_markdown};
pub use rules::{rules_human, rules_json, rules_markdown};
pub use run::{run_human, run_json, verified_human, verified_json};
pub use sarif::{findings_sarif, problems_sarif};
pub use state_diff::changes;
pub use systems::systems_human;
pub use table::OutputStyle;
pub use workflow_commands::{annotations, resume, stop};
