// The head of an SCGI request: a netstring of names and values. Source: python.ca/scgi/protocol.txt.
// Its length has no leading zero, its parts come in pairs, and a comma follows: anything else was meant for somebody else.
import { Buffer } from "node:buffer";
import { GatewayProtocolError } from "../errors.ts";
import { beforeFirstName, knownName } from "../known-name.ts";
import { HeadPieces, type RequestHead } from "../request-head.ts";
import {
  checkVariableBytes,
  checkVariableCount,
  DEFAULT_VARIABLE_LIMITS,
  type Variable,
  type VariableLimits,
} from "../variables.ts";

const COLON = 0x3a;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
const MOST_DIGITS = 5;

/**
 * Encodes a head.
 *
 * @param variables - those that are not empty names; CONTENT_LENGTH goes first and SCGI is added, as the protocol wants it
 */
export function encodeScgiHead(variables: readonly Variable[]): Buffer {
  const length = variables.find(([name]) => name === "CONTENT_LENGTH")?.[1] ?? "0";
  const rest = variables.filter(([name]) => name !== "CONTENT_LENGTH" && name !== "SCGI");
  const all: Variable[] = [["CONTENT_LENGTH", length], ["SCGI", "1"], ...rest];
  const text = all.map(([name, value]) => `${name}\0${value}\0`).join("");
  return Buffer.from(`${text.length}:${text},`, "latin1");
}

/** Reads a head out of bytes that come in any pieces. */
export class ScgiHeadDecoder {
  readonly #limits: VariableLimits;
  /** Needs the whole head with its comma; nothing before its length is known. */
  readonly #pieces = new HeadPieces();
  #start = 0;

  constructor(limits: VariableLimits = DEFAULT_VARIABLE_LIMITS) {
    this.#limits = limits;
  }

  /**
   * Takes the next bytes.
   *
   * @returns the head with what came behind it; null while it is not whole
   * @throws GatewayProtocolError when it is not SCGI, or too large
   */
  push(chunk: Buffer): RequestHead | null {
    const data = this.#pieces.add(chunk);
    if (data === null) return null;
    if (this.#pieces.neededBytes === 0 && !this.#readLength(data)) return null;
    if (data.length < this.#pieces.neededBytes) return null;
    const end = this.#pieces.neededBytes - 1;
    if (data[end] !== COMMA) throw notScgi("The netstring of an SCGI request does not end with a comma");
    const variables = readVariables(data.subarray(this.#start, end), this.#limits);
    return { variables, rest: data.subarray(this.#pieces.neededBytes) };
  }

  /** Returns false while the length is not whole. */
  #readLength(data: Buffer): boolean {
    let at = 0;
    let length = 0;
    for (; at < data.length; at += 1) {
      const byte = data[at] as number; // the index is below the length
      if (byte === COLON && at > 0) break;
      if (byte < ZERO || byte > NINE || at === MOST_DIGITS || (at === 1 && length === 0)) {
        throw notScgi("An SCGI request does not begin with the length of a netstring");
      }
      length = length * 10 + byte - ZERO;
    }
    if (at === data.length) return false;
    checkVariableBytes(length, this.#limits);
    this.#start = at + 1;
    this.#pieces.neededBytes = this.#start + length + 1;
    return true;
  }
}

function readVariables(data: Buffer, limits: VariableLimits): Variable[] {
  // One text for all values: a call of the decoder costs more than a short text.
  const text = data.toString("latin1");
  const variables: Variable[] = [];
  let before = beforeFirstName();
  let isScgi = false;
  for (let at = 0; at < data.length;) {
    // Each name and each value has a NUL behind it, also the last.
    const nameEnd = text.indexOf("\0", at);
    const valueEnd = nameEnd === -1 ? -1 : text.indexOf("\0", nameEnd + 1);
    if (valueEnd === -1) throw notScgi("The names and values of an SCGI request do not come in pairs");
    before = knownName(data, at, nameEnd, before);
    const value = text.slice(nameEnd + 1, valueEnd);
    isScgi ||= before.name === "SCGI" && value === "1";
    variables.push([before.name, value]);
    checkVariableCount(variables.length, limits);
    at = valueEnd + 1;
  }
  const [first] = variables;
  if (first?.[0] !== "CONTENT_LENGTH" || !/^\d{1,15}$/.test(first[1])) {
    throw notScgi("The first variable of an SCGI request is not CONTENT_LENGTH with a number");
  }
  if (!isScgi) {
    throw notScgi('An SCGI request has no variable SCGI with the value "1"');
  }
  return variables;
}

function notScgi(message: string): GatewayProtocolError {
  return new GatewayProtocolError(400, "ERR_TSGI_SCGI", message);
}
