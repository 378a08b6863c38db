// Turns the ways in which a test writes a request body (json, form, files, body) into bytes and a Content-Type.
// Source: RFC 7578 (multipart/form-data); WHATWG URL "application/x-www-form-urlencoded".

import { randomUUID } from "node:crypto";
import mime from "mime";
import type { Bytes } from "../wsgi/types.ts";
import { TestUsageError } from "./errors.ts";
import { type Fields, fieldPairs } from "./request-target.ts";

/** A file of a multipart form. */
export interface UploadFile {
  readonly filename: string;
  readonly content: Bytes | string;
  /** Media type. @default guessed from the name, else `application/octet-stream` */
  readonly type?: string;
}

/** The body of a request. Give only one of `body`, `json` and `form`/`files`. */
export interface BodyOptions {
  /** Raw body; an async iterable is sent without a length (chunked on a socket). */
  readonly body?: Bytes | string | AsyncIterable<Bytes>;
  /** A value to send as JSON. */
  readonly json?: unknown;
  /** Fields of a form: urlencoded, or multipart when there are files. */
  readonly form?: Fields;
  /** Files of a multipart form, by field name. */
  readonly files?: Readonly<Record<string, UploadFile | readonly UploadFile[]>>;
}

/** A body ready to be sent. `content` is null when the request has none. */
export interface EncodedBody {
  readonly contentType: string | null;
  readonly content: Bytes | AsyncIterable<Bytes> | null;
}

/**
 * Encodes the body of a request.
 *
 * @returns the bytes (or the stream) and the Content-Type that belongs to them; null for a raw body
 * @throws TestUsageError when more than one kind of body is given
 */
export function encodeBody(options: BodyOptions): EncodedBody {
  const { body, json, form, files } = options;
  const kinds = [body, json, form ?? files].filter((kind) => kind !== undefined).length;
  if (kinds > 1) throw new TestUsageError("Expected only one of body, json and form (with files)");
  if (json !== undefined) return { contentType: "application/json", content: Buffer.from(JSON.stringify(json)) };
  if (files !== undefined) return encodeMultipart(form ?? [], files);
  if (form !== undefined) {
    const text = new URLSearchParams(fieldPairs(form)).toString();
    return { contentType: "application/x-www-form-urlencoded", content: Buffer.from(text) };
  }
  return { contentType: null, content: typeof body === "string" ? Buffer.from(body) : (body ?? null) };
}

function encodeMultipart(form: Fields, files: NonNullable<BodyOptions["files"]>): EncodedBody {
  const boundary = `tsgi-${randomUUID()}`;
  const parts: Uint8Array[] = [];
  for (const [name, value] of fieldPairs(form)) {
    parts.push(partHead(boundary, `name="${escapeParameter(name)}"`), Buffer.from(value), CRLF);
  }
  for (const [name, one] of Object.entries(files)) {
    for (const file of Array.isArray(one) ? (one as readonly UploadFile[]) : [one as UploadFile]) {
      const type = file.type ?? mime.getType(file.filename) ?? "application/octet-stream";
      const parameters = `name="${escapeParameter(name)}"; filename="${escapeParameter(file.filename)}"`;
      parts.push(partHead(boundary, parameters, type), Buffer.from(file.content), CRLF);
    }
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`));
  return { contentType: `multipart/form-data; boundary=${boundary}`, content: Buffer.concat(parts) };
}

const CRLF = Buffer.from("\r\n");

function partHead(boundary: string, parameters: string, type?: string): Buffer {
  const typeLine = type ? `Content-Type: ${type}\r\n` : "";
  return Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${parameters}\r\n${typeLine}\r\n`);
}

// As browsers do (WHATWG HTML, "multipart form data"): only these three are escaped, the rest is plain UTF-8.
function escapeParameter(text: string): string {
  return text.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");
}
