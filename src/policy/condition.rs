//! Expressions of campaign definitions: which grants a campaign takes, and who reviews them.

use super::{
    expression::{Expression, Gives, Mistake},
    pack::{RuleNames, Subject, name_of},
    place,
};
use crate::{
    diag::{Diagnostic, Source},
    format::governed::Step,
    model::file::Scope,
};

/// `cel` of a selector: an expression over the facts of a grant that gives true or false.
#[derive(Clone, Debug)]
pub struct Condition(Expression);

/// `cel:<expression>` among the reviewers of a stage: an expression over the facts of a grant that gives an id or ids.
#[derive(Clone, Debug)]
pub struct Selection(Expression);

impl Condition {
    /// Compiles an expression that stands in a file; `steps` lead to its string.
    ///
    /// # Errors
    /// Everything that is wrong with it, each underlined in the file.
    pub fn compile(text: &str, file: &Source, steps: &[Step<'_>]) -> Result<Self, Vec<Diagnostic>> {
        compile(text, Gives::Truth, file, steps, 0).map(Self)
    }

    /// Returns whether it holds; nothing where that cannot be said.
    pub fn holds(&self, subject: &Subject<'_>) -> Option<bool> {
        self.0.truth(subject).ok()
    }
}

impl Selection {
    /// Compiles an expression that stands in a file behind `cel:`; `text` is what comes after that, and `steps` lead to
    /// the whole string.
    ///
    /// # Errors
    /// Everything that is wrong with it, each underlined in the file.
    pub fn compile(text: &str, file: &Source, steps: &[Step<'_>]) -> Result<Self, Vec<Diagnostic>> {
        compile(text, Gives::Names, file, steps, "cel:".len()).map(Self)
    }

    /// Returns the ids it names.
    ///
    /// # Errors
    /// The attributes that would have to be known, sorted; none where what is known is of no use.
    pub fn names(&self, subject: &Subject<'_>) -> Result<Vec<String>, Vec<&'static str>> {
        self.0.names(subject).map_err(|why| why.slots().map(|slot| name_of(slot, Scope::Grant)).collect())
    }
}

fn compile(
    text: &str,
    gives: Gives,
    file: &Source,
    steps: &[Step<'_>],
    behind: usize,
) -> Result<Expression, Vec<Diagnostic>> {
    let names = RuleNames { limits: Vec::new(), scope: Some(Scope::Grant) };
    Expression::compile(text, gives, &names).map_err(|mistakes| {
        let moved = |mistake: &Mistake| Mistake {
            span: mistake.span.start + behind..mistake.span.end + behind,
            ..mistake.clone()
        };
        mistakes.iter().map(|mistake| place::problem(file, steps, &moved(mistake))).collect()
    })
}
