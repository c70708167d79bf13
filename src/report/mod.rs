//! What people read: plans, runs and findings as tables, diffs, Markdown and JSON.
//!
//! Whatever comes from a target or a file is shown with its hidden characters escaped; nothing that is printed can steer
//! a terminal, a pull request or a spreadsheet.

mod campaign;
mod changes;
mod comment;
mod csv;
mod exceptions;
mod findings;
mod judged;
mod markdown;
mod overview;
mod owners;
mod page;
mod plan;
mod problems;
mod quality;
mod rounds;
mod rules;
mod run;
mod sarif;
mod systems;
mod table;
mod workflow_commands;
mod workflows;

pub use campaign::campaign_human;
pub use changes::changes;
pub use comment::plan_markdown;
pub use csv::csv;
pub use exceptions::{exceptions_human, exceptions_markdown, terms_human};
pub use findings::{findings_human, findings_json};
pub use judged::{Breach, Gap, judged_findings, judged_human, judged_json, judged_markdown};
pub use markdown::{MAX_MARKDOWN, cell};
pub use overview::{Dossiers, Overview, overview_markdown};
pub use owners::{Routing, code_owners};
pub use plan::{Show, plan_human, plan_json};
pub use problems::{problems_markdown, problems_summary};
pub use quality::{quality_csv, quality_human, quality_markdown};
pub use rounds::{asked_human, drift_human, stage_human};
pub use rules::{rules_human, rules_json, rules_markdown};
pub use run::{run_human, run_json, verified_human, verified_json};
pub use sarif::{findings_sarif, problems_sarif};
pub use systems::systems_human;
pub use table::Look;
pub use workflow_commands::{annotations, resume, stop};
pub use workflows::{NoWorkflow, Works, is_made, variables, workflows};
