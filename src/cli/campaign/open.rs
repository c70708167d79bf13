//! `tenure campaign open ID --from FILE`

use crate::{
    campaign::{Opened, Opening, Setting, folder, open, principals_digest},
    cli::{
        Context, Exit, Failure, Format,
        duties::{pack_at, separation},
        session::{Session, git, store, systems_at},
    },
    diag::{Diagnostic, Diagnostics},
    inventory::{self, LoadError, Loaded, Lowered, People},
    model::{
        CampaignId, Digest, SystemId,
        file::{CampaignDefinition, Principals},
    },
    store::{Snapshot, StoreError, Unverified},
    trust::Verified,
};
use serde_json::json;
use std::{collections::BTreeMap, io::Write};

/// Freeze a population, assign every item, write the worklists
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Everything is read from the main branch: merge a fresh inventory first. The files are written to the work tree; a campaign\nowner signs campaign.toml, and both go to main in one merge.\n\nExamples:\n  tenure campaign open 2026-q4-privileged --from policies/privileged.toml\n  tenure sign campaigns/2026-q4-privileged/campaign.toml"
)]
pub(super) struct Args {
    /// What the campaign will be called
    id: CampaignId,
    /// The definition on the main branch
    #[arg(long, value_name = "FILE")]
    from: String,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, Failure> {
    let session = Session::open(context)?;
    session.stand()?;
    let trust = session.trust()?;
    let snapshot = session.snapshot();
    if !snapshot.list(&folder(&args.id)).map_err(store)?.files.is_empty() {
        let problem = Diagnostic::error("campaign-exists", format!("`{}` is on main already", args.id));
        return Err(problem.help("take another id: a campaign is opened once").into());
    }
    let definition: CampaignDefinition = snapshot.read(&args.from).map_err(store)?.into_value();
    let systems = systems_at(snapshot)?;
    let (inventories, trees) = inventories(&session, systems.keys())?;
    let (people, principals) = people(snapshot, context)?;
    let opening = Opening {
        id: args.id.clone(),
        from: args.from.clone(),
        definition,
        base: session.main.to_string(),
        now: context.clock.now(),
        principals,
        trees: &trees,
        campaigns: &session.governed.openings().keys().cloned().collect(),
    };
    let pack = pack_at(&session.repository, session.main)?;
    let separation = separation(&pack, &inventories, &people);
    let lowered = Lowered::of(session.governed.exceptions().iter().map(Verified::value), opening.now);
    let setting = Setting {
        repo: trust.repo(),
        systems: &systems,
        inventories: &inventories,
        people: &people,
        kinship: session.governed.kinship(),
        registry: trust.registry().file(),
        thresholds: &trust.mandate().file().thresholds,
        lowered: &lowered,
        separation: &separation,
    };
    let opened = open(&opening, &setting)?;
    context.problems(&opened.warnings)?;
    let root = session.work_tree()?;
    opened.publish(root).map_err(|error| {
        let problem = Diagnostic::error("unwritable", error.to_string()).with_note("nothing was written");
        Failure::from(problem.help(format!("look at campaigns/{} in the work tree", args.id)))
    })?;
    tell(&opened, context)?;
    Ok(Exit::Done)
}

type Inventories = (BTreeMap<SystemId, Loaded>, BTreeMap<SystemId, String>);

fn inventories<'a>(session: &Session, systems: impl Iterator<Item = &'a SystemId>) -> Result<Inventories, Failure> {
    let mut problems = Diagnostics::new();
    let (mut inventories, mut trees) = Inventories::default();
    for system in systems {
        match inventory::load(&session.snapshot(), system) {
            Ok(loaded) => drop(inventories.insert(system.clone(), loaded)),
            Err(LoadError::Missing(_)) => continue,
            Err(error) => problems.extend(error.diagnostics(system)),
        }
        let tree = session.repository.file(session.main, &inventory::folder(system)).map_err(git)?;
        trees.extend(tree.map(|tree| (system.clone(), tree.id.to_string())));
    }
    if problems.has_errors() { Err(problems.into()) } else { Ok((inventories, trees)) }
}

/// Returns who is who, and the digest that pins it.
fn people(snapshot: Snapshot<'_>, context: &mut Context) -> Result<(People, Digest), Failure> {
    let mut files: Vec<Unverified<Principals>> = snapshot.read_all("principals").map_err(store)?;
    match snapshot.read("principals.toml") {
        Ok(file) => files.push(file),
        Err(StoreError::Missing(_)) => {}
        Err(error) => return Err(store(error)),
    }
    let digest = principals_digest(files.iter().map(|file| (file.path(), file.digest())));
    let (people, findings) = People::new(files.iter().map(|file| (file.path(), file.value().clone())));
    let warn = |finding: crate::model::Finding| {
        Diagnostic::warning(finding.code, format!("{}: {}", finding.subject, finding.message)).help(finding.help)
    };
    context.problems(&findings.into_iter().map(warn).collect())?;
    Ok((people, digest))
}

fn tell(opened: &Opened, context: &mut Context) -> Result<(), Failure> {
    let campaign = &opened.campaign;
    let path = format!("{}/campaign.toml", folder(&campaign.id));
    if context.format == Format::Json {
        let sheets = opened.sheets.iter().map(
            |sheet| json!({"path": sheet.path, "reviewer": sheet.review.reviewer, "items": sheet.review.items.len()}),
        );
        let sheets: Vec<_> = sheets.collect();
        return context.json(&json!({
            "campaign": campaign.id,
            "path": path,
            "digest": opened.digest,
            "items": campaign.items,
            "population": campaign.population,
            "closes_at": campaign.closes_at,
            "reviews": sheets,
        }));
    }
    let mut text = format!("{}: {} items, closes {}\n", campaign.id, campaign.items, campaign.closes_at);
    for sheet in &opened.sheets {
        text.push_str(&format!("  {:>4} items  {}\n", sheet.review.items.len(), sheet.path));
    }
    text.push_str(&format!("next: tenure sign {path}, then merge {} to main\n", folder(&campaign.id)));
    context.out.write_all(text.as_bytes())?;
    Ok(())
}
