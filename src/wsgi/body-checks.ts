// What an application may return as the body of its response, and give as a chunk of it. Source: PEP 3333 "Specification Details".
import { ContractViolation } from "./errors.ts";

/**
 * Checks what an application has returned.
 *
 * @throws ContractViolation when it is no iterable of chunks
 */
export function checkBody(body: unknown): void {
  if (typeof body === "string") {
    throw new ContractViolation(
      "ERR_TSGI_BODY_STRING",
      "Return an iterable of bytes, for example [Buffer.from(text)]; the application returned a string",
    );
  }
  if (body instanceof Uint8Array) {
    throw new ContractViolation(
      "ERR_TSGI_BODY_BYTES",
      "Return an iterable of chunks, for example [bytes]; the application returned bare bytes",
    );
  }
  if (typeof body !== "object" || body === null || !(Symbol.iterator in body || Symbol.asyncIterator in body)) {
    throw new ContractViolation(
      "ERR_TSGI_BODY_TYPE",
      `Return an iterable of bytes; the application returned ${kindOf(body)}`,
    );
  }
}

/**
 * Checks a chunk.
 *
 * @param where - what gave it, for the message
 * @throws ContractViolation when it is no bytes
 */
export function checkChunk(chunk: unknown, where: string): void {
  if (!(chunk instanceof Uint8Array)) {
    throw new ContractViolation(
      "ERR_TSGI_CHUNK_TYPE",
      `Give ${where} chunks of type Uint8Array, for example Buffer.from(text); got ${kindOf(chunk)}`,
    );
  }
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "object") return `an object of class ${value.constructor?.name ?? "null prototype"}`;
  return value === undefined ? "undefined" : `a ${typeof value}`;
}
