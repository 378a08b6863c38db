// @ts-check
// Applications of the middleware suite: one for each workload, and the same without middleware.
import { HELLO, TEN_KILOBYTES } from "./payloads.js";

/**
 * Imports a middleware of the build, as `tsgi/middleware/NAME` would be.
 *
 * @param {string} name of its file
 * @returns {Promise<any>} its module
 */
const middleware = (name) => import(new URL(`../../dist/middleware/${name}.js`, import.meta.url).href);

const { compress } = await middleware("compress");
const { staticFiles } = await middleware("static");
const { sessionCookie } = await middleware("session-cookie");
const { authBasic } = await middleware("auth-basic");

/** @typedef {(environ: Record<string, any>, startResponse: (status: string, headers: [string, string][]) => unknown) => unknown} Application */

const SECRET = "a secret for benchmarks, known to everybody";

/** The name and password of the authentication row. */
export const LOGIN = { user: "ada", password: "lovelace" };

const hello = Buffer.from(HELLO);

/** @type {Application} */
export function bare(_environ, startResponse) {
  startResponse("200 OK", [
    ["Content-Type", "text/plain"],
    ["Content-Length", "13"],
  ]);
  return [hello];
}

/** @type {Application} */
const text = (_environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [TEN_KILOBYTES];
};

/** @type {Application} */
const user = (environ, startResponse) => {
  const name = environ["tsgi.session"].get("user");
  if (name === "ada") return bare(environ, startResponse);
  startResponse("403 Forbidden", [["Content-Type", "text/plain"]]);
  return [];
};

/** A filter that does nothing. @param {Application} application @returns {Application} */
const noOperation = (application) =>
  function pass(environ, startResponse) {
    return application(environ, startResponse);
  };

/** @type {Application} */
export const ten = Array.from({ length: 10 }).reduce(
  (/** @type {Application} */ application) => noOperation(application),
  bare,
);

/** @type {Application} */
export const gzip = compress({ codings: ["gzip"] })(text);

/** @type {Application} */
export const files = staticFiles({ root: process.env["BENCH_FILES"] ?? "." })(bare);

/** @type {Application} */
export const session = sessionCookie({ secrets: SECRET })(user);

/** Gives the session of that row's user. @type {Application} */
export const signIn = sessionCookie({ secrets: SECRET })((environ, startResponse) => {
  environ["tsgi.session"].set("user", "ada");
  return bare(environ, startResponse);
});

/** @type {Application} */
export const auth = authBasic({
  users: (/** @type {string} */ name, /** @type {string} */ password) =>
    name === LOGIN.user && password === LOGIN.password,
})(bare);
