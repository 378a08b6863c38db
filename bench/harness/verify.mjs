// @ts-check
// Nobody wins by being wrong: each server's answer is compared with what the workload expects before anything is measured.
import { Agent, request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const TIMEOUT_MILLISECONDS = 10_000;
const SERVED_WITHIN_MILLISECONDS = 2000;
const SHOWN_BYTES = 60;

/**
 * @typedef {object} Expected
 * @property {number} status
 * @property {string} type what Content-Type starts with
 * @property {Buffer} body
 * @property {boolean} [hasLength] whether a Content-Length must be there (it is not for streams)
 */

/**
 * Sends the request twice, over one connection where the server keeps it, and compares both answers with the expected one.
 *
 * @param {number} port on the loopback
 * @param {import("./wrk.mjs").LoadRequest} request what will be measured
 * @param {Expected} expected the right answer
 * @returns {Promise<{ problem: string | null, headBytes: number, isKeptAlive: boolean }>} the first difference, if any
 */
export async function verify(port, request, expected) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const first = await exchange(agent, port, request);
    const second = await exchange(agent, port, request).catch(() => exchange(new Agent(), port, request));
    const problem = difference(first, expected) ?? difference(second, expected);
    return { problem, headBytes: second.headBytes, isKeptAlive: second.isReused };
  } catch (error) {
    return { problem: `no answer: ${String(error)}`, headBytes: 0, isKeptAlive: false };
  } finally {
    agent.destroy();
  }
}

/**
 * Counts how many clients are served when each keeps its connection open: a server that ties a thread to a connection serves
 * as many as it has threads, very quickly, and lets the others wait, which no percentile of the answers would show.
 *
 * @param {number} port on the loopback
 * @param {import("./wrk.mjs").LoadRequest} request what each sends, once
 * @param {number} clients how many
 * @returns {Promise<number>} those that were answered in time
 */
export async function countServed(port, request, clients) {
  const agents = Array.from({ length: clients }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  let served = 0;
  const all = agents.map((agent) => exchange(agent, port, request).then(() => (served += 1)));
  for (const each of all) each.catch(() => {});
  await Promise.race([Promise.allSettled(all), sleep(SERVED_WITHIN_MILLISECONDS)]);
  for (const agent of agents) agent.destroy();
  return served;
}

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {Record<string, string | string[] | undefined>} headers
 * @property {Buffer} body
 * @property {number} headBytes about the size of the head on the wire
 * @property {boolean} isReused whether the connection was that of an earlier request
 */

/**
 * @param {Agent} agent keeps the connection
 * @param {number} port on the loopback
 * @param {import("./wrk.mjs").LoadRequest} request what to send
 * @returns {Promise<Answer>} the answer
 */
function exchange(agent, port, { method, path, headers = {}, body }) {
  const length = body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: "127.0.0.1", port, method, path, agent, headers: { ...headers, ...length } });
    request.setTimeout(TIMEOUT_MILLISECONDS, () => request.destroy(new Error("Server does not answer in 10 s")));
    request.once("error", reject);
    request.once("response", (response) => {
      /** @type {Buffer[]} */
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          headBytes:
            `HTTP/1.1 200 ${response.statusMessage}\r\n\r\n`.length + response.rawHeaders.join("xx").length + 2,
          isReused: request.reusedSocket,
        }),
      );
    });
    request.end(body);
  });
}

/** @param {Answer} answer what came @param {Expected} expected what should @returns {string | null} what differs */
function difference(answer, expected) {
  const type = String(answer.headers["content-type"]);
  const length = answer.headers["content-length"];
  if (answer.status !== expected.status)
    return `status ${answer.status}, expected ${expected.status}: ${start(answer.body)}`;
  if (!type.startsWith(expected.type)) return `Content-Type '${type}', expected '${expected.type}'`;
  if (!answer.body.equals(expected.body)) {
    return `${answer.body.length} bytes '${start(answer.body)}', expected ${expected.body.length} '${start(expected.body)}'`;
  }
  if (expected.hasLength !== false && Number(length) !== expected.body.length)
    return `Content-Length '${String(length)}'`;
  return null;
}

/** @param {Buffer} body a body @returns {string} its start, to be shown */
function start(body) {
  return body.toString("latin1", 0, SHOWN_BYTES).replaceAll(/\s+/g, " ");
}
