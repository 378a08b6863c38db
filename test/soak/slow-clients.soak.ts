// Five thousand clients that read 64 KB per second, beside normal load: nobody else waits for them.
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, expect, test } from "vitest";
import { LoadClient, type LoadReport } from "../server/load-client.ts";
import { pause, ServerProject } from "../server/server-project.ts";
import { report as say, rounds } from "./scale.ts";

const BYTES_PER_SECOND = 65_536;
const PERIOD_MILLISECONDS = 250;

const server = new ServerProject({
  "large.ts": `
    const megabyte = Buffer.alloc(4 * 1024 * 1024, "x");
    export const application = (environ: { PATH_INFO: string }, startResponse: Function) => {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [environ.PATH_INFO === "/large" ? megabyte : Buffer.from("small")];
    };
  `,
});
afterEach(() => server.clean());
afterAll(() => server.remove());

test("p99 of the normal load at most doubles", async () => {
  const clients = rounds(5000);
  const command = server.run([
    "large.ts",
    "-w",
    "2",
    "-b",
    "127.0.0.1:0",
    "--worker-connections",
    "0",
    "--write-timeout",
    "120",
  ]);
  const port = await command.port();
  await measure(port, 2);
  const alone = percentile(await measure(port, 10), 0.99);
  const sockets = new SlowClients(port, clients);
  await pause(5000);
  const beside = percentile(await measure(port, 10), 0.99);
  const { bytes, open } = sockets;
  sockets.close();
  say(
    `p99 alone ${alone.toFixed(2)} ms, beside ${open} slow clients (${(bytes / 1e6).toFixed(0)} MB read) ${beside.toFixed(2)} ms`,
  );
  expect(open).toBe(clients);
  expect(beside).toBeLessThanOrEqual(Math.max(2 * alone, 1));
});

/** Normal load: ten clients that pause a little, so that the processors are not full with them alone. */
async function measure(port: number, seconds: number): Promise<LoadReport> {
  const load = new LoadClient({ to: port, connections: 10, isKeepAlive: true, pauseMilliseconds: 10 }).start();
  await pause(seconds * 1000);
  const report = await load.stop();
  expect(report.failures).toEqual([]);
  return report;
}

function percentile({ milliseconds }: LoadReport, part: number): number {
  return milliseconds[Math.floor(milliseconds.length * part)] ?? 0;
}

/** Clients that read a little at a time. */
class SlowClients {
  bytes = 0;
  readonly #sockets: Socket[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(port: number, count: number) {
    for (let index = 0; index < count; index++) this.#open(port);
    this.#timer = setInterval(() => this.#read(), PERIOD_MILLISECONDS);
  }

  get open(): number {
    return this.#sockets.filter((socket) => !socket.destroyed).length;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(port: number): void {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => {}).on("connect", () => socket.write("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"));
    socket.pause();
    this.#sockets.push(socket);
  }

  #read(): void {
    for (const socket of this.#sockets) {
      const wanted = Math.min((BYTES_PER_SECOND * PERIOD_MILLISECONDS) / 1000, socket.readableLength);
      const chunk = (wanted === 0 ? socket.read(0) : socket.read(wanted)) as Buffer | null;
      this.bytes += chunk?.length ?? 0;
    }
  }
}
