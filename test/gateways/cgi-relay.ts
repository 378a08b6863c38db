// A CGI program that lets this process answer: it passes on what a real web server gives it, environment and standard input, and what comes
// back. So each case of a list need not start a Node process, and its application can be a function of the test.
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { answerCGI, type CGIOptions } from "../../src/gateways/cgi/answer-cgi.ts";
import { requestVariables } from "../../src/gateways/cgi/cgi-variables.ts";
import { splitEnvironment } from "../../src/gateways/cgi/process-variables.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";

/** Sends `NAME=value` pairs with a NUL behind each, another NUL, and standard input. A child reads standard input, as an answer may come early. */
export function relayProgram(port: number): string {
  return `#!/usr/bin/perl
use IO::Socket::INET;
my $peer = IO::Socket::INET->new("127.0.0.1:${port}") or die "cannot connect";
sub pass { my ($to, $data) = @_; while (length $data) { my $count = syswrite($to, $data); $count or last; substr($data, 0, $count) = ""; } }
pass($peer, join("", map { "$_=$ENV{$_}\\0" } keys %ENV) . "\\0");
my $child = fork;
if (!$child) { close STDOUT; my $data; while (sysread(STDIN, $data, 65536)) { pass($peer, $data); } shutdown($peer, 1); exit 0; }
my $data;
while (sysread($peer, $data, 65536)) { pass(\\*STDOUT, $data); }
kill "KILL", $child;
waitpid $child, 0;
`;
}

/** Where relays connect. */
export class CGIRelay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(application: WSGIApplication, options: CGIOptions) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      this.#answer(socket, application, options).catch((error: unknown) => {
        options.errors?.write(`${String(error)}\n`);
        socket.destroy();
      });
    });
  }

  /** Listens. */
  static async open(application: WSGIApplication, options: CGIOptions): Promise<CGIRelay> {
    const relay = new CGIRelay(application, options);
    await new Promise<void>((resolve) => relay.#server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(socket: Socket, application: WSGIApplication, options: CGIOptions): Promise<void> {
    const environment = await readEnvironment(socket);
    // A web server that ends the program ends the relay.
    const controller = new AbortController();
    socket.once("close", () => controller.abort(new Error("The relay ended")));
    const variables = requestVariables(splitEnvironment(environment));
    await answerCGI(
      application,
      { variables, input: () => socket, output: socket, signal: controller.signal },
      options,
    );
    socket.end();
    socket.resume();
  }
}

function readEnvironment(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const read = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf("\0\0");
      if (end === -1) return;
      socket.off("readable", read);
      if (bytes.length > end + 2) socket.unshift(bytes.subarray(end + 2));
      resolve(bytes.subarray(0, end).toString("latin1"));
    };
    socket
      .on("readable", read)
      .once("error", reject)
      .once("end", () => reject(new Error("The relay ended early")));
  });
}
