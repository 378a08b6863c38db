// Reads the form of a request. Source: HTML, "Form submission"; RFC 7578; docs/decisions/0009-forms.md.
import { bytesToNative } from "../wsgi/native-string.ts";
import type { WSGIEnvironment } from "../wsgi/types.ts";
import { FormError } from "./errors.ts";
import { FormFile } from "./form-file.ts";
import { Form } from "./form.ts";
import { FormBody } from "./form-body.ts";
import { limitsOf, mostUrlencodedBytes, TextMeter, type FormLimits } from "./limits.ts";
import { MULTIPART, mediaTypeOf, URLENCODED } from "./media-type.ts";
import { readParts, type OnFile } from "./multipart-form.ts";
import { type Field, parseUrlencoded } from "./urlencoded.ts";

/** Options of {@link parseForm}: limits, and what happens to files. */
export interface FormOptions extends Partial<FormLimits> {
  /** Takes each file while it arrives. Reading continues when the promise is fulfilled; the form then has no files. */
  readonly onFile?: OnFile | undefined;
  /** Refuses an urlencoded field without `=` and a `%` that begins no byte. @default false */
  readonly strict?: boolean | undefined;
}

/**
 * Reads the form of a request: the query of a GET or a HEAD, otherwise the body.
 *
 * @throws FormError 415 when the body is no form; 400 when it is malformed or not UTF-8; 413 beyond a limit
 * @example
 * const form = await parseForm(environ);
 * const name = form.get("name") ?? "nobody";
 */
export async function parseForm(environ: WSGIEnvironment, options: FormOptions = {}): Promise<Form> {
  const limits = limitsOf(options);
  const strict = options.strict ?? false;
  const { REQUEST_METHOD: method } = environ;
  if (method === "GET" || method === "HEAD") return new Form(fieldsOf(environ.QUERY_STRING, limits, strict));
  const type = mediaTypeOf(environ.CONTENT_TYPE);
  const body = new FormBody(environ, limits.bodyBytes);
  if (type === URLENCODED) {
    const bytes = await body.whole(mostUrlencodedBytes(limits), `${limits.textBytes} bytes of text`);
    return new Form(fieldsOf(bytesToNative(bytes), limits, strict));
  }
  if (type === MULTIPART) {
    const { parts, close } = await readParts(environ, body, limits, new TextMeter(limits), options.onFile);
    const fields = parts.flatMap((part): Field[] => (part instanceof FormFile ? [] : [[part.name, part.value]]));
    return new Form(fields, parts.filter((part) => part instanceof FormFile).filter(isChosen), close);
  }
  if (type === "" && body.isEmpty) return new Form([]);
  throw new FormError(
    "ERR_TSGI_FORM_TYPE",
    `Expected a form as the body, got ${type === "" ? "no Content-Type" : `"${type}"`}`,
  );
}

/** Of a field for a file where the user chose none, browsers send an empty name and no bytes. */
function isChosen({ rawFilename, size }: FormFile): boolean {
  return rawFilename !== "" || size > 0;
}

function fieldsOf(native: string, limits: FormLimits, strict: boolean): Field[] {
  return parseUrlencoded(native, new TextMeter(limits), { strict, keepBlankValues: true });
}
