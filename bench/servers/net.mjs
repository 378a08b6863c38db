// @ts-check
// Bare net sockets with a constant answer and no parsing: the floor of what any server on Node's sockets costs.
// It answers only /hello, and only requests that arrive in one block.
import { createServer } from "node:net";

import { HELLO } from "../apps/payloads.js";

const ANSWER = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${HELLO.length}\r\n\r\n${HELLO}`;

createServer((socket) => {
  socket.on("data", () => socket.write(ANSWER, "latin1"));
  socket.on("error", () => socket.destroy());
}).listen(Number(process.env.PORT), "127.0.0.1", 2048);
