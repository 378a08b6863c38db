// Clients that read a little at a time, in a process of their own: node slow-clients.mjs PORT COUNT. Ends when its input does, with a line of
// totals.
import { connect } from "node:net";

const BYTES_PER_SECOND = 65_536;
const PERIOD_MILLISECONDS = 250;

const [port, count] = process.argv.slice(2).map(Number);
const sockets = Array.from({ length: count ?? 0 }, () => {
  const socket = connect({ port: port ?? 0, host: "127.0.0.1" });
  socket.on("error", () => {}).on("connect", () => socket.write("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"));
  return socket.pause();
});

let bytes = 0;
setInterval(() => {
  for (const socket of sockets) {
    const wanted = Math.min((BYTES_PER_SECOND * PERIOD_MILLISECONDS) / 1000, socket.readableLength);
    bytes += socket.read(wanted)?.length ?? 0;
  }
}, PERIOD_MILLISECONDS);

process.stdin.resume().on("end", () => {
  const open = sockets.filter((socket) => !socket.destroyed).length;
  process.stdout.write(JSON.stringify({ open, bytes }), () => process.exit(0));
});
