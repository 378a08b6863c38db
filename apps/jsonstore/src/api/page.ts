// The page for browsers, which page/build.mjs makes. The page itself is at the address of every node, for clients that prefer HTML; its
// other files are named by the query (`?asset=…`), so that no path is lost to the document.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import type { WSGIBody } from "tsgi/wsgi";
import { Problem } from "../problem.ts";
import { mountUrl } from "./address.ts";
import { sendNothing } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { statusLine } from "tsgi/middleware/writing";
import type { Page, PageFile } from "./settings.ts";

/** The file that is the page. */
export const INDEX = "index.html";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

/** Everything comes from the store itself, nothing is inline, and no text becomes markup. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** Stands in the page for the path of the store. */
const MOUNT = "{{mount}}";

/** Reads the files of the page; there are none where the folder is not. */
export function readPage(folder: string): Page {
  const files = new Map<string, PageFile>();
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return { files };
  for (const name of readdirSync(folder)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const bytes = readFileSync(join(folder, name));
    files.set(name, { type, bytes, tag: createHash("sha256").update(bytes).digest("base64url").slice(0, 16) });
  }
  return { files };
}

/** Whether a client prefers HTML to JSON, as browsers do. */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const html = accept.indexOf("text/html");
  const json = accept.indexOf("application/json");
  return html >= 0 && (json < 0 || html < json);
}

/** Sends a file of the page. @throws Problem when there is none of this name */
export function sendPageFile(
  exchange: Pick<Exchange, "environ" | "startResponse">,
  { files }: Page,
  name: string,
): WSGIBody {
  const file = files.get(name);
  if (file === undefined) throw new Problem("no-such-path", { detail: `The page has no file "${name}"` });
  const { SCRIPT_NAME } = exchange.environ;
  const bytes =
    name === INDEX ? Buffer.from(file.bytes.toString().replaceAll(MOUNT, mountUrl(SCRIPT_NAME))) : file.bytes;
  const tag = `"${file.tag}"`;
  const headers: [string, string][] = [
    ["ETag", tag],
    ["Cache-Control", "no-cache"],
    ["Vary", "Accept"],
  ];
  if (exchange.environ.HTTP_IF_NONE_MATCH?.includes(tag) === true) return sendNothing(exchange, 304, headers);
  headers.push(
    ["Content-Type", file.type],
    ["Content-Length", String(bytes.length)],
    ["Content-Security-Policy", POLICY],
    ["X-Content-Type-Options", "nosniff"],
    ["Referrer-Policy", "no-referrer"],
  );
  exchange.startResponse(statusLine(200), headers);
  return exchange.environ.REQUEST_METHOD === "HEAD" ? [] : [bytes];
}
