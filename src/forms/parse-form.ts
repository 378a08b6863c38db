// Reads the form of a request. Source: HTML, "Form submission"; RFC 7578; docs/decisions/0009-forms.md.
import { bytesToNative } from "../wsgi/native-string.ts";
import { atRequestEnd } from "../wsgi/request-end.ts";
import type { WSGIEnvironment } from "../wsgi/types.ts";
import { FormError } from "./errors.ts";
import { FileStore } from "./file-store.ts";
import { FormFile } from "./form-file.ts";
import { Form } from "./form.ts";
import { FormBody } from "./form-body.ts";
import { limitsOf, TextMeter, type FormLimits } from "./limits.ts";
import { MultipartForm, type OnFile } from "./multipart-form.ts";
import { type Field, parseUrlencoded } from "./urlencoded.ts";

/** Options of {@link parseForm}: limits, and what happens to files. */
export interface FormOptions extends Partial<FormLimits> {
  /** Takes each file as it arrives; the form goes on when the promise resolves, and has no files at its end. */
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
  if (type === "application/x-www-form-urlencoded") {
    const bytes = await body.whole(mostUrlencodedBytes(limits), `${limits.textBytes} bytes of text`);
    return new Form(fieldsOf(bytesToNative(bytes), limits, strict));
  }
  if (type === "multipart/form-data") return readMultipart(environ, body, limits, options.onFile);
  if (type === "" && body.isEmpty) return new Form([]);
  throw new FormError(
    "ERR_TSGI_FORM_TYPE",
    `Expected a form as the body, got ${type === "" ? "no Content-Type" : `"${type}"`}`,
  );
}

async function readMultipart(
  environ: WSGIEnvironment,
  body: FormBody,
  limits: FormLimits,
  onFile: OnFile | undefined,
): Promise<Form> {
  const store = new FileStore(limits.memoryBytes);
  try {
    const parts = await new MultipartForm(body, environ.CONTENT_TYPE ?? "", limits, store).read(onFile);
    const files = parts.filter((part) => part instanceof FormFile);
    if (files.length > 0) atRequestEnd(environ, () => store.close());
    const fields = parts.flatMap((part): Field[] => (part instanceof FormFile ? [] : [[part.name, part.value]]));
    return new Form(fields, files.filter(isChosen), () => store.close());
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Of a field for a file where the user chose none, browsers send an empty name and no bytes. */
function isChosen({ rawFilename, size }: FormFile): boolean {
  return rawFilename !== "" || size > 0;
}

function fieldsOf(native: string, limits: FormLimits, strict: boolean): Field[] {
  return parseUrlencoded(native, new TextMeter(limits), { strict, keepBlankValues: true });
}

/** No more bytes than these can be a form within the limits: three for each of the text, and `=` and `&` for each field. */
function mostUrlencodedBytes({ textBytes, fields }: FormLimits): number {
  return 3 * textBytes + 2 * fields;
}

function mediaTypeOf(contentType = ""): string {
  const semicolon = contentType.indexOf(";");
  return (semicolon === -1 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
}
