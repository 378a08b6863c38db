// What the headers of a part say: the name of its field, and whether it is a file. Source: RFC 7578 section 4.
import type { PartHeader } from "../protocols/multipart/multipart-parser.ts";
import { parseParameters, type ParameterizedValue } from "../protocols/multipart/header-parameters.ts";
import { Headers } from "../wsgi/headers.ts";
import type { FileHead } from "./form-file.ts";
import { decodeText, malformed } from "./urlencoded.ts";

const BEYOND_ASCII = /[^\u0000-\u007f]/;

/** The head of a part: of a file, or of a text field, which has no file name. */
export interface PartHead {
  readonly name: string;
  /** As sent; undefined for a text field. */
  readonly rawFilename: string | undefined;
  readonly headers: readonly PartHeader[];
}

/**
 * Reads the headers of a part.
 *
 * @param headers - of the part
 * @param part - its number, for errors
 * @throws FormError 400 when the part has no name, or holds parts itself; MultipartError when a parameter is malformed
 */
export function readPartHead(headers: readonly PartHeader[], part: number): PartHead {
  const { value, parameters } = dispositionOf(headers, part);
  const name = parameters.get("name");
  if (value !== "form-data" || name === undefined) {
    throw malformed(`Expected 'Content-Disposition: form-data; name="…"' in part ${part} of the form`);
  }
  const type = headerOf(headers, "content-type") ?? "";
  if (/^multipart\//i.test(type)) {
    // RFC 7578 section 4.3: several files of a field are several parts.
    throw malformed(`Expected a field or a file as part ${part} of the form, got "${type}"`);
  }
  const filename = parameters.get("filename");
  return {
    name: decodeName(name, () => `the name of part ${part}`),
    rawFilename: filename === undefined ? undefined : decodeName(filename, () => `the file name of part ${part}`),
    headers,
  };
}

/** Describes the file of a part that has a file name. */
export function fileHeadOf({ name, rawFilename = "", headers }: PartHead): FileHead {
  return {
    name,
    filename: baseName(rawFilename),
    rawFilename,
    type: headerOf(headers, "content-type") ?? "application/octet-stream",
    headers: new Headers(headers.map(([header, value]) => [header, value])),
  };
}

/** Gives the value of a header; undefined when there is none. */
export function headerOf(headers: readonly PartHeader[], name: string): string | undefined {
  return headers.find(([header]) => header === name)?.[1];
}

function dispositionOf(headers: readonly PartHeader[], part: number): ParameterizedValue {
  const all = headers.filter(([name]) => name === "content-disposition");
  if (all.length !== 1) throw malformed(`Expected one header "Content-Disposition" in part ${part} of the form`);
  return parseParameters(all[0]?.[1] ?? "", `"Content-Disposition" of part ${part} of the form`);
}

/** Browsers write `"` as %22 (WHATWG HTML, "Multipart form data"). */
function decodeName(native: string, where: () => string): string {
  const text = BEYOND_ASCII.test(native) ? decodeText(Buffer.from(native, "latin1"), where) : native;
  return text.includes("%22") ? text.replaceAll("%22", '"') : text;
}

/** Some clients send paths, of their own or such as an attacker would like. */
function baseName(rawFilename: string): string {
  const base = rawFilename.slice(Math.max(rawFilename.lastIndexOf("/"), rawFilename.lastIndexOf("\\")) + 1);
  return base === "." || base === ".." ? "" : base;
}
