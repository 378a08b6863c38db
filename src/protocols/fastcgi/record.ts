// The records of FastCGI. Source: FastCGI 1.0, sections 3.3 (records), 3.4 (name-value pairs), 5 and 8.
import { Buffer } from "node:buffer";

/** Of every record. */
export const FASTCGI_VERSION = 1;

/** Bytes before the content of a record. */
export const RECORD_HEADER_BYTES = 8;

/** Most bytes of content: its length has 16 bits. A longer one would wrap, and its rest would be read as records of its own. */
export const MAX_CONTENT_BYTES = 65_535;

/** Most bytes of content that leave room for no padding: a multiple of eight. */
export const ALIGNED_CONTENT_BYTES = 65_528;

/** Types of records. */
export const RecordType = {
  beginRequest: 1,
  abortRequest: 2,
  endRequest: 3,
  params: 4,
  stdin: 5,
  stdout: 6,
  stderr: 7,
  data: 8,
  getValues: 9,
  getValuesResult: 10,
  unknown: 11,
} as const;

/** Roles of an application. */
export const Role = { responder: 1, authorizer: 2, filter: 3 } as const;

/** A flag of BEGIN_REQUEST: the application leaves the connection open. */
export const KEEP_CONNECTION = 1;

/** How a request ended, of END_REQUEST. */
export const ProtocolStatus = {
  requestComplete: 0,
  cannotMultiplex: 1,
  overloaded: 2,
  unknownRole: 3,
} as const;

/**
 * The header of a record, as text of one code point per byte, so that it can be joined to a head.
 *
 * @throws RangeError for a length that would wrap
 */
export function recordHeader(type: number, id: number, contentBytes: number): string {
  if (contentBytes > MAX_CONTENT_BYTES) throw new RangeError(`A record holds ${MAX_CONTENT_BYTES} bytes at most`);
  return String.fromCharCode(FASTCGI_VERSION, type, id >> 8, id & 0xff, contentBytes >> 8, contentBytes & 0xff, 0, 0);
}

/** A whole record. @param content - latin-1 text or bytes, at most {@link MAX_CONTENT_BYTES} */
export function encodeRecord(type: number, id: number, content: string | Uint8Array = ""): Buffer {
  const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  return Buffer.concat([Buffer.from(recordHeader(type, id, bytes.length), "latin1"), bytes]);
}

/** A stream in records, without its end. @param recordBytes - most content of each */
export function encodeStream(
  type: number,
  id: number,
  content: Uint8Array,
  recordBytes: number = ALIGNED_CONTENT_BYTES,
): Buffer {
  const records: Buffer[] = [];
  for (let start = 0; start < content.length; start += recordBytes) {
    records.push(encodeRecord(type, id, content.subarray(start, start + recordBytes)));
  }
  return Buffer.concat(records);
}

/** The content of BEGIN_REQUEST, as text of one code point per byte. */
export function beginContent(role: number, flags: number): string {
  return String.fromCharCode(role >> 8, role & 0xff, flags, 0, 0, 0, 0, 0);
}

/** A whole END_REQUEST, as text of one code point per byte. */
export function endRecord(id: number, protocolStatus: number, appStatus = 0): string {
  const bytes = [24, 16, 8, 0].map((shift) => (appStatus >>> shift) & 0xff);
  return recordHeader(RecordType.endRequest, id, 8) + String.fromCharCode(...bytes, protocolStatus, 0, 0, 0);
}

/**
 * A request as one byte string, for tests and clients: BEGIN_REQUEST, PARAMS and STDIN with their ends.
 *
 * @param params - encoded pairs
 * @param flags - {@link KEEP_CONNECTION}, or 0
 */
export function encodeRequest(id: number, params: Uint8Array, stdin: Uint8Array, flags: number): Buffer {
  return Buffer.concat([
    encodeRecord(RecordType.beginRequest, id, beginContent(Role.responder, flags)),
    encodeStream(RecordType.params, id, params),
    encodeRecord(RecordType.params, id),
    encodeStream(RecordType.stdin, id, stdin),
    encodeRecord(RecordType.stdin, id),
  ]);
}
