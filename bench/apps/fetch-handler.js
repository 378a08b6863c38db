// @ts-check
// The workloads as a fetch handler, for the servers that take one.
import { HELLO, TEN_KILOBYTES, megabyte } from "./payloads.js";

const BYTES = { "Content-Type": "application/octet-stream" };

/**
 * Builds the table of routes.
 *
 * @param {typeof Response} Answer the class of answers that the server's guide advises
 * @returns {Record<string, (request: Request) => Response | Promise<Response>>} handlers by path
 */
export function routesWith(Answer) {
  return {
    "/hello": () => new Answer(HELLO, { headers: { "Content-Type": "text/plain" } }),
    "/10k": () => new Answer(TEN_KILOBYTES, { headers: BYTES }),
    "/echo": async (request) => new Answer(await request.arrayBuffer(), { headers: BYTES }),
    "/stream": () => {
      const chunks = megabyte();
      const body = new ReadableStream({
        pull(controller) {
          const { value, done } = chunks.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
      });
      return new Answer(body, { headers: BYTES });
    },
  };
}
