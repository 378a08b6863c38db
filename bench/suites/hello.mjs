// @ts-check
// The hello that most suites measure: plain, and with what a browser sends.
import { HELLO } from "../apps/payloads.js";
import { BROWSER_HEADERS } from "./browser-headers.mjs";

const PATH = "/hello";

/** The right answer. */
export const HELLO_ANSWER = { status: 200, type: "text/plain", body: Buffer.from(HELLO) };

/** What a browser sends. */
export const BROWSER_REQUEST = { method: "GET", path: PATH, headers: BROWSER_HEADERS };

/** Both workloads. @type {import("../harness/suite.mjs").Workload[]} */
export const HELLO_WORKLOADS = [
  { id: "hello", title: "Hello", request: { method: "GET", path: PATH }, expected: HELLO_ANSWER },
  { id: "browser", title: "Hello, a browser's headers", request: BROWSER_REQUEST, expected: HELLO_ANSWER },
];
