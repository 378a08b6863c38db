// The head of a uwsgi request: four bytes, then names and values with lengths of 16 bits.
// Source: uwsgi-docs.readthedocs.io, "The uwsgi Protocol"; gunicorn's parser for the limits.
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

const PACKET_HEADER_BYTES = 4;
/** A size or length has 16 bits. */
const MAX_SIZE = 65_535;

/** Encodes a head. @throws RangeError when it does not fit into 16 bits */
export function encodeUwsgiHead(variables: readonly Variable[]): Buffer {
  const text = variables.map(([name, value]) => encodeText(name) + encodeText(value)).join("");
  return Buffer.from(`\0${littleEndian(text.length)}\0${text}`, "latin1");
}

function encodeText(text: string): string {
  return littleEndian(text.length) + text;
}

function littleEndian(size: number): string {
  if (size > MAX_SIZE) throw new RangeError(`A uwsgi packet holds ${MAX_SIZE} bytes at most, got ${size}`);
  return String.fromCharCode(size & 0xff, size >> 8);
}

/** Reads a head out of bytes that come in any pieces. */
export class UwsgiHeadDecoder {
  readonly #limits: VariableLimits;
  readonly #pieces = new HeadPieces();

  constructor(limits: VariableLimits = DEFAULT_VARIABLE_LIMITS) {
    this.#limits = limits;
    this.#pieces.neededBytes = PACKET_HEADER_BYTES;
  }

  /**
   * Takes the next bytes.
   *
   * @returns the head with what came behind it; null while it is not whole
   * @throws GatewayProtocolError when it is not uwsgi, is for another plugin than that of WSGI, or is too large
   */
  push(chunk: Buffer): RequestHead | null {
    const data = this.#pieces.add(chunk);
    if (data === null) return null;
    const modifier = data[0] ?? 0;
    if (modifier !== 0) {
      throw new GatewayProtocolError(
        502,
        "ERR_TSGI_UWSGI_MODIFIER",
        `Expected a uwsgi request with modifier1 0, got ${modifier}: it is meant for another plugin of uWSGI`,
      );
    }
    if (data.length < PACKET_HEADER_BYTES) return null;
    const size = data.readUInt16LE(1);
    checkVariableBytes(size, this.#limits);
    this.#pieces.neededBytes = PACKET_HEADER_BYTES + size;
    if (data.length < this.#pieces.neededBytes) return null;
    const variables = readVariables(data.subarray(PACKET_HEADER_BYTES, this.#pieces.neededBytes), this.#limits);
    return { variables, rest: data.subarray(this.#pieces.neededBytes) };
  }
}

function readVariables(data: Buffer, limits: VariableLimits): Variable[] {
  // One text for all values: a call of the decoder costs more than a short text.
  const text = data.toString("latin1");
  const variables: Variable[] = [];
  let before = beforeFirstName();
  for (let at = 0; at < data.length;) {
    const name = at + 2;
    const nameEnd = endOf(data, at);
    const value = nameEnd + 2;
    at = endOf(data, nameEnd);
    before = knownName(data, name, nameEnd, before);
    variables.push([before.name, text.slice(value, at)]);
    checkVariableCount(variables.length, limits);
  }
  return variables;
}

/** Where the name or value ends whose length stands at a place. @throws GatewayProtocolError when that is behind the packet */
function endOf(data: Buffer, at: number): number {
  const start = at + 2;
  const end = start <= data.length ? start + ((data[at] as number) | ((data[at + 1] as number) << 8)) : Number.NaN;
  if (end <= data.length) return end;
  throw new GatewayProtocolError(400, "ERR_TSGI_UWSGI", "A name or value of a uwsgi request is longer than its packet");
}
