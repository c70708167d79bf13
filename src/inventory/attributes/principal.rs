//! Policy attributes of principals, from their entry, the principals it names, and their accounts.

use super::{AttributeBuilder, AttributeCollector, is_gone};
use crate::{
    connector::SecondFactor,
    model::{
        PrincipalId, Tier, Timestamp,
        file::{AttributeValue, PrincipalKind, PrincipalRecord},
    },
    policy::{AttributeValues, principal_attributes},
};
impl AttributeBuilder<'_> {
    /// Returns the attributes of a principal in the principals files.
    pub(super) fn principal_of(&self, entry: &PrincipalRecord) -> AttributeValues {
        let as_of = self.known.as_of;
        let mut collector = AttributeCollector(principal_attributes(entry, as_of));
        let gone = is_gone(entry, as_of);
        collector.flag("principal.claimed", true);
        collector.text("principal.id", &entry.id);
        collector.text("principal.kind", kind(entry.kind));
        collector.text("principal.status", if gone { "left" } else { "active" });
        collector.text_of("principal.environment", entry.environment.as_ref());
        self.draw_people(entry, &mut collector);
        let said = |text: &Option<String>| text.clone().unwrap_or_default();
        collector.text("principal.team", said(&entry.team));
        collector.text("principal.workload", said(&entry.workload));
        collector.text("principal.purpose", said(&entry.purpose));
        collector.text("principal.vendor", said(&entry.vendor));
        if !entry.attributes.contains_key("principal.lifecycle") {
            collector.text("principal.lifecycle", "");
        }
        draw_ends(entry, as_of, gone, &mut collector);
        collector.number("principal.role_changed_days", entry.role_changed_on.map(|changed| as_of.days_since(changed)));
        if entry.kind == PrincipalKind::Person {
            // A principal with a vendor or a sponsor is external.
            collector.flag("principal.external", (entry.vendor.is_some() || entry.sponsor.is_some()).then_some(true));
        } else if gone || entry.end_date.is_some() {
            collector.text("principal.workload_status", if gone { "ended" } else { "active" });
            collector.number("principal.workload_ended_days", entry.end_date.map(|end| as_of.days_since(end)));
        }
        let older = entry.role_changed_on.and_then(|changed| self.older_grants(entry, changed));
        collector.number("principal.older_grants", older);
        self.draw_accounts(&entry.accounts, &mut collector);
        // These kinds belong to the control plane, independent of their current access.
        if matches!(entry.kind, PrincipalKind::BreakGlass | PrincipalKind::Engine) {
            collector.text("principal.tier", Tier::T0);
        }
        self.draw_sod_violations(entry.id.as_str(), &mut collector);
        self.draw_profiles(&mut collector);
        collector.0
    }

    /// Returns the attributes of an account that is claimed by none or by several principals. Its kind, owner and
    /// purpose are unknown.
    pub(super) fn uncorrelated(&self, subject: &str) -> AttributeValues {
        let mut collector = AttributeCollector(AttributeValues::default());
        let claims = self.known.people.claimants(subject);
        collector.flag("principal.claimed", !claims.is_empty());
        collector.text("principal.id", subject);
        if claims.is_empty() {
            collector.text("principal.owner_status", "none");
        }
        self.draw_accounts(&[subject.to_owned()], &mut collector);
        self.draw_sod_violations(subject, &mut collector);
        self.draw_profiles(&mut collector);
        collector.0
    }

    /// Sets owner, deputy and sponsor, and their status.
    fn draw_people(&self, entry: &PrincipalRecord, collector: &mut AttributeCollector) {
        let named = |id: &Option<PrincipalId>| id.as_ref().map(ToString::to_string).unwrap_or_default();
        collector.text("principal.owner", named(&entry.owner));
        collector.text("principal.deputy", named(&entry.deputy));
        collector.text("principal.sponsor", named(&entry.sponsor));
        collector.text_of("principal.sponsor_status", self.standing(entry.sponsor.as_ref()));
        collector.text_of("principal.owner_status", self.owner_standing(entry));
        let owner = entry.owner.as_ref().and_then(|owner| self.known.people.get(owner));
        let team = owner.map(|owner| owner.team.clone().unwrap_or_default());
        collector.text_of("principal.owner_team", team.or_else(|| entry.owner.is_none().then(String::new)));
        let gone = owner.filter(|owner| is_gone(owner, self.known.as_of)).and_then(|owner| owner.end_date);
        collector.number("principal.owner_gone_days", gone.map(|end| self.known.as_of.days_since(end).max(0)));
    }

    /// Returns the status of an owner or sponsor. A machine cannot be one; the status of a principal in no file is
    /// unknown.
    fn standing(&self, id: Option<&PrincipalId>) -> Option<&'static str> {
        let Some(id) = id else { return Some("none") };
        let entry = self.known.people.get(id)?;
        Some(match entry.kind {
            PrincipalKind::Person if is_gone(entry, self.known.as_of) => "left",
            PrincipalKind::Person => "active",
            _ => "none",
        })
    }

    /// An owner who changed roles after taking over a machine identity may no longer be responsible for it. The
    /// takeover is the last change of its entry; without that date the status is unknown.
    fn owner_standing(&self, entry: &PrincipalRecord) -> Option<&'static str> {
        let standing = self.standing(entry.owner.as_ref())?;
        let owner = entry.owner.as_ref().and_then(|owner| self.known.people.get(owner));
        let moved = owner.and_then(|owner| owner.role_changed_on).filter(|_| entry.kind != PrincipalKind::Person);
        match (standing, moved, entry.role_changed_on) {
            ("active", Some(_), None) => None,
            ("active", Some(moved), Some(taken)) if moved > taken => Some("moved"),
            _ => Some(standing),
        }
    }

    /// Sets the attributes that follow from accounts: the most critical tier, and the weakest second factor.
    fn draw_accounts(&self, accounts: &[String], collector: &mut AttributeCollector) {
        let held: Vec<_> = accounts.iter().filter_map(|subject| self.accounts.get(subject)).collect();
        let tiers = held.iter().filter_map(|account| self.tiers.get(account.system)?.account(account.principal));
        collector.text_of("principal.tier", tiers.min());
        let factors = held.iter().filter_map(|account| account.factor);
        collector.text_of("principal.mfa", factors.min().map(SecondFactor::as_str));
    }

    fn draw_sod_violations(&self, id: &str, collector: &mut AttributeCollector) {
        if let Some(names) = self.known.separation.and_then(|separation| separation.names(id)) {
            collector.texts("principal.sod_violations", names.into_iter().map(str::to_owned));
        }
    }

    pub(super) fn draw_profiles(&self, collector: &mut AttributeCollector) {
        collector.texts("profiles", self.known.profiles.iter().cloned());
    }

    /// Returns how many grants date from before the role change and were not certified since. A number above zero is a
    /// lower bound; zero is returned only if the date of every grant is known.
    fn older_grants(&self, entry: &PrincipalRecord, changed: Timestamp) -> Option<i64> {
        let (mut older, mut unknown) = (0, false);
        for account in entry.accounts.iter().filter_map(|subject| self.accounts.get(subject)) {
            let connector = self.known.connector(account.system);
            for grant in account.inventory.of_principal(account.principal) {
                let certified = self.known.certified.get(&grant.digest()).copied();
                let granted = connector.and_then(|connector| connector.grant(grant).granted);
                match (certified, granted) {
                    (Some(certified), _) if certified >= changed => {}
                    (Some(_), _) => older += 1,
                    (None, Some(granted)) => older += i64::from(granted < changed),
                    (None, None) => unknown = true,
                }
            }
        }
        (older > 0 || !unknown).then_some(older)
    }
}

/// Sets the end date and the next review date, where given.
fn draw_ends(entry: &PrincipalRecord, as_of: Timestamp, gone: bool, collector: &mut AttributeCollector) {
    collector.flag("principal.ended", gone);
    collector.flag("principal.has_end", entry.end_date.is_some());
    let ends = entry.end_date.map(|end| end.days_since(as_of));
    collector.number("principal.ends_in_days", ends);
    collector.number("principal.ended_days", entry.end_date.map(|end| as_of.days_since(end)));
    let review = match collector.0.get("principal.review_in_days") {
        Some(AttributeValue::Number(days)) => Some(*days),
        _ => None,
    };
    collector.flag("principal.dated", ends.or(review).is_some());
    collector.number("principal.due_in_days", ends.into_iter().chain(review).min());
}

const fn kind(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Agent => "agent",
        PrincipalKind::BreakGlass => "break-glass",
        PrincipalKind::Engine => "engine",
        PrincipalKind::Person => "person",
        PrincipalKind::Service => "service",
        PrincipalKind::Vendor => "vendor",
    }
}
