//! The question to answer, with yes or no, and what either answer comes to.

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
                format!("Does {who} need {what} for the work of today?")
            } else {
                format!("Is the workload of {who} alive, and does it need {what}?")
            };
            return vec![
                ContextLine::plain(question),
                ContextLine::plain("yes: certify · less would do: reduce · no: revoke"),
            ];
        }
        let lines = asked.iter().take(MOST).flat_map(|asked| [asked.question, asked.answers]);
        lines.map(ContextLine::plain).collect()
    }
}

/// A question that rules raise.
struct RuleQuestion {
    /// How their ids begin.
    rules: &'static str,
    question: &'static str,
    answers: &'static str,
}

/// Two questions can be kept in mind, and the first is the one that counts.
const MOST: usize = 2;

/// In the order in which they are asked.
const QUESTIONS: &[RuleQuestion] = &[
    RuleQuestion {
        rules: "HUM-LVR",
        question: "Is this person gone for certain?",
        answers: "yes: revoke · no: investigate, for the records say so",
    },
    RuleQuestion {
        rules: "NHI-LOC",
        question: "Do you know whose account this is?",
        answers: "yes: transfer to them · no: disable",
    },
    RuleQuestion {
        rules: "NHI-OWN",
        question: "Do you answer for it, or know who does?",
        answers: "yes: transfer to them · no: disable",
    },
    RuleQuestion {
        rules: "NHI-LIF",
        question: "Is the workload it serves still alive?",
        answers: "yes: certify, and say what it does · no: revoke",
    },
    RuleQuestion {
        rules: "HUM-DOR",
        question: "Will it be used again before the next review?",
        answers: "yes: certify with an end · no: revoke or disable",
    },
    RuleQuestion {
        rules: "HUM-MOV",
        question: "Does the new work need what the old work did?",
        answers: "yes: certify with an end · no: revoke",
    },
    RuleQuestion {
        rules: "HUM-SOD",
        question: "Can one person go without one of the two sides?",
        answers: "yes: revoke that side · no: except, with a control in its place",
    },
    RuleQuestion {
        rules: "NHI-PRV",
        question: "Does it need this much, or would less do?",
        answers: "less would do: reduce · all of it: certify, and say why",
    },
    RuleQuestion {
        rules: "HUM-ADM",
        question: "Does it have to be standing administration?",
        answers: "no: reduce · yes: certify with an end",
    },
    RuleQuestion {
        rules: "NHI-CRD",
        question: "Could it do with a fresh or short-lived credential?",
        answers: "fresh: rotate · federation: replace · no: except until it can",
    },
    RuleQuestion {
        rules: "NHI-SHR",
        question: "Can each of those who share it have their own?",
        answers: "yes: replace · no: except, with names and a date",
    },
    RuleQuestion {
        rules: "NHI-HUM",
        question: "Does a person log in with it?",
        answers: "yes: replace, and give them an account of their own · no: certify, and say what does",
    },
    RuleQuestion {
        rules: "NHI-3RD",
        question: "Does the contract still run, and does it need this?",
        answers: "yes: certify until its end · no: revoke",
    },
    RuleQuestion {
        rules: "NHI-BRG",
        question: "Is it sealed, tested, and known to its custodians?",
        answers: "yes: certify with an end · no: investigate",
    },
];

/// What is asked where no question of its own belongs to a rule.
const ANY_RULE: RuleQuestion = RuleQuestion {
    rules: "",
    question: "Does what the rule says stand against this access?",
    answers: "yes: do as recommended · no: certify, and say why",
};
