// Name-value pairs of FastCGI. Source: FastCGI 1.0, section 3.4. A length is one byte below 128, otherwise four with the top bit set.
// Every length is compared with what is there before anything is added to it (CVE-2025-23016: a sum of two wrapped).
import { Buffer } from "node:buffer";
import { GatewayProtocolError } from "../errors.ts";
import { beforeFirstName, knownName } from "../known-name.ts";
import {
  checkVariableBytes,
  checkVariableCount,
  DEFAULT_VARIABLE_LIMITS,
  type Variable,
  type VariableLimits,
} from "../variables.ts";

/** Longest length of one byte. */
const SHORT = 127;
/** A stream of one-byte records must not become an object for each byte. */
const MOST_PIECES = 64;

/** Encodes one pair, as text of one code point per byte. */
export function encodePair([name, value]: Variable): string {
  return encodeLength(name.length) + encodeLength(value.length) + name + value;
}

/** Encodes pairs one after another. */
export function encodePairs(pairs: readonly Variable[]): Buffer {
  return Buffer.from(pairs.map(encodePair).join(""), "latin1");
}

function encodeLength(length: number): string {
  if (length <= SHORT) return String.fromCharCode(length);
  return String.fromCharCode((length >>> 24) | 0x80, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff);
}

/**
 * Decodes pairs.
 *
 * @param data - whole: pairs may be cut anywhere by records, so the contents of those are joined first
 * @throws GatewayProtocolError when a pair is not whole, or there are too many
 */
export function decodePairs(data: Buffer, limits: VariableLimits = DEFAULT_VARIABLE_LIMITS): Variable[] {
  // One text for all values: a call of the decoder costs more than a short text.
  const text = data.toString("latin1");
  const pairs: Variable[] = [];
  let before = beforeFirstName();
  for (let at = 0; at < data.length;) {
    const nameLength = lengthAt(data, at);
    const valueLengthAt = at + bytesOfLength(data, at);
    const valueLength = lengthAt(data, valueLengthAt);
    const name = valueLengthAt + bytesOfLength(data, valueLengthAt);
    const value = name + nameLength;
    at = value + valueLength;
    if (at > data.length) throw cut();
    before = knownName(data, name, value, before);
    pairs.push([before.name, text.slice(value, at)]);
    checkVariableCount(pairs.length, limits);
  }
  return pairs;
}

/** @throws GatewayProtocolError where it is not whole */
function lengthAt(data: Buffer, at: number): number {
  if (at + bytesOfLength(data, at) > data.length) throw cut();
  const first = data[at] as number; // it is there
  return first > SHORT ? data.readUInt32BE(at) & 0x7fff_ffff : first;
}

function bytesOfLength(data: Buffer, at: number): 1 | 4 {
  return (data[at] ?? 0) > SHORT ? 4 : 1;
}

function cut(): GatewayProtocolError {
  return new GatewayProtocolError(
    400,
    "ERR_TSGI_FASTCGI_PAIR",
    "A name-value pair of FastCGI is longer than its stream",
  );
}

/** Collects the content of a PARAMS stream. */
export class PairCollector {
  readonly #limits: VariableLimits;
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(limits: VariableLimits = DEFAULT_VARIABLE_LIMITS) {
    this.#limits = limits;
  }

  /** @throws GatewayProtocolError 431 when there are too many bytes */
  push(content: Buffer): void {
    this.#bytes += content.length;
    checkVariableBytes(this.#bytes, this.#limits);
    this.#pieces.push(content);
    if (this.#pieces.length > MOST_PIECES) this.#pieces = [Buffer.concat(this.#pieces, this.#bytes)];
  }

  /** The pairs, at the end of the stream. @throws GatewayProtocolError when they are not whole, or too many */
  end(): Variable[] {
    const [first] = this.#pieces;
    const data = this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces, this.#bytes);
    return decodePairs(data, this.#limits);
  }
}
