//! Verifies exceptions (approvers, duration, renewals) and the proofs that their compensating controls ran.

use crate::model::PrincipalId;
use crate::trust::error::TrustError;
use crate::trust::verified::Verified;
use crate::trust::verify::no_response::{check_item, check_silent};
use crate::trust::verify::open_campaign::OpenCampaign;
use crate::trust::verify::verifier::{Verifier, VerifyOutcome, check_place};
use crate::{
    format::sshsig::SignatureNamespace,
    model::file::{Exception, ExceptionTerms, LOWERED_TIER, Proof},
    store::Unverified,
};

impl Verifier<'_> {
    /// Verifies an exception against the terms of the mandate for its rating, and against the no-response terms if its
    /// item in the campaign `opening` had no response. It must match the published access; be signed by one person of
    /// each required group, none of whom holds the access or owns the risk; not exceed the permitted duration; and name
    /// an earlier exception of the same access and rule in `renews`, while renewals are left.
    pub(in crate::trust) fn exception(
        &self,
        file: Unverified<Exception>,
        opening: Option<&OpenCampaign>,
        earlier: &[Verified<Exception>],
    ) -> Result<VerifyOutcome<Exception>, TrustError> {
        let exception = file.value();
        self.check_repo(&exception.repo)?;
        check_place(file.path(), &format!("exceptions/{}.toml", exception.id))?;
        let mandate = self.trust.mandate().file();
        let mut terms = mandate.terms(exception.rating);
        check_span(exception, &terms)?;
        opening.map_or(Ok(()), |opening| check_item(exception, opening))?;
        // An exception that only lowers a tier keeps no access.
        let unanswered =
            opening.filter(|_| exception.lower_tier_to.is_none()).and_then(|own| own.unanswered(&exception.item));
        if let Some(close) = unanswered {
            let silence = mandate.no_response_terms();
            check_silent(exception, close, &silence, earlier)?;
            terms = ExceptionTerms { max_renewals: terms.max_renewals, ..silence.tighten(terms) };
        }
        let approvers = approvers(exception)?;
        let signers = self.signers(SignatureNamespace::Exception, &file, &approvers)?;
        for approver in &approvers {
            let groups = &terms.approver_groups;
            if !groups.iter().any(|group| self.trust.registry().is_in(approver, group)) {
                return Err(TrustError::NotInGroup { signer: (*approver).to_owned(), group: groups.join("` or `") });
            }
            let (item, subject) = (&exception.item, &exception.subject);
            self.reject_self_review(self.kinship, approver, item, subject)?;
        }
        check_renewal(exception, &terms, earlier)?;
        let names: Vec<&str> = signers.iter().map(|signer| signer.name.as_str()).collect();
        let in_group = |name: &str, group: &str| self.trust.registry().is_in(name, group);
        let same = |one: &str, other: &str| match (PrincipalId::parse(one), PrincipalId::parse(other)) {
            (Ok(one), Ok(other)) => self.kinship.is_same_person(&one, &other),
            _ => one == other,
        };
        if !has_distinct_signers(&terms.approver_groups, &names, &in_group, &same) {
            return Ok(VerifyOutcome::Pending(TrustError::ExceptionApproval {
                rating: exception.rating,
                groups: terms.approver_groups.join(", "),
                found: if names.is_empty() { "none".to_owned() } else { names.join(", ") },
            }));
        }
        Ok(VerifyOutcome::Accepted(self.verified(file, signers)))
    }

    /// Verifies a proof: signed by the person who ran the control, for an exception that was accepted earlier.
    pub(in crate::trust) fn proof(
        &self,
        file: Unverified<Proof>,
        exceptions: &[Verified<Exception>],
    ) -> Result<VerifyOutcome<Proof>, TrustError> {
        let proof = file.value();
        self.check_repo(&proof.repo)?;
        check_place(file.path(), &format!("proofs/{}/{}.toml", proof.exception, proof.number))?;
        let known = exceptions.iter().find(|one| one.id == proof.exception);
        let Some(exception) = known.filter(|one| one.digest() == proof.digest) else {
            let why = format!("exceptions/{}.toml with the digest {} was not accepted", proof.exception, proof.digest);
            return Err(TrustError::ExceptionTerms(why));
        };
        let by = proof.by.as_str();
        let signers = self.signers(SignatureNamespace::Proof, &file, &[by])?;
        // The beneficiary of an exception must not prove its control.
        self.reject_self_review(self.kinship, by, &exception.item, &exception.subject)?;
        if signers.is_empty() {
            return Ok(VerifyOutcome::Pending(TrustError::Threshold { needed: 1, found: 0, tier: None }));
        }
        Ok(VerifyOutcome::Accepted(self.verified(file, signers)))
    }
}

fn check_span(exception: &Exception, terms: &ExceptionTerms) -> Result<(), TrustError> {
    let refuse = |why: String| Err(TrustError::ExceptionTerms(why));
    if exception.until <= exception.valid_from {
        return refuse(format!("the exception ends {} but starts {}", exception.until, exception.valid_from));
    }
    if exception.first_found > exception.valid_from {
        return refuse(format!(
            "the exception starts {}, before the risk was first found: {}",
            exception.valid_from, exception.first_found
        ));
    }
    if exception.lower_tier_to.is_some() && exception.rule.as_deref() != Some(LOWERED_TIER) {
        return refuse(format!("an exception that lowers a tier must have `rule = \"{LOWERED_TIER}\"`"));
    }
    let (asked, rating) = (exception.until.unix() - exception.valid_from.unix(), exception.rating);
    if asked > i64::from(terms.max_days) * 86_400 {
        return refuse(format!(
            "the exception lasts more than {} days, the maximum for rating {rating}",
            terms.max_days
        ));
    }
    let proof = exception.proof_days.unwrap_or(terms.proof_days);
    if terms.proof_days > 0 && (proof == 0 || proof > terms.proof_days) {
        return refuse(format!(
            "rating {rating} requires a proof at least every {} days, not {proof}",
            terms.proof_days
        ));
    }
    if terms.proof_days > 0 && exception.compensating.trim().is_empty() {
        return refuse(format!("rating {rating} requires a compensating control"));
    }
    Ok(())
}

/// Returns the distinct approvers of the risk, who must not include its owner.
fn approvers(exception: &Exception) -> Result<Vec<&str>, TrustError> {
    let mut all: Vec<&str> = Vec::new();
    for approver in std::iter::once(&exception.approver).chain(&exception.approvers) {
        if all.contains(&approver.as_str()) {
            return Err(TrustError::DuplicateName(approver.to_string()));
        }
        if *approver == exception.owner {
            return Err(TrustError::ExceptionTerms(format!(
                "`{approver}` owns the risk and cannot approve the exception"
            )));
        }
        all.push(approver.as_str());
    }
    Ok(all)
}

/// A second exception for the same access and rule is a renewal, with or without `renews`.
fn check_renewal(
    exception: &Exception,
    terms: &ExceptionTerms,
    earlier: &[Verified<Exception>],
) -> Result<(), TrustError> {
    let refuse = |why: String| Err(TrustError::ExceptionTerms(why));
    let same = |one: &&Verified<Exception>| {
        one.subject == exception.subject && one.grant_digest == exception.grant_digest && one.rule == exception.rule
    };
    let chain: Vec<_> = earlier.iter().filter(same).collect();
    let goes_on = |one: &&&Verified<Exception>| chain.iter().all(|other| other.renews != Some(one.reference()));
    let Some(last) = chain.iter().rfind(goes_on) else {
        return match &exception.renews {
            None => Ok(()),
            Some(names) => {
                refuse(format!("`renews` names {names}, which is not an accepted exception for this access"))
            }
        };
    };
    if exception.renews.as_ref() != Some(&last.reference()) {
        return refuse(format!("this access already has an exception: write `renews = \"{}\"`", last.reference()));
    }
    if exception.first_found != last.first_found {
        return refuse(format!("the risk was first found {}; a renewal keeps that date", last.first_found));
    }
    if chain.len() > terms.max_renewals as usize {
        let renewals = terms.max_renewals;
        return refuse(format!("rating {} permits {renewals} renewals, which are used up", exception.rating));
    }
    Ok(())
}

/// Returns whether every group has a distinct signer. Groups and signers are few, so all assignments are tried.
fn has_distinct_signers(
    groups: &[String],
    signers: &[&str],
    in_group: &dyn Fn(&str, &str) -> bool,
    same: &dyn Fn(&str, &str) -> bool,
) -> bool {
    let Some((group, others)) = groups.split_first() else { return true };
    signers.iter().filter(|name| in_group(name, group)).any(|chosen| {
        let rest: Vec<&str> = signers.iter().filter(|name| !same(name, chosen)).copied().collect();
        has_distinct_signers(others, &rest, in_group, same)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_needs_a_distinct_signer() {
        let member = |name: &str, group: &str| matches!((name, group), ("ana", "risk" | "chief") | ("ben", "risk"));
        let groups = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let met = |wanted: &[&str], signed: &[&str]| {
            has_distinct_signers(&groups(wanted), signed, &member, &|one, other| one == other)
        };
        assert!(met(&["risk"], &["ben"]));
        assert!(met(&["risk", "chief"], &["ana", "ben"]), "ana signs for `chief`, ben for `risk`");
        assert!(!met(&["risk", "chief"], &["ana"]), "one person counts for one group");
        assert!(!met(&["risk", "risk"], &["ana", "carl"]));
        assert!(met(&[], &[]));
    }
}
