#!/usr/bin/env python3
"""Measures `site` beside other servers and prints Markdown tables: `benches/run.py [PART]...`."""

import sys

sys.dont_write_bytecode = True

import argparse
import os
import pathlib
import shutil
import subprocess

import access_log
import baking
import encrypted
import page
import serving
import starting

MANIFEST = pathlib.Path(__file__).resolve().parent.parent
TARGET = MANIFEST / "target" / "bench"
PACKAGES = {  # the Debian packages of the commands
    "wrk": "wrk",
    "brotli": "brotli",
    "taskset": "util-linux",
    "nginx": "nginx-light",
    "h2o": "h2o",
    "lighttpd": "lighttpd",
    "h2load": "nghttp2-client",
    "openssl": "openssl",
}
PARTS = {
    "serving": serving.page_and_unchanged,
    "tls": encrypted.measure,
    "log": access_log.measure,
    "starting": starting.measure,
    "baking": baking.measure,
}


class Tools:
    """The executables and folders that are measured."""

    manifest = MANIFEST
    dist = TARGET / "dist"
    static_web_server = MANIFEST / "target" / "bench-tools" / "bin" / "static-web-server"
    postgresql_docs = pathlib.Path("/usr/share/doc/postgresql-doc-15/html")

    def __init__(self):
        page.write_site(self.dist)
        build = dict(os.environ, SITE_DIST_DIR=str(self.dist), CARGO_TARGET_DIR=str(TARGET / "build"))
        cargo = ["cargo", "build", "--release", "--locked", "--quiet"]
        for target in (["--bin", "site"], ["--example", "limit"]):
            subprocess.run([*cargo, *target], check=True, cwd=MANIFEST, env=build)
        release = TARGET / "build" / "release"
        self.site, self.limit = release / "site", release / "examples" / "limit"
        scripts = (release / "build").glob("site-*/build-script-build")
        self.build_script = max(scripts, key=os.path.getmtime)
        self.rust_docs = pathlib.Path(output("rustc", "--print", "sysroot")) / "share/doc/rust/html"

    def has(self, server):
        """Tells whether a server is installed."""
        return shutil.which(server) is not None or server == "static-web-server" and self.static_web_server.exists()


def output(*command):
    """Returns what a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def arguments():
    """Returns the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)}; default: all")
    parser.add_argument("--rounds", type=int, default=9, help="pairs of rounds per server")
    parser.add_argument("--seconds", type=int, default=2, help="length of a round")
    parser.add_argument("--bakes", type=int, default=3, help="how often to bake")
    parser.add_argument("--patience", type=int, default=600, help="seconds to spend on waiting for a quiet machine")
    parser.add_argument("--server-core", type=int, default=0)
    parser.add_argument("--load-core", type=int, default=1)
    options = parser.parse_args()
    options.work = TARGET / "work"
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(unknown)}")
    return options


def say_what_is_missing():
    """Names the packages to install; the run goes on without a server that is not there."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [package for command, package in PACKAGES.items() if shutil.which(command) is None]
    if not Tools.postgresql_docs.is_dir():
        missing.append("postgresql-doc-15")
    if missing:
        print(f"missing: apt install {' '.join(missing)}", file=sys.stderr)
    if not Tools.static_web_server.exists():
        print("missing: cargo install --locked static-web-server --root target/bench-tools", file=sys.stderr)


def main():
    options = arguments()
    say_what_is_missing()
    options.work.mkdir(parents=True, exist_ok=True)
    tools = Tools()
    for part in options.parts or PARTS:
        print("\n".join(PARTS[part](options, tools)), flush=True)


if __name__ == "__main__":
    main()
