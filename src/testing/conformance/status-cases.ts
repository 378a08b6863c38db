// Statuses, and responses that have no content. Source: RFC 9110 sections 6.4.1, 9.3.2, 15; PEP 3333 "The start_response() Callable".

import { deepEqual, equal } from "node:assert/strict";
import { answering, bytes, type ConformanceCase, PLAIN } from "./conformance-case.ts";

export const statusCases: readonly ConformanceCase[] = [
  {
    name: "A 200 with a body arrives",
    app: answering("200 OK", [PLAIN], () => [bytes("hello")]),
    async exercise(client) {
      const response = await client.get("/");
      deepEqual([response.status, response.text(), response.isComplete], [200, "hello", true]);
      equal(response.headers.get("Content-Type"), PLAIN[1]);
    },
  },
  {
    name: "Every class of status arrives",
    app: (environ, startResponse) => {
      startResponse(`${environ.QUERY_STRING} Some Reason`, [PLAIN]);
      return [bytes(environ.QUERY_STRING)];
    },
    async exercise(client) {
      for (const status of [200, 201, 202, 299, 301, 400, 404, 418, 451, 500, 503, 599]) {
        const response = await client.get(`/?${status}`);
        deepEqual([response.status, response.text()], [status, String(status)]);
      }
    },
  },
  {
    name: "The reason of the status arrives",
    needs: ["reason-phrase"],
    app: answering("299 Quite Fine, Thanks", [PLAIN], () => [bytes("x")]),
    async exercise(client) {
      equal((await client.get("/")).reason, "Quite Fine, Thanks");
    },
  },
  ...["204 No Content", "304 Not Modified"].map((status): ConformanceCase => ({
    name: `A ${status} has no body and leaves the connection usable`,
    app: answering(status, [["ETag", '"1"']]),
    async exercise(client) {
      for (let round = 0; round < 2; round += 1) {
        const response = await client.get("/");
        equal(response.status, Number(status.slice(0, 3)));
        deepEqual([response.headers.get("ETag"), response.bytes().length, response.isComplete], ['"1"', 0, true]);
        equal(response.headers.has("Transfer-Encoding"), false);
      }
    },
  })),
  {
    name: "A body that a 204 returns is not sent",
    breaksContract: true,
    app: answering("204 No Content", [], () => [bytes("not to be seen")]),
    async exercise(client) {
      for (let round = 0; round < 2; round += 1) {
        const response = await client.get("/");
        deepEqual([response.status, response.bytes().length], [204, 0]);
      }
    },
  },
  {
    name: "HEAD gets the headers of GET and no body",
    app: (environ, startResponse) => {
      startResponse("200 OK", [PLAIN, ["Content-Length", "5"], ["X-Method", environ.REQUEST_METHOD]]);
      return environ.REQUEST_METHOD === "HEAD" ? [] : [bytes("hello")];
    },
    async exercise(client) {
      const head = await client.head("/");
      deepEqual([head.status, head.bytes().length, head.isComplete], [200, 0, true]);
      deepEqual([head.headers.get("X-Method"), head.headers.get("Content-Length")], ["HEAD", "5"]);
      equal((await client.get("/")).text(), "hello");
    },
  },
  ...[1, 3].map((count): ConformanceCase => ({
    name: `A body of ${count} chunk(s) that the application returns for HEAD is not sent`,
    breaksContract: true,
    app: answering("200 OK", [PLAIN], () => new Set(Array.from({ length: count }, () => bytes("hidden")))),
    async exercise(client) {
      for (let round = 0; round < 2; round += 1) {
        const response = await client.head("/");
        deepEqual([response.status, response.bytes().length, response.isComplete], [200, 0, true]);
      }
    },
  })),
];
