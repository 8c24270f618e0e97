"""Measures how long baking takes, beside the command-line tools that make the same compressed forms."""

import os
import shutil
import statistics
import subprocess
import time

import machine


def measure(options, tools):
    """Returns the table of baking times: the tools, a first bake, and a bake after one page has changed."""
    pages = options.work / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(tools.postgresql_docs, pages)
    compress, bake, again, nothing = [], [], [], []
    for _ in range(options.bakes):
        machine.wait_until_quiet(options.patience)
        compress.append(seconds(lambda: compress_with_tools(pages)))
        out = options.work / "bake" / "build" / "site" / "out"  # as deep as cargo has it: the script writes beside it
        shutil.rmtree(out, ignore_errors=True)
        machine.wait_until_quiet(options.patience)
        bake.append(seconds(lambda: run_build_script(tools, pages, out)))
        change_one(pages / "index.html")
        again.append(seconds(lambda: run_build_script(tools, pages, out)))
        nothing.append(seconds(lambda: run_build_script(tools, pages, out)))
    files = sum(len(files) for _, _, files in os.walk(pages))
    return table(files, compress, bake, again, nothing)


def seconds(action):
    """Returns how long an action takes, and the CPU seconds of the processes that it runs."""
    begin, before = time.monotonic(), os.times()
    action()
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - begin, cpu


def compress_with_tools(pages):
    """Compresses each file twice by xargs, one process per file and as many at once as there are cores."""
    for tool in ("brotli -q 11", "gzip -9"):
        command = f"find {pages} -type f -print0 | xargs -0 -P$(nproc) -n1 {tool} -c"
        subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)


def run_build_script(tools, pages, out):
    """Runs the compiled build script as cargo does."""
    out.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ, OUT_DIR=str(out), CARGO_MANIFEST_DIR=str(tools.manifest), SITE_DIST_DIR=str(pages))
    command = [tools.build_script]
    subprocess.run(command, env=environment, cwd=tools.manifest, check=True, capture_output=True)


def change_one(page):
    """Adds a comment that no earlier run has added."""
    with open(page, "a", encoding="utf-8") as file:
        file.write(f"<!-- {time.time_ns()} -->\n")


def table(files, compress, bake, again, nothing):
    """Returns the Markdown lines."""
    rows = [
        ("`brotli -q 11`, then `gzip -9`, by xargs", compress),
        ("site, first bake", bake),
        ("site, after one page has changed", again),
        ("site, nothing changed", nothing),
    ]
    lines = [f"### Baking {files:,} files", "", "| | seconds | relative | CPU seconds | relative |", "|---|--:|--:|--:|--:|"]
    for name, times in rows:
        wall, cpu = (statistics.median(column) for column in zip(*times))
        ratios = [statistics.median(a[n] / b[n] for a, b in zip(times, compress)) for n in (0, 1)]
        lines.append(f"| {name} | {wall:.2f} | **{ratios[0]:.2f}** | {cpu:.2f} | {ratios[1]:.2f} |")
    return [*lines, ""]
