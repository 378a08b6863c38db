#!/usr/bin/env node
// @ts-check
// What tsgi/framework adds to a request, in process and without a socket: CPU time of a call over that of a plain WSGI application that
// answers the same. The applications take turns, round by round, and of each the fast rounds count: what others do on the machine only adds.
// Run, after npm run build: node bench/framework-cost.mjs [rounds]
import { App } from "../dist/framework/index.js";
import { mockEnviron } from "../dist/testing/index.js";

const ROUNDS = Number(process.argv[2] ?? 201);
const CALLS = 4000;
/** Of the rounds, how many are faster than the one that counts. */
const FAST = 0.1;

/** @typedef {import("../dist/wsgi/index.js").WSGIApplication} WSGIApplication */

/** @type {WSGIApplication} */
function rawText(environ, startResponse) {
  const body = Buffer.from(`Hello ${environ.PATH_INFO.slice(7)}`);
  startResponse("200 OK", [
    ["Content-Type", "text/html; charset=utf-8"],
    ["Content-Length", String(body.length)],
  ]);
  return [body];
}

/** @type {WSGIApplication} */
function rawJson(environ, startResponse) {
  const body = Buffer.from(JSON.stringify({ id: Number(environ.PATH_INFO.slice(7)), name: "Ada" }));
  startResponse("200 OK", [
    ["Content-Type", "application/json"],
    ["Content-Length", String(body.length)],
  ]);
  return [body];
}

/** @param {number} routes how many there are @param {boolean} [hasHooks] whether hooks run around each @returns {WSGIApplication} */
function application(routes, hasHooks = false) {
  const app = new App();
  app.get("/hello/<name>", (_request, { name }) => `Hello ${name}`);
  app.get("/users/<int:id>", (_request, { id }) => ({ id, name: "Ada" }));
  for (let index = 2; index < routes; index += 5) {
    app.get(`/s${index}/`, () => "list");
    app.get(`/s${index}/new`, () => "form");
    app.get(`/s${index}/<int:id>`, () => "one");
    app.post(`/s${index}/<int:id>/edit`, () => "edited");
    app.get(`/s${index}/files/<path:name>`, () => "file");
  }
  if (hasHooks) {
    app.before(() => undefined);
    app.after(() => undefined);
    app.errorHandler(404, () => "Not here");
  }
  return app;
}

const small = application(10);
const large = application(1000);
const hooked = application(10, true);
/** @type {readonly [title: string, path: string, application: WSGIApplication, raw: WSGIApplication][]} */
const subjects = [
  ["text, 10 routes", "/hello/world", small, rawText],
  ["text, 1,000 routes", "/hello/world", large, rawText],
  ["text, 10 routes, before, after, error handler", "/hello/world", hooked, rawText],
  ["JSON, 10 routes", "/users/42", small, rawJson],
  ["JSON, 1,000 routes", "/users/42", large, rawJson],
];

const startResponse = () => () => {};

/** @param {WSGIApplication} called @param {string} path @returns {number} CPU µs of one call */
function measure(called, path) {
  const environ = mockEnviron({ url: path });
  const bytes = Buffer.from(path, "latin1");
  const { user, system } = process.cpuUsage();
  for (let count = 0; count < CALLS; count += 1) {
    // As a server does: a string that was looked up once is faster the next time.
    environ.PATH_INFO = bytes.latin1Slice(0, bytes.length);
    void called(environ, startResponse);
  }
  const after = process.cpuUsage();
  return (after.user + after.system - user - system) / CALLS;
}

/** @param {readonly number[]} values @returns {number} of a fast round */
function fast(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length * FAST)] ?? NaN;
}

/** @type {{ raw: number[], framework: number[] }[]} */
const found = subjects.map(() => ({ raw: [], framework: [] }));
for (let round = -3; round < ROUNDS; round += 1) {
  for (const [index, [, path, called, raw]] of subjects.entries()) {
    const rawTime = measure(raw, path);
    const time = measure(called, path);
    if (round < 0) continue; // V8 compiles
    found[index]?.raw.push(rawTime);
    found[index]?.framework.push(time);
  }
}
console.log(`Node ${process.versions.node}, ${ROUNDS} rounds of ${CALLS} calls: CPU µs of a call, in a fast one`);
console.log("                                                   raw  framework   over");
for (const [index, [title]] of subjects.entries()) {
  const [raw, framework] = [fast(found[index]?.raw ?? []), fast(found[index]?.framework ?? [])];
  const over = (framework - raw).toFixed(2);
  console.log(
    `${title.padEnd(46)} ${raw.toFixed(2).padStart(7)} ${framework.toFixed(2).padStart(10)} ${over.padStart(6)}`,
  );
}
