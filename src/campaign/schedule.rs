//! Campaigns that are due: by recurrence, and by lifecycle events.

use super::{
    derived_definition::AffectedScope,
    lifecycle_events::{LifecycleEvent, detect, word},
    text::format_date,
};
use crate::model::{
    CampaignId, Timestamp,
    file::{CampaignDefinition, Event},
};
use serde::Serialize;

/// A campaign that is due.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct DueCampaign {
    /// The id of the new campaign.
    pub id: CampaignId,
    /// The definition.
    pub from: String,
    /// The reason.
    pub because: String,
    /// The lifecycle event that triggers it, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
    /// The affected scope; if empty, everything that the definition selects.
    #[serde(flatten)]
    pub touched: AffectedScope,
}

impl DueCampaign {
    /// Returns the shell command that opens it.
    pub fn command(&self) -> String {
        let mut command = format!("tenure campaign open {} --from {}", self.id, quoted(&self.from));
        for (flag, all) in [("--subject", &self.touched.subjects), ("--role", &self.touched.roles)] {
            for one in all {
                command.push_str(&format!(" {flag} {}", quoted(one)));
            }
        }
        if self.event.is_some() {
            command.push_str(&format!(" --reason {}", quoted(&self.because)));
        }
        command
    }
}

/// Returns the campaign that is due by the recurrence of a definition. `last` is the last opening with the full
/// selection.
pub fn recurring(
    from: &str,
    definition: &CampaignDefinition,
    last: Option<Timestamp>,
    now: Timestamp,
) -> Option<DueCampaign> {
    let days = definition.recurrence_days?;
    let because = match last {
        None => "it was never opened".to_owned(),
        Some(last) if last.plus_days(i64::from(days)) <= now => {
            format!("last opened on {}, recurs every {days} days", format_date(last))
        }
        Some(_) => return None,
    };
    let stem = from.rsplit('/').next().unwrap_or(from).trim_end_matches(".toml").replace('_', "-");
    let id = CampaignId::parse(&format!("{stem}-{}", format_date(now))).ok()?;
    Some(DueCampaign { id, from: from.to_owned(), because, event: None, touched: AffectedScope::default() })
}

/// Returns the campaigns that lifecycle events trigger by a definition, one for each event and scope.
pub fn by_event(
    from: &str,
    definition: &CampaignDefinition,
    before: super::IdentityView<'_>,
    now: super::IdentityView<'_>,
) -> Vec<DueCampaign> {
    let asked = |happening: &LifecycleEvent| definition.triggers.contains(&happening.event);
    let open = |happening: LifecycleEvent| {
        let because = format!("{} {}: {}", word(happening.event), happening.who, happening.what);
        let id = happening.campaign(from)?;
        let LifecycleEvent { event, touched, .. } = happening;
        Some(DueCampaign { id, from: from.to_owned(), because, event: Some(event), touched })
    };
    detect(before, now).into_iter().filter(asked).filter_map(open).collect()
}

/// Within single quotes, a POSIX shell interprets nothing.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    let visible = crate::format::confusables::escape_confusables(text).replace('\n', " ");
    format!("'{}'", visible.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_command_arguments_are_quoted() {
        assert_eq!(quoted("policies/a.toml"), "policies/a.toml");
        assert_eq!(quoted("it's $(rm -rf /)"), "'it'\\''s $(rm -rf /)'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn recurring_campaign_is_due_at_once_and_after_interval() {
        let id = |text: &str| crate::model::PrincipalId::parse(text).unwrap();
        let mut definition = CampaignDefinition::new("Keys", id("fay"), id("gus"));
        let now = Timestamp::parse("2026-11-23T05:00:00Z").unwrap();
        let due = |definition: &CampaignDefinition, last: Option<i64>| {
            recurring("policies/all_keys.toml", definition, last.map(|days| now.plus_days(-days)), now)
        };
        assert_eq!(due(&definition, None), None, "it has no recurrence");
        definition.recurrence_days = Some(30);
        assert_eq!(
            due(&definition, None).unwrap().command(),
            "tenure campaign open all-keys-2026-11-23 --from policies/all_keys.toml"
        );
        assert_eq!(due(&definition, Some(29)), None);
        assert!(due(&definition, Some(30)).unwrap().because.contains("every 30 days"));
    }
}
