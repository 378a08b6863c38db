// Logs to syslog. Source: RFC 5424 (messages), RFC 5426 (UDP), RFC 6587 (TCP).
//
// Unix datagram sockets, which /dev/log is, are not in Node's core; a syslog daemon listens on UDP as well, or on a unix stream.
// Nothing here may hold up a request: what cannot be sent is dropped and counted.
import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { connect, isIPv6, type Socket } from "node:net";
import { hostname } from "node:os";
import { LoggingError } from "./errors.ts";
import type { LineWriter } from "./line-writer.ts";

/** RFC 5424 section 6.2.1; the names are those of syslog.conf. */
export const SYSLOG_FACILITIES = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  /** The older name of auth. */
  security: 4,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;
export type SyslogFacility = keyof typeof SYSLOG_FACILITIES;

/** RFC 5424 section 6.2.1. */
export const SYSLOG_SEVERITIES = { critical: 2, error: 3, warning: 4, info: 6, debug: 7 } as const;
export type SyslogSeverity = keyof typeof SYSLOG_SEVERITIES;

/** Where a syslog daemon listens. */
export type SyslogAddress =
  | { readonly kind: "udp" | "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** How messages are addressed. */
export interface SyslogOptions {
  readonly address: SyslogAddress;
  readonly facility: SyslogFacility;
  /** APP-NAME: which program logs. */
  readonly name: string;
}

const DEFAULT_PORT = 514;
/** Longer messages are cut: many daemons do not take more in one datagram (RFC 5424 section 6.1 asks for 2048). */
const MAX_MESSAGE_BYTES = 8192;
/** Bytes that may wait for a slow daemon. */
const MAX_PENDING_BYTES = 1024 * 1024;
const RECONNECT_MILLISECONDS = 1000;

/**
 * Reads an address.
 *
 * @param text - `udp://HOST:PORT`, `tcp://HOST:PORT`, `HOST:PORT` (UDP), or `unix://PATH` of a stream socket; without a port, 514
 * @throws LoggingError `ERR_TSGI_SYSLOG` when it is none of them
 */
export function parseSyslogAddress(text: string): SyslogAddress {
  const unix = /^unix:(?:\/\/)?(.+?)(?:#(stream|dgram))?$/.exec(text);
  if (unix !== null) {
    const [, path = "", type] = unix;
    if (type === "dgram" || (type === undefined && path === "/dev/log")) {
      throw new LoggingError(
        "ERR_TSGI_SYSLOG",
        `Cannot log to "${text}": Node.js has no unix datagram sockets; let the daemon listen on UDP and use udp://localhost:514`,
      );
    }
    return { kind: "unix", path };
  }
  const match = /^(?:(udp|tcp):\/\/)?(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text);
  const port = Number(match?.[4] ?? DEFAULT_PORT);
  if (match === null || port < 1 || port > 65_535) {
    throw new LoggingError(
      "ERR_TSGI_SYSLOG",
      `Cannot log to "${text}"; expected udp://HOST:PORT, tcp://HOST:PORT or unix://PATH of a stream socket`,
    );
  }
  return { kind: match[1]?.toLowerCase() === "tcp" ? "tcp" : "udp", host: match[2] ?? match[3] ?? "", port };
}

/** A connection to a syslog daemon. */
export class Syslog {
  readonly #options: SyslogOptions;
  readonly #facility: number;
  readonly #header: string;
  #datagrams: DatagramSocket | null = null;
  #stream: Socket | null = null;
  #retryAt = 0;
  #droppedMessages = 0;

  /** Nothing is opened before the first message. */
  constructor(options: SyslogOptions) {
    this.#options = options;
    this.#facility = SYSLOG_FACILITIES[options.facility];
    this.#header = `${printable(hostname(), 255)} ${printable(options.name, 48)} ${process.pid} - - `;
  }

  /** Messages that could not be sent. */
  get droppedMessages(): number {
    return this.#droppedMessages;
  }

  /** Sends one message; line feeds in it become spaces. */
  send(severity: SyslogSeverity, text: string): void {
    const priority = this.#facility * 8 + SYSLOG_SEVERITIES[severity];
    const time = new Date().toISOString();
    const line = text.trimEnd().replaceAll(/[\r\n]+/g, " ");
    const message = Buffer.from(`<${priority}>1 ${time} ${this.#header}${line}`, "utf8").subarray(0, MAX_MESSAGE_BYTES);
    if (this.#options.address.kind === "udp") this.#sendDatagram(message, this.#options.address);
    else this.#sendToStream(message);
  }

  /** A writer that sends each line as a message. */
  lines(severity: SyslogSeverity): LineWriter {
    return {
      write: (text) => {
        for (const line of text.split("\n")) if (line !== "") this.send(severity, line);
      },
    };
  }

  close(): void {
    this.#datagrams?.close();
    this.#datagrams = null;
    this.#stream?.end();
    this.#stream = null;
  }

  #sendDatagram(message: Buffer, { host, port }: { host: string; port: number }): void {
    if (this.#datagrams === null) {
      this.#datagrams = createSocket(isIPv6(host) ? "udp6" : "udp4");
      this.#datagrams.unref();
      this.#datagrams.on("error", () => {});
    }
    this.#datagrams.send(message, port, host, (error) => {
      if (error !== null) this.#droppedMessages += 1;
    });
  }

  #sendToStream(message: Buffer): void {
    const stream = this.#stream ?? this.#connect();
    if (stream === null || stream.writableLength > MAX_PENDING_BYTES) {
      this.#droppedMessages += 1;
      return;
    }
    // RFC 6587 section 3.4.1 for TCP; daemons split what comes over a unix stream at line feeds.
    if (this.#options.address.kind === "tcp") stream.write(`${message.length} `);
    stream.write(message);
    if (this.#options.address.kind === "unix") stream.write("\n");
  }

  #connect(): Socket | null {
    const { address } = this.#options;
    if (address.kind === "udp" || performance.now() < this.#retryAt) return null;
    const stream = connect(
      address.kind === "unix" ? { path: address.path } : { host: address.host, port: address.port },
    );
    stream.unref();
    stream.on("error", () => {
      this.#retryAt = performance.now() + RECONNECT_MILLISECONDS;
    });
    stream.on("close", () => {
      if (this.#stream === stream) this.#stream = null;
    });
    // Nothing is expected from a daemon.
    stream.resume();
    this.#stream = stream;
    return stream;
  }
}

/** PRINTUSASCII without spaces, as header fields want it. */
function printable(text: string, length: number): string {
  const clean = text.replaceAll(/[^!-~]/g, "_").slice(0, length);
  return clean === "" ? "-" : clean;
}
