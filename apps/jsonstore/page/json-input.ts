// What a person types, as JSON text, and JSON text as something to type in. A text that is not touched stays what it was.
import { compact } from "../src/text/compact.ts";
import { TextFault } from "../src/text/text-fault.ts";
import { typeAt } from "../src/text/spans.ts";

/** How a field is to be read: a string without quotes, or JSON as it stands. The others need no field. */
export type InputKind = "text" | "number" | "json" | "true" | "false" | "null";

/** A field's content, and how it is read. */
export interface Input {
  readonly kind: InputKind;
  readonly content: string;
}

/** What became of an input: a text to send, or why there is none. */
export type Reading =
  | { readonly text: string }
  | { readonly fault: string; /** Where, in the content. */ readonly index: number };

/** The store decides how long keys and strings may be. */
const LIMITS = { depth: 512, keyBytes: Number.POSITIVE_INFINITY, stringBytes: Number.POSITIVE_INFINITY };
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
/** A field would change these, or not show them. */
const NOT_TYPED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\p{Surrogate}]/u;

/** Returns what a field shows of a text. */
export function inputOf(text: string): Input {
  switch (typeAt(text, 0)) {
    case "string": {
      const content = JSON.parse(text) as string; // a string of JSON is a string
      // Written in another way than we would: only as JSON nothing of it is lost.
      const isOurs = JSON.stringify(content) === text && !NOT_TYPED.test(content);
      return isOurs ? { kind: "text", content } : { kind: "json", content: text };
    }
    case "number":
      return { kind: "number", content: text };
    case "boolean":
    case "null":
      return { kind: text as "true" | "false" | "null", content: "" }; // the texts of these types
    case "object":
    case "array":
      return { kind: "json", content: text };
  }
}

/** Reads a field. */
export function readInput({ kind, content }: Input): Reading {
  switch (kind) {
    case "text":
      return { text: JSON.stringify(content) };
    case "number":
      return NUMBER.test(content.trim())
        ? { text: content.trim() }
        : { fault: "Expected a number of JSON, such as -1.5e3", index: 0 };
    case "json":
      return readJson(content);
    case "true":
    case "false":
    case "null":
      return { text: kind };
  }
}

/** Returns the content that keeps as much as it can when the kind changes. */
export function convertInput({ kind, content }: Input, to: InputKind): string {
  const reading = readInput({ kind, content });
  if (to === "json") return "text" in reading ? reading.text : content;
  if (to !== "text") return kind === "true" || kind === "false" || kind === "null" ? "" : content;
  if (kind === "true" || kind === "false" || kind === "null") return kind;
  if (kind === "json" && "text" in reading && reading.text.startsWith('"')) return JSON.parse(reading.text) as string; // as above
  return content;
}

/** Reads JSON and returns its compact text. */
export function readJson(content: string): Reading {
  try {
    return { text: wellFormed(compact(content, LIMITS)) };
  } catch (error) {
    if (!(error instanceof TextFault)) throw error;
    return { fault: error.message, index: error.index };
  }
}

/** Halves of surrogate pairs as escapes: UTF-8 has none. */
function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, (half) => `\\u${half.charCodeAt(0).toString(16)}`);
}
