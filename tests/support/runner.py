"""Runs the jobs of a workflow as GitHub Actions would: the same files, contexts, environment and order; no container.

Usage: runner.py EVENT

EVENT is a JSON file that says what happened and what the repository has: see `tests/support/actions.rs`, which writes it.
Prints a JSON list with what became of each job. It knows what our workflows use, and stops at everything else.
"""

import base64
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from ruamel.yaml import YAML

with open(sys.argv[1], encoding="utf-8") as file:
    EVENT = json.load(file)
WORD = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<sign>\|\||&&|==|!=|[!(),])|(?P<name>[A-Za-z_][A-Za-z0-9_.-]*))")


class Expression:
    """One expression of GitHub's language, evaluated against contexts."""

    def __init__(self, text, contexts):
        self.words, self.at, self.contexts = [], 0, contexts
        place = 0
        while text[place:].strip():
            match = WORD.match(text, place)
            if not match:
                raise SystemExit(f"an expression that the runner does not know: {text}")
            self.words.append((match.lastgroup, match.group(match.lastgroup)))
            place = match.end()

    def value(self):
        value = self.either()
        if self.at != len(self.words):
            raise SystemExit(f"an expression that the runner does not know: {self.words}")
        return value

    def next_is(self, *signs):
        if self.at < len(self.words) and self.words[self.at][0] == "sign" and self.words[self.at][1] in signs:
            self.at += 1
            return self.words[self.at - 1][1]
        return None

    def either(self):
        value = self.both()
        while self.next_is("||"):
            other = self.both()
            value = value if truthy(value) else other
        return value

    def both(self):
        value = self.compared()
        while self.next_is("&&"):
            other = self.compared()
            value = other if truthy(value) else value
        return value

    def compared(self):
        value = self.single()
        while sign := self.next_is("==", "!="):
            same = value == self.single()
            value = same if sign == "==" else not same
        return value

    def single(self):
        if self.next_is("!"):
            return not truthy(self.single())
        if self.next_is("("):
            value = self.either()
            assert self.next_is(")")
            return value
        kind, word = self.words[self.at]
        self.at += 1
        if kind == "text":
            return word[1:-1].replace("''", "'")
        if self.next_is("("):
            arguments = []
            while not self.next_is(")"):
                arguments.append(self.either())
                self.next_is(",")
            return FUNCTIONS[word](*arguments)
        if word in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[word]
        value = self.contexts
        for part in word.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value


def truthy(value):
    return value not in (None, False, "", 0)


FUNCTIONS = {
    "contains": lambda where, what: what in where,
    "fromJSON": json.loads,
    "cancelled": lambda: False,
    "success": lambda: True,
}


def filled(value, contexts):
    """Returns a value of the YAML with its expressions replaced."""
    if isinstance(value, dict):
        return {key: filled(inner, contexts) for key, inner in value.items()}
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"\$\{\{(.*?)\}\}", value.strip())
    if whole and value.count("${{") == 1:
        return Expression(whole.group(1), contexts).value()
    return re.sub(r"\$\{\{(.*?)\}\}", lambda m: text_of(Expression(m.group(1), contexts).value()), value)


def text_of(value):
    return {None: "", True: "true", False: "false"}.get(value, value) if isinstance(value, (bool, type(None))) else str(value)


def holds(condition, contexts):
    if condition is None:
        return True
    text = str(condition)
    inner = re.fullmatch(r"\$\{\{(.*)\}\}", text.strip())
    return truthy(Expression(inner.group(1) if inner else text, contexts).value())


class Job:
    """One job on a machine of its own."""

    def __init__(self, workflow, name, text, matrix, needs):
        self.name, self.text, self.matrix = name, text, matrix
        label = "-".join([name, *map(str, matrix.values())])
        self.folder = os.path.join(EVENT["folder"], label)
        self.workspace = os.path.join(self.folder, "work")
        for part in ("work", "temp", "home"):
            os.makedirs(os.path.join(self.folder, part))
        permissions = text.get("permissions", workflow.get("permissions", {}))
        self.may_write = permissions.get("contents") == "write" and not EVENT["fork"]
        self.id_token = permissions.get("id-token") == "write" and not EVENT["fork"]
        tells = permissions.get("issues") == "write" and not EVENT["fork"]
        assert not (self.may_write and tells), "the tests know no such token"
        self.token = EVENT["tokens"]["write" if self.may_write else "tell" if tells else "read"]
        github = EVENT["github"] | {"token": self.token}
        self.contexts = {"github": github, "vars": {} if EVENT["fork"] else EVENT["vars"], "matrix": matrix, "needs": needs}
        self.contexts |= {"steps": {}, "runner": {"temp": os.path.join(self.folder, "temp")}}
        self.environment = filled(text.get("environment"), self.contexts)
        # Secrets of the repository, and those of the environment; a fork's pull request gets neither.
        secrets = dict(EVENT["secrets"].get("", {}))
        if self.environment:
            secrets |= EVENT["secrets"].get(self.environment, {})
        self.contexts["secrets"] = {} if EVENT["fork"] else secrets
        self.paths, self.variables, self.steps = [], {}, []
        self.job_env = filled(text.get("env", {}), self.contexts)

    def run(self):
        outcome = "success"
        for step in self.text["steps"]:
            condition = step.get("if")
            if outcome != "success" and "cancelled()" not in str(condition):
                continue
            if not holds(condition, self.contexts):
                continue
            code = self.step(step, {})
            if code != 0:
                outcome = "failure"
        outputs = {name: filled(value, self.contexts) for name, value in self.text.get("outputs", {}).items()}
        return {
            "job": self.name,
            "matrix": self.matrix,
            "outcome": outcome,
            "steps": self.steps,
            "outputs": outputs,
            "environment": self.environment,
        }

    def step(self, step, inputs):
        contexts = self.contexts | {"inputs": inputs}
        if "uses" in step:
            return self.uses(step["uses"], filled(step.get("with", {}), contexts), step.get("name", ""))
        env = filled(step.get("env", {}), contexts)
        return self.shell(step, {key: text_of(value) for key, value in env.items()}, contexts)

    def uses(self, action, given, name):
        if action.startswith("actions/checkout@"):
            return self.checkout(given, name)
        # `$/` is this repository at the commit of the event; `./` is what lies in the workspace.
        if action.startswith("$/"):
            folder = os.path.join(self.folder, "self")
            if not os.path.exists(folder):
                self.git(["clone", "--quiet", EVENT["remote"], folder])
                self.git(["-C", folder, "checkout", "--quiet", "--detach", EVENT["github"]["sha"]])
            path = os.path.join(folder, action[2:])
        elif action.startswith("./"):
            path = os.path.join(self.workspace, action[2:])
        else:
            raise SystemExit(f"an action that the runner does not know: {action}")
        composite = read(os.path.join(path, "action.yml"))
        inputs = {key: text.get("default", "") for key, text in composite["inputs"].items()} | given | EVENT["inputs"]
        for inner in composite["runs"]["steps"]:
            code = self.step(inner, inputs)
            if code != 0:
                return code
        return 0

    def checkout(self, given, name):
        assert given["persist-credentials"] is False, "a token would lie in the work tree"
        target = os.path.join(self.workspace, given.get("path", "."))
        self.git(["clone", "--quiet", "--no-checkout", EVENT["remote"], target])
        ref = given.get("ref")
        if ref is None:
            github = EVENT["github"]
            local = github["ref"].replace("refs/", "refs/remotes/", 1)
            if github["ref"].startswith("refs/pull/"):
                self.git(["-C", target, "fetch", "--quiet", "origin", f"+{github['ref']}:{local}"])
            self.git(["-C", target, "checkout", "--quiet", "--detach", github["sha"]])
        elif re.fullmatch("[0-9a-f]{40}", ref):
            self.git(["-C", target, "checkout", "--quiet", "--detach", ref])
        else:
            self.git(["-C", target, "checkout", "--quiet", "-B", ref, f"origin/{ref}"])
        self.steps.append({"name": name, "code": 0, "log": "", "summary": ""})
        return 0

    def git(self, arguments):
        """What the checkout action does, with the token of the job in one call alone."""
        bearer = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        config = ["-c", f"http.extraheader=Authorization: Basic {bearer}"]
        environment = EVENT["env"] | {"HOME": os.path.join(self.folder, "home")}
        subprocess.run(["git", *config, *arguments], env=environment, check=True)

    def shell(self, step, env, contexts):
        if "${{" in step["run"]:
            raise SystemExit("an expression in a shell")
        temp = os.path.join(self.folder, "temp")
        files = {name: os.path.join(temp, f"{name.lower()}-{len(self.steps)}") for name in FILES}
        for path in files.values():
            open(path, "w", encoding="utf-8").close()
        script = os.path.join(temp, f"step-{len(self.steps)}.sh")
        with open(script, "w", encoding="utf-8") as out:
            out.write(step["run"])
        github = contexts["github"]
        environment = dict(EVENT["env"]) | {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": github["api_url"],
            "GITHUB_EVENT_NAME": github["event_name"],
            "GITHUB_REF": github["ref"],
            "GITHUB_REPOSITORY": github["repository"],
            "GITHUB_RUN_ATTEMPT": github.get("run_attempt", "1"),
            "GITHUB_RUN_ID": github["run_id"],
            "GITHUB_SERVER_URL": github["server_url"],
            "GITHUB_SHA": github["sha"],
            "GITHUB_HEAD_REF": github.get("head_ref", ""),
            "GITHUB_WORKSPACE": self.workspace,
            "HOME": os.path.join(self.folder, "home"),
            "RUNNER_ARCH": "X64",
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": temp,
        }
        environment |= {key: text_of(value) for key, value in self.job_env.items()} | self.variables | env | files
        environment["PATH"] = os.pathsep.join([*reversed(self.paths), self.tools(), EVENT["env"]["PATH"]])
        if self.id_token:
            environment |= self.issuer()
        folder = os.path.join(self.workspace, filled(step.get("working-directory", "."), contexts))
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", script]
        ran = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False,
        )
        self.take(files, step)
        self.steps.append({
            "name": step.get("name", ""),
            "code": ran.returncode,
            "log": ran.stdout.decode(errors="replace"),
            "summary": open(files["GITHUB_STEP_SUMMARY"], encoding="utf-8").read(),
            "environment": environment,
        })
        return ran.returncode

    def tools(self):
        """The folder of what the image of a runner has beside a shell: of `gh`, as much as our workflows call."""
        folder = os.path.join(self.folder, "tools")
        if not os.path.exists(folder):
            os.makedirs(folder)
            with open(os.path.join(folder, "gh"), "w", encoding="utf-8") as file:
                file.write(f"#!{sys.executable}\n{GH}")
            os.chmod(os.path.join(folder, "gh"), 0o755)
        return folder

    def take(self, files, step):
        lines = {name: open(path, encoding="utf-8").read().splitlines() for name, path in files.items()}
        self.paths += lines["GITHUB_PATH"]
        self.variables |= dict(line.split("=", 1) for line in lines["GITHUB_ENV"])
        if "id" in step:
            outputs = dict(line.split("=", 1) for line in lines["GITHUB_OUTPUT"])
            self.contexts["steps"][step["id"]] = {"outputs": outputs}

    def issuer(self):
        """Lays the claims of this job where the issuer finds them."""
        github, label = EVENT["github"], os.path.basename(self.folder)
        claims = {key: github[key] for key in ("repository", "ref", "sha", "run_id", "event_name")}
        claims |= {"run_attempt": github.get("run_attempt", "1")} | EVENT.get("other_job", {})
        claims |= {"sub": f"repo:{github['repository']}:environment:{self.environment}", "environment": self.environment}
        claims |= {"runner_environment": "github-hosted", "jti": "not to be kept"}
        times = {"iat": 0, "nbf": -600, "exp": 300} | EVENT.get("times", {})
        claims |= {name: int(time.time()) + seconds for name, seconds in times.items() if seconds is not None}
        known = {"request_token": f"request-{label}", "claims": claims} | EVENT.get("issuer", {})
        os.makedirs(EVENT["claims"], exist_ok=True)
        with open(os.path.join(EVENT["claims"], f"{label}.json"), "w", encoding="utf-8") as file:
            json.dump(known, file)
        url = f"{github['server_url']}/_services/id-token/{label}?api-version=2.0"
        return {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": known["request_token"]}


GH = """
import json, os, sys, urllib.request
assert sys.argv[1:4] == ["api", "--method", "POST"], sys.argv
body = {}
for flag, pair in zip(sys.argv[5::2], sys.argv[6::2]):
    name, value = pair.split("=", 1)
    body[name] = open(value[1:]).read() if flag == "-F" and value.startswith("@") else value
request = urllib.request.Request(f"{os.environ['GITHUB_API_URL']}/{sys.argv[4]}", json.dumps(body).encode(), method="POST")
request.add_header("Authorization", f"Bearer {os.environ['GH_TOKEN']}")
print(urllib.request.urlopen(request).read().decode())
"""
FILES = ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")


def read(path):
    with open(path, encoding="utf-8") as file:
        return YAML(typ="safe", pure=True).load(file)


def combinations(job, contexts):
    matrix = job.get("strategy", {}).get("matrix")
    if matrix is None:
        return [{}]
    assert set(matrix) == {"system"}
    return [{"system": value} for value in filled(matrix["system"], contexts)]


def main():
    workflow = read(EVENT["workflow"])
    assert EVENT["github"]["event_name"] in workflow["on"], "the event does not start this workflow"
    done, needs = [], {}
    for name, text in workflow["jobs"].items():
        wanted = [text["needs"]] if isinstance(text.get("needs"), str) else text.get("needs", [])
        contexts = {"github": EVENT["github"], "needs": needs, "vars": EVENT["vars"]}
        if any(needs[other]["result"] != "success" for other in wanted) or not holds(text.get("if"), contexts):
            needs[name] = {"result": "skipped", "outputs": {}}
            continue
        jobs = [Job(workflow, name, text, matrix, needs) for matrix in combinations(text, contexts)]
        with ThreadPoolExecutor(max_workers=len(jobs)) as machines:
            ended = list(machines.map(Job.run, jobs))
        done += ended
        good = all(job["outcome"] == "success" for job in ended)
        needs[name] = {"result": "success" if good else "failure", "outputs": ended[-1]["outputs"]}
    print(json.dumps(done))


main()
