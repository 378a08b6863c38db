// The readers of all protocols between servers, for fuzzers: what each makes of some bytes, as a text that can be compared.
import { noVariables } from "../gateways/no-variables.ts";
import { readFrontRequest } from "../../src/gateways/front/front-request.ts";
import { FastCGIAnswerDecoder } from "../../src/guests/fastcgi/fastcgi-answer-decoder.ts";
import { CgiAnswerDecoder } from "../../src/guests/upstream/cgi-answer-decoder.ts";
import type { UpstreamAnswerDecoder, UpstreamAnswerListener } from "../../src/guests/upstream/upstream-protocol.ts";
import { AnswerError } from "../../src/http/answer-error.ts";
import { AnswerDecoder } from "../../src/http/answer-decoder.ts";
import { GatewayProtocolError } from "../../src/protocols/errors.ts";
import { encodePair, PairCollector } from "../../src/protocols/fastcgi/pairs.ts";
import { encodeRecord, encodeRequest, RecordType } from "../../src/protocols/fastcgi/record.ts";
import { RecordDecoder } from "../../src/protocols/fastcgi/record-decoder.ts";
import type { RequestHead, RequestHeadDecoder } from "../../src/protocols/request-head.ts";
import { encodeScgiHead, ScgiHeadDecoder } from "../../src/protocols/scgi/scgi-head.ts";
import { encodeUwsgiHead, UwsgiHeadDecoder } from "../../src/protocols/uwsgi/uwsgi-head.ts";
import type { Variable } from "../../src/protocols/variables.ts";

/** A reader, and what it is given. */
export interface FuzzedReader {
  /** Messages that are right. */
  readonly seeds: readonly string[];
  readonly words: readonly string[];
  /** What is made of bytes. @throws what nobody expects */
  read(pieces: readonly Buffer[]): string;
}

const VARIABLES: readonly Variable[] = [
  ["CONTENT_LENGTH", "3"],
  ["REQUEST_METHOD", "POST"],
  ["PATH_INFO", "/a b"],
  ["SCRIPT_NAME", "/app"],
  ["REQUEST_URI", "/app/a%20b?c=d"],
  ["HTTP_HOST", "shop.example:81"],
  ["HTTP_X_FORWARDED_FOR", "10.0.0.1"],
  ["HTTP_COOKIE", "a=1"],
  ["HTTPS", "on"],
];
const NAMES = ["CONTENT_LENGTH", "HTTP_HOST", "HTTP_TRANSFER_ENCODING", "PATH_INFO", "wsgi.input", "__proto__"];
const SEVERAL_LENGTHS = ["\0", "\0\0", "\xff\xff", "\x80\0\0\0", "\xff\xff\xff\xff", "\x7f", "\x80"];

/** What a reader may throw; anything else comes out. */
function codeOf(error: unknown): string {
  if (error instanceof GatewayProtocolError || error instanceof AnswerError) return error.code;
  throw error;
}

/** What a gateway sees of variables. */
function understood(variables: readonly Variable[]): string {
  try {
    return JSON.stringify(readFrontRequest(variables, { mount: null, trustRemoteUser: false }, noVariables()));
  } catch (error) {
    return codeOf(error);
  }
}

function headReader(make: () => RequestHeadDecoder, head: Buffer): FuzzedReader {
  return {
    seeds: [`${head.toString("latin1")}abc`, head.toString("latin1")],
    words: [...NAMES, ...SEVERAL_LENGTHS, "99999:", "0:", ",", ":"],
    read(pieces) {
      const decoder = make();
      let whole: RequestHead | null = null;
      let rest = "";
      try {
        for (const piece of pieces) {
          if (whole !== null) rest += piece.toString("latin1");
          else whole = decoder.push(piece);
        }
      } catch (error) {
        return codeOf(error);
      }
      return whole === null ? "incomplete" : understood(whole.variables) + whole.rest.toString("latin1") + rest;
    },
  };
}

/** Records of a request, as the gateway takes them. */
function readRequests(pieces: readonly Buffer[]): string {
  const collector = new PairCollector();
  const seen: string[] = [];
  let streamed = "";
  const decoder = new RecordDecoder(({ type, id, content }) => {
    if (type === RecordType.params && content.length > 0) collector.push(Buffer.from(content));
    else if (type === RecordType.params) seen.push(understood(collector.end()));
    if (type === RecordType.stdin || type === RecordType.stdout) streamed += content.toString("latin1");
    else if (content.length === 0 || !isStream(type)) seen.push(`${type} ${id} ${content.toString("latin1")}`);
  });
  try {
    for (const piece of pieces) decoder.push(piece);
  } catch (error) {
    seen.push(codeOf(error));
  }
  return `${seen.join("\n")}\n${streamed}`;
}

function isStream(type: number): boolean {
  return type === RecordType.params || type === RecordType.stderr || type === RecordType.data;
}

/** What is told of an answer; the parts of its body as one, and nothing of whether the connection can be used again. */
class Told implements UpstreamAnswerListener {
  readonly said: string[] = [];
  body = "";
  isComplete = false;
  #length = -1;
  #status = 0;

  interim(statusCode: number, fields: [name: string, value: string][]): void {
    this.said.push(`${statusCode} ${JSON.stringify(fields)}`);
  }

  head(statusCode: number, reason: string, fields: [name: string, value: string][]): void {
    if (this.#status !== 0) throw new Error("There are two heads");
    this.#status = statusCode;
    for (const [name, value] of fields) {
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[\0\r\n]/.test(value)) throw new Error(`${name} gets through`);
      if (name.toLowerCase() === "transfer-encoding") throw new Error("The framing gets through");
      if (name.toLowerCase() !== "content-length") continue;
      if (this.#length !== -1) throw new Error("Two lengths get through");
      this.#length = Number(value);
    }
    if (/[\0\r\n]/.test(reason)) throw new Error("A reason with a line break gets through");
    // Some servers answer 999, and the contract lets them.
    if (statusCode !== 101 && (statusCode < 200 || statusCode > 999)) throw new Error(`${statusCode} gets through`);
    this.said.push(`${statusCode} ${reason} ${JSON.stringify(fields)}`);
  }

  data(chunk: Buffer): void {
    if (this.isComplete || this.#status === 0) throw new Error("There is a body where none can be");
    this.body += chunk.toString("latin1");
    if (this.#length !== -1 && this.body.length > this.#length) throw new Error("There is more than was announced");
  }

  complete(): void {
    if (this.isComplete) throw new Error("There are two ends");
    this.isComplete = true;
    const isWhole = this.#length === -1 || this.body.length === this.#length || this.body === "";
    if (!isWhole) throw new Error("There is less than was announced");
  }

  note(): void {}
}

function answerReader(
  make: (told: Told) => UpstreamAnswerDecoder,
  seeds: readonly string[],
  words: readonly string[],
): FuzzedReader {
  return {
    seeds,
    words,
    read(pieces) {
      const told = new Told();
      const decoder = make(told);
      try {
        for (const piece of pieces) if (!told.isComplete) decoder.push(piece);
        if (!told.isComplete) decoder.end();
      } catch (error) {
        told.said.push(codeOf(error));
      }
      return `${told.said.join("\n")}\n${told.body}\n${told.isComplete ? "complete" : ""}`;
    },
  };
}

const HEAD = "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n";
const CGI_WORDS = ["Status: 404\n", "Content-Length: 3\n", "Location: /x\n", "Transfer-Encoding: chunked\r\n", "\n\n"];
const record = (type: number, content: string): string => encodeRecord(type, 1, content).toString("latin1");
const END = record(RecordType.endRequest, "\0\0\0\0\0\0\0\0");

/** All readers by name. */
export const READERS: Readonly<Record<string, FuzzedReader>> = {
  "requests of SCGI": headReader(() => new ScgiHeadDecoder(), encodeScgiHead(VARIABLES)),
  "requests of uwsgi": headReader(() => new UwsgiHeadDecoder(), encodeUwsgiHead(VARIABLES)),
  "requests of FastCGI": {
    seeds: [
      encodeRequest(1, Buffer.from(VARIABLES.map(encodePair).join(""), "latin1"), Buffer.from("abc"), 1).toString(
        "latin1",
      ),
      encodeRecord(RecordType.getValues, 0, encodePair(["FCGI_MPXS_CONNS", ""])).toString("latin1"),
      encodeRecord(RecordType.abortRequest, 1).toString("latin1"),
    ],
    words: [...NAMES.map((name) => encodePair([name, "x"])), ...SEVERAL_LENGTHS, "\x01\x04\0\x01\0\0\0\0"],
    read: readRequests,
  },
  "answers of FastCGI": answerReader(
    (told) => new FastCGIAnswerDecoder("GET", true, told),
    [
      record(RecordType.stdout, `${HEAD}hello`) + END,
      record(RecordType.stderr, "PHP message: x\n") +
        record(RecordType.stdout, HEAD) +
        record(RecordType.stdout, "hello") +
        END,
      record(RecordType.stdout, "Content-Type: a\r\n\r\nbody") + record(RecordType.stdout, "") + END,
    ],
    [...CGI_WORDS, ...SEVERAL_LENGTHS, END, record(RecordType.stderr, "y"), record(RecordType.stdout, "z")],
  ),
  "answers of CGI": answerReader(
    (told) => new CgiAnswerDecoder("GET", told),
    [`${HEAD}hello`, "HTTP/1.1 200 OK\r\nX: y\r\n\r\nbody", "Location: http://a/\n\n", "Content-Type: a\nX: y\n\nbody"],
    CGI_WORDS,
  ),
  "answers of HTTP": answerReader(
    (told) => new AnswerDecoder("GET", told),
    [
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: u\r\n\r\n",
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.0 404 Not Found\r\nConnection: close\r\n\r\nbody",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nKeep-Alive: timeout=5\r\n\r\n",
    ],
    [
      "\r\n",
      "\r\n\r\n",
      "Content-Length: 3\r\n",
      "Transfer-Encoding: chunked\r\n",
      "0\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\n",
    ],
  ),
};
