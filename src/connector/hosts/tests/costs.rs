//! Measures the costs of actions and of collection on large systems.

use super::*;
use std::time::Instant;

/// Returns a host with this number of users, each with a group of its own, a third of them in `ops`; every tenth has a key
/// and every hundredth a rule.
fn large(users: usize) -> Host {
    let host = Host::debian();
    let (mut passwd, mut shadow) = (host.read("/etc/passwd"), host.read("/etc/shadow"));
    let (mut group, mut gshadow) = (host.read("/etc/group"), host.read("/etc/gshadow"));
    let (mut members, mut rules) = (Vec::new(), String::new());
    for at in 0..users {
        let (name, id) = (format!("user{at:05}"), 10_000 + at);
        passwd += &format!("{name}:x:{id}:{id}:User {at}:/home/{name}:/bin/bash\n");
        shadow += &format!("{name}:$y$j9T$not.a.real.salt$notarealhash:19700:0:99999:7:::\n");
        group += &format!("{name}:x:{id}:\n");
        gshadow += &format!("{name}:!::\n");
        if at % 3 == 0 {
            members.push(name.clone());
        }
        if at % 10 == 0 {
            host.file(&format!("/home/{name}/.ssh/authorized_keys"), 0o600, &[&format!("{KEY} {name}")]);
        }
        if at % 100 == 0 {
            rules += &format!("{name} ALL=(root) NOPASSWD: /usr/bin/systemctl restart shop{at}\n");
        }
    }
    group += &format!("ops:x:5000:{}\n", members.join(","));
    gshadow += &format!("ops:!::{}\n", members.join(","));
    rules += "%ops ALL=(root) /usr/bin/id\n";
    for (path, mode, text) in [
        ("/etc/passwd", 0o644, &passwd),
        ("/etc/shadow", 0o640, &shadow),
        ("/etc/group", 0o644, &group),
        ("/etc/gshadow", 0o640, &gshadow),
        ("/etc/sudoers.d/rules", 0o440, &rules),
    ] {
        host.file(path, mode, &[text.trim_end()]);
    }
    host
}

/// Returns the processor time of this process so far, in milliseconds.
fn processor_time() -> u128 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    u128::try_from(now.tv_sec).unwrap() * 1000 + u128::try_from(now.tv_nsec).unwrap() / 1_000_000
}

/// Collects the system, and makes a number of changes with the reads around them. Returns calls and milliseconds of
/// processor time.
fn run(users: usize, actions: usize) -> (u64, u128) {
    let host = large(users);
    let began = processor_time();
    let inventory = host.inventory();
    let revocable = |grant: &&Grant| {
        grant.key.as_str().contains(":user")
            && grant.attribute("primary").is_none()
            && matches!(grant.kind, GrantKind::Membership | GrantKind::Rule | GrantKind::Credential)
    };
    let mut grants: Vec<&Grant> = inventory.grants().filter(revocable).collect();
    // A mixture of kinds: every n-th of all.
    let step = grants.len() / actions;
    grants = grants.into_iter().step_by(step).take(actions).collect();
    let collected = processor_time() - began;
    let hosts = host.open();
    hosts.target_identity().unwrap();
    let mut phases = [0; 4];
    for grant in grants {
        let start = processor_time();
        let change = AccessChange::Revoke {};
        let planned = planned(host_schema(&host).plan_change(&change, grant, &inventory).unwrap(), change, grant);
        phases[0] += processor_time() - start;
        hosts.observe(&TargetQuery::about(&planned).asking(WitnessQuery::Choose)).unwrap();
        phases[1] += processor_time() - start;
        let action: Action<Planned> = Action::new(planned.clone());
        hosts.apply(&action, Intent::recorded(planned.id.clone(), 7), &UnconfiguredSink).unwrap();
        phases[2] += processor_time() - start;
        hosts.observe(&TargetQuery::about(&planned)).unwrap();
        phases[3] += processor_time() - start;
    }
    let [planned, seen, applied, verified] = phases;
    eprintln!(
        "collection {collected} ms; of {actions} actions: plan {planned} ms, first read {} ms, change {} ms, second read {} ms",
        seen - planned,
        applied - seen,
        verified - applied
    );
    (hosts.calls(), (processor_time() - began))
}

fn host_schema(host: &Host) -> super::super::HostsSchema {
    super::super::vocabulary(&host.config)
}

#[test]
#[ignore = "measures; takes about a minute"]
fn forty_actions_cost_a_few_times_as_much_as_four() {
    let (few, many) = (run(5_000, 4), run(5_000, 40));
    eprintln!("5000 users: 4 actions {} calls {} ms, 40 actions {} calls {} ms", few.0, few.1, many.0, many.1);
    assert!(many.0 <= 3 * few.0 && many.1 <= 3 * few.1, "{few:?} {many:?}");
}

#[test]
#[ignore = "measures the memory of the whole process; run it alone"]
fn collection_of_many_users_fits_in_memory() {
    let peak = || -> usize {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() / 1024
    };
    let host = large(50_000);
    let before = peak();
    let began = Instant::now();
    let hosts = host.open();
    let mut grants = 0;
    let mut each = Vec::new();
    for kind in hosts.describe().kinds {
        let page = hosts.list(*kind, None).unwrap();
        grants += page.grants.len();
        each.push(page);
        eprintln!("{kind}: peak {} MB", peak());
    }
    eprintln!(
        "50000 users: {grants} grants, {} ms, peak {} MB, before {before} MB",
        began.elapsed().as_millis(),
        peak()
    );
    assert!(peak() - before <= 200, "{} MB", peak() - before);
}
