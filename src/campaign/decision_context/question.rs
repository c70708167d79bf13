//! The yes-or-no question for the reviewer, with the verdict for each answer.

use super::{ContextLine, ItemContext, said};
use crate::model::file::PrincipalKind;

impl ItemContext<'_> {
    pub(super) fn question(&self) -> Vec<ContextLine> {
        let codes = self.codes();
        let mut asked: Vec<&RuleQuestion> =
            QUESTIONS.iter().filter(|asked| codes.iter().any(|code| code.starts_with(asked.rules))).collect();
        if asked.is_empty() && !codes.is_empty() {
            asked.push(&ANY_RULE);
        }
        if asked.is_empty() {
            let person = self.entry.is_none_or(|entry| entry.kind == PrincipalKind::Person);
            let (who, what) = (&self.item.principal, said(&self.item.entitlement));
            let question = if person {
                format!("Does {who} need {what} for their current work?")
            } else {
                format!("Is the workload of {who} active, and does it need {what}?")
            };
            return vec![
                ContextLine::plain(question),
                ContextLine::plain("yes: certify · less is enough: reduce · no: revoke"),
            ];
        }
        let lines = asked.iter().take(MOST).flat_map(|asked| [asked.question, asked.answers]);
        lines.map(ContextLine::plain).collect()
    }
}

/// A question raised by a group of rules.
struct RuleQuestion {
    /// The prefix of the rule ids.
    rules: &'static str,
    question: &'static str,
    answers: &'static str,
}

/// At most two questions are shown, the most important first.
const MOST: usize = 2;

/// The questions, in order of importance.
const QUESTIONS: &[RuleQuestion] = &[
    RuleQuestion {
        rules: "HUM-LVR",
        question: "Has this person certainly left?",
        answers: "yes: revoke · no: investigate, since the records say otherwise",
    },
    RuleQuestion {
        rules: "NHI-LOC",
        question: "Do you know whose account this is?",
        answers: "yes: transfer to them · no: disable",
    },
    RuleQuestion {
        rules: "NHI-OWN",
        question: "Do you own it, or know the owner?",
        answers: "yes: transfer to them · no: disable",
    },
    RuleQuestion {
        rules: "NHI-LIF",
        question: "Is its workload still active?",
        answers: "yes: certify, and state its purpose · no: revoke",
    },
    RuleQuestion {
        rules: "HUM-DOR",
        question: "Will it be used again before the next review?",
        answers: "yes: certify with an end · no: revoke or disable",
    },
    RuleQuestion {
        rules: "HUM-MOV",
        question: "Does the new role need the access of the old role?",
        answers: "yes: certify with an end · no: revoke",
    },
    RuleQuestion {
        rules: "HUM-SOD",
        question: "Can this person do without one of the two sides?",
        answers: "yes: revoke that side · no: except, with a compensating control",
    },
    RuleQuestion {
        rules: "NHI-PRV",
        question: "Does it need this much access, or is less enough?",
        answers: "less is enough: reduce · all of it: certify, and state why",
    },
    RuleQuestion {
        rules: "HUM-ADM",
        question: "Must this be standing administrative access?",
        answers: "no: reduce · yes: certify with an end",
    },
    RuleQuestion {
        rules: "NHI-CRD",
        question: "Can it use a new or a short-lived credential?",
        answers: "new: rotate · federation: replace · no: except until it can",
    },
    RuleQuestion {
        rules: "NHI-SHR",
        question: "Can each of its users have an account of their own?",
        answers: "yes: replace · no: except, with names and an end date",
    },
    RuleQuestion {
        rules: "NHI-HUM",
        question: "Does a person log in with it?",
        answers: "yes: replace with an account of their own · no: certify, and state what uses it",
    },
    RuleQuestion {
        rules: "NHI-3RD",
        question: "Is the contract still active, and does it need this?",
        answers: "yes: certify until its end · no: revoke",
    },
    RuleQuestion {
        rules: "NHI-BRG",
        question: "Is it sealed, tested and known to its custodians?",
        answers: "yes: certify with an end · no: investigate",
    },
];

/// The question for rules without a specific one.
const ANY_RULE: RuleQuestion = RuleQuestion {
    rules: "",
    question: "Does the finding of the rule justify a change of this access?",
    answers: "yes: follow the recommendation · no: certify, and state why",
};
