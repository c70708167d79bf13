# The 42 shipped rules in Rego, by hand. A limit is `data.limits[rule][name][tier]`, from the same files.
#
# Rego has no third value: what is not known is undefined, and a rule that meets it says nothing. So only what fails can be
# compared. `not` would make a finding of what is not known, so it stands only behind what has been looked at: by a line of
# its own, since the virtual machine goes on where a name is given to what is undefined.
package tenure

claimed_nhi := {"agent", "engine", "service", "vendor"}
owned_kinds := {"agent", "break-glass", "engine", "service", "vendor"}
logins := {"account", "credential"}
upper := {"T0", "T1"}

machine if input.principal.claimed == false
machine if input.principal.kind in claimed_nhi

known_machine if {
	input.principal.claimed
	input.principal.kind in claimed_nhi
}

plain_machine if input.principal.claimed == false
plain_machine if input.principal.kind in {"agent", "service", "vendor"}

owned if {
	input.principal.claimed
	input.principal.kind in owned_kinds
}

person if {
	input.principal.claimed
	input.principal.kind == "person"
}

machine_credential if {
	input.grant.kind == "credential"
	machine
}

machine_login if {
	input.grant.kind in logins
	machine
}

third_party if {
	input.principal.claimed
	input.principal.kind == "vendor"
}

third_party if {
	input.principal.claimed
	input.principal.kind != "person"
	input.principal.vendor != ""
}

grant_limit(rule, name) := data.limits[rule][name][input.grant.tier]

# Where all tiers have one number, the tier need not be known.
grant_limit(rule, name) := data.limits[rule][name].every if not input.grant.tier

principal_limit(rule, name) := data.limits[rule][name][input.principal.tier]

principal_limit(rule, name) := data.limits[rule][name].every if not input.principal.tier

# Rules over grants

authenticates if {
	machine
	input.grant.kind == "account"
}

authenticates if {
	machine
	input.grant.kind == "credential"
	input.credential.kind in {"certificate", "ssh-key", "token"}
}

grants contains "NHI-ATH-01" if {
	authenticates
	input.grant.kind == "account"
	input.principal.auth_method in {"app-password", "basic", "implicit", "password-grant", "unscoped-token"}
}

grants contains "NHI-ATH-01" if {
	authenticates
	input.grant.kind == "credential"
	input.credential.kind == "token"
	count(input.grant.scopes) == 0
}

grants contains "NHI-ATH-01" if {
	authenticates
	input.grant.kind == "credential"
	input.credential.kind != "token"
	input.credential.algorithm in {"dsa", "ssh-dss"}
}

grants contains "NHI-ATH-01" if {
	authenticates
	input.grant.kind == "credential"
	input.credential.kind != "token"
	input.credential.algorithm in {"rsa", "ssh-rsa"}
	input.credential.bits < grant_limit("NHI-ATH-01", "rsa_bits")
}

grants contains "NHI-ATH-03" if {
	machine_credential
	input.grant.tier in upper
	input.credential.static
	input.credential.source_bound == false
}

grants contains "NHI-CRD-01" if {
	machine_credential
	input.credential.static
	input.credential.age_days > grant_limit("NHI-CRD-01", "age_days")
}

grants contains "NHI-CRD-01" if {
	machine_credential
	input.credential.kind == "certificate"
	input.credential.age_days > grant_limit("NHI-CRD-01", "certificate_days")
}

grants contains "NHI-CRD-02" if {
	machine_credential
	input.credential.expires == false
}

grants contains "NHI-CRD-03" if {
	machine_credential
	input.credential.static
	input.principal.federation_available
}

grants contains "NHI-CRD-04" if {
	machine_credential
	input.credential.static
	input.credential.status == "active"
	input.credential.newer_active_days > grant_limit("NHI-CRD-04", "overlap_days")
}

grants contains "NHI-CRD-05" if {
	input.grant.kind == "credential"
	input.credential.exposed
}

grants contains "NHI-CRD-06" if {
	machine_credential
	input.credential.store_approved == false
}

grants contains "NHI-CRD-06" if {
	machine_credential
	input.credential.storage in {"code", "image", "ticket", "variable", "wiki"}
}

grants contains "NHI-CRD-07" if {
	machine_credential
	input.credential.shared_identities > 1
}

grants contains "NHI-CRD-07" if {
	machine_credential
	input.credential.shared_environments > 1
}

grants contains "NHI-CRD-08" if {
	input.grant.kind == "credential"
	input.credential.default
	input.credential.status != "inactive"
}

grants contains "NHI-ENV-01" if {
	known_machine
	input.grant.environment != input.principal.environment
}

grants contains "NHI-ENV-01" if {
	known_machine
	input.grant.kind == "account"
	some place in input.usage.environments
	place != input.principal.environment
}

grants contains "NHI-LIF-02" if {
	machine_login
	input.usage.idle_days > grant_limit("NHI-LIF-02", "seasonal_days")
}

grants contains "NHI-LIF-02" if {
	machine_login
	input.usage.idle_days > grant_limit("NHI-LIF-02", "idle_days")
	input.principal.claimed == false
}

grants contains "NHI-LIF-02" if {
	machine_login
	input.usage.idle_days > grant_limit("NHI-LIF-02", "idle_days")
	input.principal.lifecycle != "seasonal"
}

grants contains "NHI-LIF-03" if {
	machine_login
	input.usage.never_used
	input.usage.idle_days > grant_limit("NHI-LIF-03", "days")
	input.grant.kind == "credential"
	input.credential.age_days > grant_limit("NHI-LIF-03", "days")
}

grants contains "NHI-LIF-03" if {
	machine_login
	input.usage.never_used
	input.usage.idle_days > grant_limit("NHI-LIF-03", "days")
	input.grant.kind != "credential"
	input.grant.granted_days > grant_limit("NHI-LIF-03", "days")
}

grants contains "NHI-LIF-05" if {
	input.grant.certified_days > grant_limit("NHI-LIF-05", "days")
}

administers if {
	person
	input.grant.administrative
}

grants contains "HUM-ADM-01" if {
	administers
	input.principal.account_kind != "admin"
}

grants contains "HUM-ADM-01" if {
	administers
	input.principal.mfa != "phishing-resistant"
}

grants contains "HUM-DOR-01" if {
	person
	input.grant.kind in logins
	input.usage.idle_days > grant_limit("HUM-DOR-01", "idle_days")
}

grants contains "HUM-LVR-01" if {
	person
	input.principal.ended
}

privileged if {
	input.grant.kind != "credential"
	plain_machine
}

grants contains "NHI-PRV-01" if {
	privileged
	input.grant.administrative
}

grants contains "NHI-PRV-01" if {
	privileged
	input.grant.kind in {"policy", "rule"}
	input.grant.wildcard
}

grants contains "NHI-PRV-01" if {
	privileged
	input.grant.kind == "ownership"
	input.grant.tier in upper
}

grants contains "NHI-PRV-05" if {
	input.grant.tier == "T0"
	input.grant.kind
	kind := input.grant.kind
	not kind in logins
	machine
	input.grant.standing
	input.grant.jit_available
}

grants contains "NHI-3RD-02" if {
	third_party
	input.grant.kind in logins
	input.usage.idle_days > grant_limit("NHI-3RD-02", "idle_days")
}

grants contains "NHI-3RD-02" if {
	third_party
	input.grant.kind
	kind := input.grant.kind
	not kind in logins
	input.grant.tenant_wide
}

grants contains "NHI-HUM-01" if {
	known_machine
	input.grant.kind == "account"
	input.usage.interactive_90d > 0
}

grants contains "NHI-HUM-01" if {
	known_machine
	input.grant.kind == "account"
	input.usage.interactive_allowed
}

grants contains "NHI-HUM-02" if {
	person
	input.grant.kind == "credential"
	input.credential.on_automation
}

grants contains "NHI-LOG-01" if {
	machine_login
	input.usage.source in {"", "none"}
}

grants contains "NHI-LOG-01" if {
	machine_login
	input.usage.lag_hours > grant_limit("NHI-LOG-01", "lag_hours")
}

# Rules over principals

agent if {
	input.principal.claimed
	input.principal.kind == "agent"
}

principals contains "NHI-AGT-01" if {
	agent
	input.principal.sponsor_status != "active"
}

principals contains "NHI-AGT-01" if {
	agent
	count(input.principal.tool_scopes) == 0
}

principals contains "NHI-AGT-01" if {
	agent
	"*" in input.principal.tool_scopes
}

principals contains "NHI-AGT-01" if {
	agent
	input.principal.delegation_hours > principal_limit("NHI-AGT-01", "delegation_hours")
}

principals contains "NHI-AGT-01" if {
	agent
	input.principal.kill_switch_tested_days > principal_limit("NHI-AGT-01", "switch_days")
}

engine if {
	input.principal.claimed
	input.principal.kind == "engine"
}

principals contains "NHI-ENG-01" if {
	engine
	input.principal.tier != "T0"
}

principals contains "NHI-ENG-01" if {
	engine
	input.principal.owner_status != "active"
}

principals contains "NHI-ENG-01" if {
	engine
	input.principal.team == ""
}

principals contains "NHI-ENG-01" if {
	engine
	input.principal.team
	team := input.principal.team
	input.principal.owner_team in {"", team}
}

federated if {
	known_machine
	input.principal.auth_method == "federated"
}

principals contains "NHI-ATH-02" if {
	federated
	input.trust.issuer in {"", "*"}
}

principals contains "NHI-ATH-02" if {
	federated
	input.trust.audience in {"", "*"}
}

principals contains "NHI-ATH-02" if {
	federated
	input.trust.subject_pattern in {"", "*"}
}

principals contains "NHI-ATH-02" if {
	federated
	contains(input.trust.subject_pattern, "*")
	input.principal.environment in {"prod", "production"}
}

principals contains "HUM-SOD-01" if {
	person
	count(input.principal.toxic_pairs) > 0
}

principals contains "NHI-PRV-04" if {
	machine
	count(input.principal.toxic_pairs) > 0
}

principals contains "NHI-REU-01" if {
	known_machine
	count(input.usage.consumers) > 1
}

principals contains "NHI-LIF-01" if {
	known_machine
	input.principal.ended
}

principals contains "NHI-LIF-01" if {
	known_machine
	input.principal.workload_status == "ended"
}

principals contains "NHI-LIF-04" if {
	owned
	input.principal.dated == false
}

principals contains "NHI-LIF-04" if {
	owned
	input.principal.due_in_days < 0
}

principals contains "NHI-LIF-04" if {
	owned
	input.principal.due_in_days > principal_limit("NHI-LIF-04", "days")
}

principals contains "NHI-LIF-04" if {
	owned
	input.principal.due_in_days > principal_limit("NHI-LIF-04", "temporary_days")
	input.principal.lifecycle
	lifecycle := input.principal.lifecycle
	not lifecycle in {"permanent", "seasonal"}
}

principals contains "NHI-LOC-01" if {
	input.principal.claimed == false
}

principals contains "NHI-OWN-01" if {
	owned
	input.principal.owner_status
	status := input.principal.owner_status
	not status in {"active", "moved"}
}

principals contains "NHI-OWN-01" if {
	owned
	input.principal.team == ""
}

principals contains "NHI-OWN-01" if {
	owned
	input.principal.tier in upper
	input.principal.deputy == ""
}

principals contains "NHI-OWN-02" if {
	owned
	input.principal.owner_status in {"left", "moved"}
}

principals contains "NHI-OWN-03" if {
	known_machine
	input.principal.purpose == ""
}

principals contains "NHI-OWN-03" if {
	known_machine
	input.principal.workload == ""
}

principals contains "NHI-OWN-03" if {
	known_machine
	input.principal.workload_status == "missing"
}

external if {
	person
	input.principal.external
}

principals contains "HUM-EXT-01" if {
	external
	input.principal.sponsor_status != "active"
}

principals contains "HUM-EXT-01" if {
	external
	input.principal.has_end == false
}

principals contains "HUM-EXT-01" if {
	external
	input.principal.ended
}

principals contains "HUM-MOV-01" if {
	person
	input.principal.role_changed_days > principal_limit("HUM-MOV-01", "days")
	input.principal.older_grants > 0
}

principals contains "NHI-PRV-02" if {
	machine
	input.usage.known_days >= 90
	input.usage.actions_granted
	input.usage.actions_used_90d
	unused := input.usage.actions_granted - input.usage.actions_used_90d
	unused * 100 > input.usage.actions_granted * principal_limit("NHI-PRV-02", "unused_percent")
}

principals contains "NHI-PRV-03" if {
	plain_machine
	count(input.principal.escalation_paths) > 0
}

break_glass if {
	input.principal.claimed
	input.principal.kind == "break-glass"
}

principals contains "NHI-BRG-01" if {
	break_glass
	input.principal.custodians < principal_limit("NHI-BRG-01", "custodians")
}

principals contains "NHI-BRG-01" if {
	break_glass
	input.principal.sealed == false
}

principals contains "NHI-BRG-01" if {
	break_glass
	input.principal.alert_on_use == false
}

principals contains "NHI-BRG-01" if {
	break_glass
	input.principal.last_tested_days > principal_limit("NHI-BRG-01", "test_days")
}

principals contains "NHI-BRG-01" if {
	break_glass
	input.principal.rotated_after_use_hours > principal_limit("NHI-BRG-01", "rotation_hours")
}

shared if {
	input.principal.claimed
	input.principal.kind != "break-glass"
}

principals contains "NHI-SHR-01" if {
	shared
	input.principal.known_to > 1
}

principals contains "NHI-SHR-01" if {
	shared
	input.principal.known_to == 1
	input.principal.membership_rotated == false
}

principals contains "NHI-3RD-01" if {
	third_party
	input.principal.vendor == ""
}

principals contains "NHI-3RD-01" if {
	third_party
	input.principal.sponsor_status != "active"
}

principals contains "NHI-3RD-01" if {
	third_party
	input.principal.has_end == false
}

principals contains "NHI-3RD-01" if {
	third_party
	input.principal.ended
}

principals contains "NHI-3RD-01" if {
	third_party
	input.principal.vendor_review_days > principal_limit("NHI-3RD-01", "review_days")
}
