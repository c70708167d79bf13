"""A Git host for the tests: git over HTTP, a recorded REST API, and an issuer of id-tokens, on one loopback port.

Usage: forge.py ROOT USERS FOLDER

ROOT and USERS are those of git_http.py. FOLDER holds `api/` with what GitHub's REST API answers, a JSON file for each path,
and `issuer.pem`, the key that signs id-tokens. Every call is a line of `FOLDER/calls`. Pull requests and issues that are opened
here are kept in `FOLDER/opened.json`; who may open which is the `opens` of a user.
"""

import base64
import json
import os
import subprocess
import sys
import threading
from urllib.parse import parse_qs

from git_http import USERS, Forge as Git, serve

FOLDER = sys.argv[3]
KEY = os.path.join(FOLDER, "issuer.pem")
OPENED, LOCK = os.path.join(FOLDER, "opened.json"), threading.Lock()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, stdout=subprocess.PIPE, check=True).stdout


class Forge(Git):
    """Answers git as the base class does, and what lies below `/api` and `/_services` itself."""

    def answer(self):
        path, _, query = self.path.partition("?")
        if path.startswith("/api/"):
            self.note()
            kind = path.rsplit("/", 1)[1]
            asked = parse_qs(query)
            if kind == "sarifs" and self.command == "POST":
                with open(os.path.join(FOLDER, "sarifs.json"), "wb") as file:
                    file.write(self.body())
                self.send_json(202, {"id": "47177e22"})
            elif kind in ("issues", "pulls") and (self.command == "POST" or "state" in asked):
                self.send_json(*self.desk(kind, asked))
            else:
                self.send_json(*self.recorded(path, query))
        elif path == "/_services/token/.well-known/jwks":
            self.send_json(200, {"keys": [self.public_key()]})
        elif path.startswith("/_services/id-token/"):
            self.send_json(*self.id_token(path, query))
        else:
            super().answer()

    do_GET = do_POST = answer

    def note(self):
        with open(os.path.join(FOLDER, "calls"), "a", encoding="utf-8") as calls:
            calls.write(f"{self.command} {self.path}\n")

    def recorded(self, path, query):
        """What was recorded for a path; a second page is empty."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or all(user["password"] != token for user in USERS.values()):
            return 401, {"message": "Bad credentials", "status": "401"}
        file = os.path.join(FOLDER, *path.strip("/").split("/")) + ".json"
        if not os.path.exists(file):
            return 404, {"message": "Not Found", "status": "404"}
        with open(file, encoding="utf-8") as recording:
            body = json.load(recording)
        return (body["status"], body["body"]) if isinstance(body, dict) and "body" in body else (200, body)

    def desk(self, kind, asked):
        """Opens a pull request or an issue, or lists those that were opened here."""
        body, (_, _, token) = self.body(), self.headers.get("Authorization", "").partition(" ")
        user = next((user for user in USERS.values() if user["password"] == token), None)
        if user is None:
            return 401, {"message": "Bad credentials", "status": "401"}
        with LOCK:
            opened = []
            if os.path.exists(OPENED):
                with open(OPENED, encoding="utf-8") as file:
                    opened = json.load(file)
            if self.command == "GET":
                mine = [one for one in opened if one["kind"] == kind]
                if "head" in asked:
                    mine = [one for one in mine if f"acme:{one['head']}" == asked["head"][0]]
                if "labels" in asked:
                    mine = [one for one in mine if asked["labels"][0] in one["labels"]]
                return 200, mine if asked.get("page", ["1"]) == ["1"] else []
            if kind not in user.get("opens", []):
                return 403, {"message": "Resource not accessible by integration", "status": "403"}
            one = json.loads(body) | {"kind": kind, "number": 100 + len(opened)}
            with open(OPENED, "w", encoding="utf-8") as file:
                json.dump([*opened, one], file)
            return 201, one

    def public_key(self):
        modulus = openssl("rsa", "-in", KEY, "-noout", "-modulus").decode().strip().partition("=")[2]
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "forge", "e": "AQAB"}
        return key | {"n": base64url(bytes.fromhex(modulus))}

    def id_token(self, path, query):
        """Signs the claims that lie in `FOLDER/claims/<job>.json`, for whom asks with that job's own token."""
        job = path.rsplit("/", 1)[1]
        with open(os.path.join(FOLDER, "claims", f"{job}.json"), encoding="utf-8") as file:
            known = json.load(file)
        if self.headers.get("Authorization") != f"Bearer {known['request_token']}":
            return 401, {"message": "who are you?"}
        issuer = f"http://127.0.0.1:{self.server.server_port}/_services/token"
        claims = {"iss": issuer, "aud": query.partition("audience=")[2]} | known["claims"]
        head = base64url(json.dumps({"alg": "RS256", "typ": "JWT", "kid": "forge"}).encode())
        text = f"{head}.{base64url(json.dumps(claims).encode())}"
        signed = known.get("forged") or base64url(openssl("dgst", "-sha256", "-sign", KEY, data=text.encode()))
        return 200, {"value": f"{text}.{signed}"}

    def send_json(self, status, value):
        self.send(status, [("Content-Type", "application/json; charset=utf-8")], json.dumps(value).encode())


serve(Forge)
