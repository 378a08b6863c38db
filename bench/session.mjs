#!/usr/bin/env node
// @ts-check
// Records a terminal: a reload with broken code under load, and then with mended code. Runs the real commands, and draws what they print
// as SVG, line by line at the pace of the recording: node bench/session.mjs (needs wrk and curl; writes bench/results/reload.svg)
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { freePort } from "./harness/server-process.mjs";
import { escapeXML } from "./picture.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PICTURE = join(ROOT, "bench", "results", "reload.svg");
const LOAD_SECONDS = 8;
/** The port on the picture; the recording takes one that is free. */
const SHOWN_PORT = "8000";
const WIDTH = 860;
const LINE = 20;
const MARGIN = 20;
/** Longest line, in characters; what is longer ends in an ellipsis. */
const COLUMNS = 96;

/** @typedef {{ at: number, text: string, kind: "typed" | "said" | "wrong" }} Line */

const version = (/** @type {number} */ number) =>
  `export const application = (environ, start) => {\n  start("200 OK", [["Content-Type", "text/plain"]]);\n  return [Buffer.from("Version ${number}\\n")];\n};\n`;

const folder = mkdtempSync(join(tmpdir(), "tsgi-session-"));
const port = String(await freePort());
/** @type {Line[]} */
const lines = [];
const startedAt = performance.now();

mkdirSync(join(folder, "bin"));
symlinkSync(join(ROOT, "bin", "tsgi.js"), join(folder, "bin", "tsgi"));
writeFileSync(join(folder, "app.mjs"), version(1));
writeFileSync(join(folder, "mended.mjs"), version(2));
const env = {
  ...process.env,
  PATH: [join(folder, "bin"), dirname(process.execPath), process.env["PATH"]].join(delimiter),
  TSGI_BIND: `127.0.0.1:${port}`,
};

const server = background("tsgi app.mjs -w 2 --control-socket ctl.sock");
try {
  await listening();
  note(`$ tsgi app.mjs -w 2 --control-socket ctl.sock &`, "typed");
  const load = background(`wrk -t 1 -c 16 -d ${LOAD_SECONDS} http://127.0.0.1:${port}/`);
  const loaded = once(load, "exit");
  let report = "";
  load.stdout?.on("data", (text) => (report += text));
  note(`$ wrk -c 16 -d ${LOAD_SECONDS} http://127.0.0.1:${SHOWN_PORT}/ > load.txt &`, "typed");
  type(`echo "this does not compile" > app.mjs`);
  type("tsgi reload --wait -s ctl.sock");
  type(`curl http://127.0.0.1:${SHOWN_PORT}/`);
  type("mv mended.mjs app.mjs");
  type("tsgi reload --wait -s ctl.sock");
  type(`curl http://127.0.0.1:${SHOWN_PORT}/`);
  await loaded;
  note("$ wait; grep -E 'requests in|errors|Non-2xx' load.txt", "typed");
  for (const line of report.split("\n").filter((each) => /requests in|errors|Non-2xx/.test(each)))
    note(line.trim(), "said");
} finally {
  server.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
}
writeFileSync(PICTURE, picture());

/** @param {string} command */
function background(command) {
  return spawn("/bin/sh", ["-c", `exec ${command}`], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
}

/** @param {string} text @param {Line["kind"]} kind */
function note(text, kind) {
  lines.push({ at: (performance.now() - startedAt) / 1000, text, kind });
}

/** Types a command and notes what it prints. @param {string} command */
function type(command) {
  note(`$ ${command}`, "typed");
  const line = command.replaceAll(SHOWN_PORT, port).replace("curl", "curl -s");
  const { stdout, stderr } = spawnSync("/bin/sh", ["-c", line], { cwd: folder, env, encoding: "utf8" });
  for (const [text, kind] of /** @type {const} */ ([
    [stderr, "wrong"],
    [stdout, "said"],
  ]))
    for (const each of text
      .replaceAll(folder, ".")
      .split("\n")
      .filter((said) => said.trim() !== ""))
      note(each, kind);
}

/** Waits until the server listens; what it says later has a reader, too. */
function listening() {
  return new Promise((resolve, reject) => {
    let said = "";
    server.stderr?.on("data", (text) => {
      said += text;
      if (said.includes("Listening at")) resolve(undefined);
    });
    server.once("exit", () => reject(new Error(`The server ended: ${said}`)));
  });
}

function picture() {
  const height = 2 * MARGIN + lines.length * LINE;
  const rows = lines.map(({ at, text, kind }, index) => {
    const shown = text.length > COLUMNS ? `${text.slice(0, COLUMNS - 1)}…` : text;
    const y = MARGIN + (index + 0.75) * LINE;
    return `<text class="${kind}" x="${MARGIN}" y="${y}" style="animation-delay:${at.toFixed(1)}s" xml:space="preserve">${escapeXML(shown)}</text>`;
  });
  const said = lines.map(({ text }) => escapeXML(text)).join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title said">
<title id="title">A reload with broken code under load, then with mended code</title>
<desc id="said">${said}</desc>
<style>
text { font: 14px ui-monospace, Menlo, Consolas, monospace; fill: #e6edf3; animation: appear 1ms backwards; }
.typed { fill: #ffffff; font-weight: bold; }
.wrong { fill: #ffa198; }
@keyframes appear { from { opacity: 0; } }
@media (prefers-reduced-motion: reduce) { text { animation: none; } }
</style>
<rect width="${WIDTH}" height="${height}" rx="8" fill="#161b22"/>
${rows.join("\n")}
</svg>
`;
}
