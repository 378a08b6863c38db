// What is wrong with a JSON text, and where. It knows nothing of HTTP: the API turns it into a problem.

/** Kinds of faults; they are codes of the API's problems too. */
export type TextFaultCode =
  | "syntax"
  | "duplicate-key"
  | "lone-surrogate"
  | "too-deep"
  | "key-too-long"
  | "string-too-long";

/** A JSON text cannot be taken. */
export class TextFault extends Error {
  readonly code: TextFaultCode;
  /** Position in the text, in UTF-16 code units. */
  readonly index: number;
  /** JSON Pointer inside the text, of the value that is wrong. */
  readonly pointer: string;

  constructor(code: TextFaultCode, message: string, index: number, pointer: string) {
    super(message);
    this.name = "TextFault";
    this.code = code;
    this.index = index;
    this.pointer = pointer;
  }
}
