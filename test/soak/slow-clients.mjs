// Clients that read a little at a time, in a process of their own: node slow-clients.mjs PORT COUNT. Ends when its input does, with a line of
// totals.
import { connect } from "node:net";
import { constants, setPriority } from "node:os";

const BYTES_PER_SECOND = 65_536;
const READS_PER_SECOND = 4;
const TICK_MILLISECONDS = 2;

// They give way to the server and to the load that is measured: what they take of the machine is not the server's fault.
setPriority(constants.priority.PRIORITY_LOW);

const [port, count] = process.argv.slice(2).map(Number);
const sockets = Array.from({ length: count ?? 0 }, () => {
  const socket = connect({ port: port ?? 0, host: "127.0.0.1" });
  socket.on("error", () => {}).on("connect", () => socket.write("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"));
  return socket.pause();
});

// Each reads four times in a second, and no two at the same moment: they know nothing of each other.
const readsPerMillisecond = (sockets.length * READS_PER_SECOND) / 1000;
const start = performance.now();
let reads = 0;
let bytes = 0;
setInterval(() => {
  for (const due = (performance.now() - start) * readsPerMillisecond; reads < due; reads += 1) {
    const socket = sockets[reads % sockets.length];
    const wanted = Math.min(BYTES_PER_SECOND / READS_PER_SECOND, socket?.readableLength ?? 0);
    bytes += socket?.read(wanted)?.length ?? 0;
  }
}, TICK_MILLISECONDS);

process.stdin.resume().on("end", () => {
  const open = sockets.filter((socket) => !socket.destroyed).length;
  process.stdout.write(JSON.stringify({ open, bytes }), () => process.exit(0));
});
