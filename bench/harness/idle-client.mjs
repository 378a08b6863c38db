// @ts-check
// A child process of idle.mjs: opens connections, has one request answered on each, and keeps them open until told to end.
// Arguments: port, number of connections, local address.
import { connect } from "node:net";

const AT_ONCE = 64;
const REQUEST = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
const ANSWER_ENDS = "Hello, World!";

const [port, total, localAddress] = process.argv.slice(2);
let opened = 0;
let alive = 0;

await Promise.all(Array.from({ length: AT_ONCE }, openInTurn));
process.send?.({ alive });
process.on("message", () => process.send?.({ alive }));
process.on("disconnect", () => process.exit());

/** Opens one connection after another until all are open. */
async function openInTurn() {
  while (opened < Number(total)) {
    opened += 1;
    await openOne();
  }
}

/** @returns {Promise<void>} resolves when the request is answered */
function openOne() {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({ port: Number(port), host: "127.0.0.1", localAddress }, () => socket.write(REQUEST));
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
      if (!answer.endsWith(ANSWER_ENDS)) return;
      alive += 1;
      resolve();
    });
    socket.on("error", reject);
    socket.on("close", () => {
      if (answer.endsWith(ANSWER_ENDS)) alive -= 1;
      else reject(new Error(`Server closed a connection after '${answer}'`));
    });
  });
}
