// What a client chose cannot forge a line of the error log, nor send commands to the terminal of who reads it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { decodeNative } from "../wsgi/native-string.ts";
import type { Middleware, WSGIApplication } from "../wsgi/types.ts";
import { errorDocuments } from "./error-documents.ts";
import { sendfile } from "./sendfile.ts";
import { showExceptions } from "./show-exceptions.ts";
import { tee } from "./tee.ts";

const FORGED = "[2026-11-29 10:00:00 +0000] [1] [CRITICAL] Disk on fire";
/** A line end, a whole line, ESC and the C1 control character that terminals take for ESC [. */
const EVIL = encodeURI(`/\n${FORGED}\n\u001b]0;owned\u0007\u009b2J`);

const directory = mkdtempSync(join(tmpdir(), "tsgi-log-injection-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** Throws an error that repeats the path, as routers and validators do. */
const throwing: WSGIApplication = (environ) => {
  throw new Error(`No page ${decodeNative(environ.PATH_INFO)}`);
};

const throwingText: WSGIApplication = (environ) => {
  return Promise.reject(`No page ${decodeNative(environ.PATH_INFO)}`);
};

const naming: WSGIApplication = (environ, startResponse) => {
  startResponse("200 OK", [
    ["Content-Type", "text/plain"],
    ["X-Sendfile", environ.PATH_INFO],
  ]);
  return [];
};

const none: Middleware = (application) => application;

test.each<[string, Middleware, WSGIApplication]>([
  ["showExceptions", showExceptions(), throwing],
  ["showExceptions, of a text", showExceptions(), throwingText],
  ["errorDocuments", errorDocuments({ documents: { 500: { html: "sorry" } } }), throwing],
  ["errorDocuments, of a page", errorDocuments({ documents: { 500: { path: "/x" } } }), throwing],
  ["the server itself", none, throwing],
  ["sendfile", sendfile({ roots: [directory] }), naming],
  ["tee", tee({ directory }), throwing],
])("%s writes harmless lines", async (_, middleware, application) => {
  const { errors } = await new TestClient(middleware(application), { validate: false }).get(EVIL);
  expect(errors).toContain("Disk on fire"); // it is told, but not as a line of its own
  expect(errors.split("\n")).not.toContain(FORGED);
  expect(errors).not.toMatch(/[^\P{Cc}\n]/u);
});
