// Serves two sites and visits every page of them: scripts and styles take effect, and no policy is violated.
"use strict";
const { spawn } = require("node:child_process");
const { mkdtempSync, mkdirSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { chromium } = require("playwright-core");

const [site, executablePath] = process.argv.slice(2);

/** Starts a server and resolves to its address. */
function serve(args) {
  const child = spawn(site, ["serve", "--listen-on", "127.0.0.1:0", "--access-log", "off", ...args]);
  return new Promise((resolve, reject) => {
    let log = "";
    child.stderr.on("data", (data) => {
      log += data;
      const address = / on (http:\/\/\S+)/.exec(log);
      if (address) resolve({ address: address[1], stop: () => child.kill("SIGTERM") });
    });
    child.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${log}`)));
  });
}

/** Visits a path; returns the page and everything that went wrong on it. */
async function visit(browser, url, status) {
  const page = await (await browser.newContext()).newPage();
  const problems = [];
  await page.addInitScript(() => {
    window.violations = [];
    const note = (event) => window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
    document.addEventListener("securitypolicyviolation", note);
  });
  page.on("console", (message) => {
    // A page with status 404 is itself reported as a failed resource; files that are no pages name no icon.
    const icon = message.location().url.endsWith("/favicon.ico");
    const expected = icon || (status !== 200 && message.text().includes(`status of ${status}`));
    if (message.type() === "error" && !expected) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  const response = await page.goto(url, { waitUntil: "load" });
  if (response.status() !== status) problems.push(`status ${response.status()} instead of ${status}`);
  if (!response.headers()["content-security-policy"]) problems.push("no policy");
  problems.push(...(await page.evaluate(() => window.violations)));
  return { page, problems };
}

/** A site whose policy allows nothing but what its pages contain. */
function inlineSite() {
  const folder = mkdtempSync(join(tmpdir(), "site-browser-"));
  const write = (path, text) => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const policy = "default-src 'none'; script-src 'self' {hashes}; style-src 'self' {hashes}; img-src data:; base-uri 'none'";
  write("_headers", `/*\n  Content-Security-Policy: ${policy}\n`);
  write("_redirects", "/start /index.html 200\n/app/* /index.html 200\n");
  write("own.js", "window.ran.push('own');");
  const page = `<!doctype html>\r\n<html lang="en"><meta charset="utf-8"><title>inline</title>\r
<link rel="icon" href="data:,">\r
<style>\r\n  p { color: rgb(1, 2, 3); } /* é &amp; < */\r\n</style>\r
<script>\r\nwindow.ran = ['inline'];\r\n// é &amp; <!-- <b> \r\n</script>\r
<script src="/own.js"></script>\r
<script type="importmap">{ "imports": { "own": "/own.js" } }</script>\r
<script type="module">window.ran.push("module");</script>\r
<script type="application/json">{"data": "is no script"}</script>\r
<svg><style>circle { fill: rgb(4, 5, 6); }</style><script>window.ran.push("svg");</script><circle r="1"/></svg>\r
<p style="margin-left: 7px" onclick="window.ran.push(&quot;click&quot;)">text</p>\r\n`;
  write("index.html", page);
  write("404.html", page);
  write("docs/index.html", page);
  return folder;
}

/** Checks that everything inline took effect and that nothing else does. */
async function checkInline(page) {
  const problems = [];
  await page.click("p");
  const found = await page.evaluate(() => ({
    ran: window.ran.join(),
    color: getComputedStyle(document.querySelector("p")).color,
    margin: getComputedStyle(document.querySelector("p")).marginLeft,
    fill: getComputedStyle(document.querySelector("circle")).fill,
  }));
  const expected = {
    ran: "inline,own,svg,module,click",
    color: "rgb(1, 2, 3)",
    margin: "7px",
    fill: "rgb(4, 5, 6)",
  };
  for (const [name, value] of Object.entries(expected)) {
    if (found[name] !== value) problems.push(`${name}: ${found[name]} instead of ${value}`);
  }
  const injected = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.ran.push('injected')";
    document.body.append(script);
    return window.ran.includes("injected");
  });
  if (injected) problems.push("an injected script ran");
  return problems;
}

async function main() {
  const folder = inlineSite();
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const servers = [];
  let failed = 0;
  const report = (url, problems) => {
    console.log(`${problems.length ? "FAILED" : "ok"}  ${url}`);
    problems.forEach((problem) => console.log(`    ${problem}`));
    failed += problems.length;
  };
  try {
    const own = await serve([]);
    servers.push(own);
    const seen = new Set();
    const open = [["/", 200], ["/no/such/page", 404]];
    while (open.length) {
      const [path, status] = open.shift();
      if (seen.has(path)) continue;
      seen.add(path);
      const { page, problems } = await visit(browser, own.address + path, status);
      const links = await page.$$eval("a[href], img[src]", (all) => all.map((one) => one.href || one.src));
      const paths = links.map((link) => new URL(link)).filter((url) => url.origin === own.address);
      paths.forEach((url) => open.push([url.pathname, 200]));
      report(path, problems);
      await page.context().close();
    }
    const inline = await serve(["--dist-dir", folder]);
    servers.push(inline);
    for (const [path, status] of [["/", 200], ["/docs/", 200], ["/start", 200], ["/app/x", 200], ["/missing", 404]]) {
      const { page, problems } = await visit(browser, inline.address + path, status);
      report(`inline ${path}`, [...problems, ...(await checkInline(page))]);
      await page.context().close();
    }
  } finally {
    servers.forEach((server) => server.stop());
    await browser.close();
    rmSync(folder, { recursive: true });
  }
  if (failed) process.exitCode = 1;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
