//! Policy attributes of principals, from their entry, the principals it names, and their accounts.

use super::{AttributeBuilder, AttributeCollector, account, is_gone};
use crate::{
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
        let mut portrait = AttributeCollector(principal_attributes(entry, as_of));
        let gone = is_gone(entry, as_of);
        portrait.flag("principal.claimed", true);
        portrait.text("principal.id", &entry.id);
        portrait.text("principal.kind", kind(entry.kind));
        portrait.text("principal.status", if gone { "left" } else { "active" });
        portrait.text_of("principal.environment", entry.environment.as_ref());
        self.draw_people(entry, &mut portrait);
        let said = |text: &Option<String>| text.clone().unwrap_or_default();
        portrait.text("principal.team", said(&entry.team));
        portrait.text("principal.workload", said(&entry.workload));
        portrait.text("principal.purpose", said(&entry.purpose));
        portrait.text("principal.vendor", said(&entry.vendor));
        if !entry.attributes.contains_key("principal.lifecycle") {
            portrait.text("principal.lifecycle", "");
        }
        draw_ends(entry, as_of, gone, &mut portrait);
        portrait.number("principal.role_changed_days", entry.role_changed_on.map(|changed| as_of.days_since(changed)));
        if entry.kind == PrincipalKind::Person {
            // A principal with a vendor or a sponsor is external.
            portrait.flag("principal.external", (entry.vendor.is_some() || entry.sponsor.is_some()).then_some(true));
        } else if gone || entry.end_date.is_some() {
            portrait.text("principal.workload_status", if gone { "ended" } else { "active" });
            portrait.number("principal.workload_ended_days", entry.end_date.map(|end| as_of.days_since(end)));
        }
        let older = entry.role_changed_on.and_then(|changed| self.older_grants(entry, changed));
        portrait.number("principal.older_grants", older);
        self.draw_accounts(&entry.accounts, &mut portrait);
        // These kinds belong to the control plane, independent of their current access.
        if matches!(entry.kind, PrincipalKind::BreakGlass | PrincipalKind::Engine) {
            portrait.text("principal.tier", Tier::T0);
        }
        self.draw_toxic(entry.id.as_str(), &mut portrait);
        self.draw_profiles(&mut portrait);
        portrait.0
    }

    /// Returns the attributes of an account that is claimed by none or by several principals. Its kind, owner and
    /// purpose are unknown.
    pub(super) fn nobody(&self, subject: &str) -> AttributeValues {
        let mut portrait = AttributeCollector(AttributeValues::default());
        let claims = self.known.people.claimants(subject);
        portrait.flag("principal.claimed", !claims.is_empty());
        portrait.text("principal.id", subject);
        if claims.is_empty() {
            portrait.text("principal.owner_status", "none");
        }
        self.draw_accounts(&[subject.to_owned()], &mut portrait);
        self.draw_toxic(subject, &mut portrait);
        self.draw_profiles(&mut portrait);
        portrait.0
    }

    /// Sets owner, deputy and sponsor, and their status.
    fn draw_people(&self, entry: &PrincipalRecord, portrait: &mut AttributeCollector) {
        let named = |id: &Option<PrincipalId>| id.as_ref().map(ToString::to_string).unwrap_or_default();
        portrait.text("principal.owner", named(&entry.owner));
        portrait.text("principal.deputy", named(&entry.deputy));
        portrait.text("principal.sponsor", named(&entry.sponsor));
        portrait.text_of("principal.sponsor_status", self.standing(entry.sponsor.as_ref()));
        portrait.text_of("principal.owner_status", self.owner_standing(entry));
        let owner = entry.owner.as_ref().and_then(|owner| self.known.people.get(owner));
        let team = owner.map(|owner| owner.team.clone().unwrap_or_default());
        portrait.text_of("principal.owner_team", team.or_else(|| entry.owner.is_none().then(String::new)));
        let gone = owner.filter(|owner| is_gone(owner, self.known.as_of)).and_then(|owner| owner.end_date);
        portrait.number("principal.owner_gone_days", gone.map(|end| self.known.as_of.days_since(end).max(0)));
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
    fn draw_accounts(&self, accounts: &[String], portrait: &mut AttributeCollector) {
        let held: Vec<_> = accounts.iter().filter_map(|subject| self.accounts.get(subject)).collect();
        let tiers = held.iter().filter_map(|account| self.tiers.get(account.system)?.account(account.principal));
        portrait.text_of("principal.tier", tiers.min());
        let factors: Vec<_> = held.iter().filter_map(|account| account.factor).collect();
        portrait.text_of("principal.mfa", factors.into_iter().min_by_key(|factor| account::strength(factor)));
    }

    fn draw_toxic(&self, id: &str, portrait: &mut AttributeCollector) {
        if let Some(names) = self.known.separation.and_then(|separation| separation.names(id)) {
            portrait.texts("principal.toxic_pairs", names.into_iter().map(str::to_owned));
        }
    }

    pub(super) fn draw_profiles(&self, portrait: &mut AttributeCollector) {
        portrait.texts("profiles", self.known.profiles.iter().cloned());
    }

    /// Returns how many grants date from before the role change and were not certified since. A number above zero is a
    /// lower bound; zero is returned only if the date of every grant is known.
    fn older_grants(&self, entry: &PrincipalRecord, changed: Timestamp) -> Option<i64> {
        let (mut older, mut unknown) = (0, false);
        for account in entry.accounts.iter().filter_map(|subject| self.accounts.get(subject)) {
            for grant in account.inventory.of_principal(account.principal) {
                let certified = self.known.certified.get(&grant.digest()).copied();
                match (certified, account::granted(grant)) {
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
fn draw_ends(entry: &PrincipalRecord, as_of: Timestamp, gone: bool, portrait: &mut AttributeCollector) {
    portrait.flag("principal.ended", gone);
    portrait.flag("principal.has_end", entry.end_date.is_some());
    let ends = entry.end_date.map(|end| end.days_since(as_of));
    portrait.number("principal.ends_in_days", ends);
    portrait.number("principal.ended_days", entry.end_date.map(|end| as_of.days_since(end)));
    let review = match portrait.0.get("principal.review_in_days") {
        Some(AttributeValue::Number(days)) => Some(*days),
        _ => None,
    };
    portrait.flag("principal.dated", ends.or(review).is_some());
    portrait.number("principal.due_in_days", ends.into_iter().chain(review).min());
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
