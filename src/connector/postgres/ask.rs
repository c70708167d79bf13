//! Asks the server whether requests are permitted: its own functions, for every role that the principal can become.
//!
//! A denial is the answer for now: it does not cover what the principal could give itself first (by ADMIN, ownership or
//! CREATEROLE), nor what another object does for it. The paths of a read cover those.

use super::{
    decision_functions::expression,
    probe,
    request::{self, AccessRequest},
    server_connections::ServerConnections,
};
use crate::model::{Answer, Witness, WitnessAnswer};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the answers to the witnesses, in order.
pub(super) fn ask(server: &mut ServerConnections, version: u32, witnesses: &[Witness]) -> Vec<WitnessAnswer> {
    let parsed: Vec<Option<(u32, AccessRequest)>> = witnesses.iter().map(request::parse).collect();
    let mut answers: BTreeMap<usize, Answer> = BTreeMap::new();
    let databases: BTreeSet<u32> = parsed.iter().flatten().map(|(_, request)| request.database()).collect();
    for database in databases {
        let mut asked = Vec::new();
        for (index, (principal, request)) in parsed.iter().enumerate().filter_map(|(at, it)| Some((at, it.as_ref()?))) {
            if request.database() != database {
                continue;
            }
            if let AccessRequest::Coming { .. } = request {
                answers.insert(index, probe::coming(server, version, *principal, request));
                continue;
            }
            match expression(*principal, request, version, server.sees_passwords) {
                Ok(sql) => asked.push((index, sql)),
                Err(why) => drop(answers.insert(index, Answer::CannotAsk(why))),
            }
        }
        answers.extend(answered(server, database, &asked));
    }
    let answer = |(index, witness): (usize, &Witness)| WitnessAnswer {
        witness: witness.clone(),
        answer: answers
            .remove(&index)
            .unwrap_or_else(|| Answer::CannotAsk("the request is not one of a PostgreSQL server".to_owned())),
    };
    witnesses.iter().enumerate().map(answer).collect()
}

fn answered(server: &mut ServerConnections, database: u32, asked: &[(usize, String)]) -> Vec<(usize, Answer)> {
    if asked.is_empty() {
        return Vec::new();
    }
    let list: Vec<&str> = asked.iter().map(|(_, sql)| sql.as_str()).collect();
    let replies: Result<Vec<Option<String>>, _> =
        server.json(database, &format!("SELECT json_build_array({})", list.join(",\n")));
    match replies {
        Ok(replies) => asked
            .iter()
            .zip(replies)
            .map(|((index, _), reply)| (*index, reply.map_or(Answer::Denied, Answer::Allowed)))
            .collect(),
        Err(error) => asked.iter().map(|(index, _)| (*index, Answer::CannotAsk(error.to_string()))).collect(),
    }
}
