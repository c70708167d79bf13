"""A Git host over HTTP for the tests: `git http-backend` behind Basic auth, on a loopback port of its own.

Usage: git_http.py ROOT USERS

ROOT holds the bare repositories. USERS is a JSON file: {"name": {"password": "…", "write": true}}.
Says `listening PORT` on standard output once it serves.
"""

import base64
import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT, USERS = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))
BACKEND = os.path.join(subprocess.check_output(["git", "--exec-path"], text=True).strip(), "git-http-backend")


class Forge(BaseHTTPRequestHandler):
    """Answers one request: who are you, may you, and what does git say."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.body()
        name = self.user()
        if name is None:
            self.send(401, [("WWW-Authenticate", 'Basic realm="tests"')], b"who are you?\n")
        elif "git-receive-pack" in self.path and not USERS[name]["write"]:
            self.send(403, [], b"you may read, not write\n")
        else:
            self.send(*self.git(name, body))

    do_GET = do_POST = answer

    def user(self):
        """Returns the name of the user whose password came with the request."""
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            return None
        name, _, password = base64.b64decode(encoded).decode().partition(":")
        if name == "x-access-token":  # as Git hosts call the bearer of a token
            return next((user for user in USERS if USERS[user]["password"] == password), None)
        return name if name in USERS and USERS[name]["password"] == password else None

    def body(self):
        """Reads the whole request, so that the connection can be used again whatever is answered."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def git(self, name, body):
        """Runs the backend as a CGI program and returns its status, headers and body."""
        path, _, query = self.path.partition("?")
        environment = os.environ | {
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": ROOT,
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_USER": name,
            "REQUEST_METHOD": self.command,
        }
        answer = subprocess.run([BACKEND], input=body, env=environment, stdout=subprocess.PIPE, check=False).stdout
        head, _, body = answer.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(value[:3]) for key, value in headers if key == "Status"), 200)
        return status, [pair for pair in headers if pair[0] not in ("Status", "Content-Length")], body

    def send(self, status, headers, body):
        self.send_response(status)
        for key, value in [*headers, ("Content-Length", str(len(body)))]:
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)


def serve(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    print("listening", server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(Forge)
