"""A forge for the tests: git over HTTP, a recorded REST API, and an issuer of id-tokens, on one loopback port.

Usage: forge.py ROOT USERS FOLDER

ROOT and USERS are those of git_http.py. FOLDER holds `api/` with what GitHub's REST API answers, a JSON file for each path,
and `issuer.pem`, the key that signs id-tokens. Every call is a line of `FOLDER/calls`.
"""

import base64
import json
import os
import subprocess
import sys

from git_http import USERS, Forge as Git, serve

FOLDER = sys.argv[3]
KEY = os.path.join(FOLDER, "issuer.pem")


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
