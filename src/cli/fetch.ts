// `tsgi fetch TARGET /path`: one call of an application without a server or a port; its answer goes to standard output.
// Options and exit code 22 are curl's.
import { type WriteStream, createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { withoutForeignFrames } from "../guests/typescript/user-stack.ts";
import { PACKAGE_ROOT } from "../own-exports.ts";
import { loadApplication } from "../server/loading/load-application.ts";
import { resolveSettings } from "../server/settings/resolve.ts";
import { mockEnviron } from "../testing/mock-environ.ts";
import { WSGIErrorStream } from "../wsgi/error-stream.ts";
import { runApplication } from "../wsgi/handler.ts";
import type { Bytes, HeaderList, WSGIApplication, WSGIEnvironment } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { FileUnusableError, UsageError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { openErrorLog } from "./open-error-log.ts";
import { PrintedResponse } from "./printed-response.ts";

/** What the command line says about the request and about what to print. */
export interface FetchOptions {
  readonly request?: string;
  readonly header?: readonly string[];
  /** The body itself, `@FILE`, or `@-`/`-` for standard input. */
  readonly data?: string;
  readonly include?: true;
  readonly output?: string;
  readonly fail?: true;
  /** Put the validator around the application. */
  readonly validate?: true;
}

/**
 * Calls an application once and prints its answer.
 *
 * @param path - path with query, or an absolute URL
 * @returns the exit code of the process
 * @throws TargetError when the application cannot be loaded; UsageError or FileUnusableError when an option cannot be used
 */
export async function fetchTarget(target: string, path: string, options: FetchOptions): Promise<number> {
  if (!/^(?:[/?*]|https?:\/\/)/i.test(path)) {
    throw new UsageError(`Cannot fetch "${path}": expected a path that starts with "/", or an http(s) URL`);
  }
  const headers = (options.header ?? []).map(parseHeader);
  const body = options.data === undefined ? undefined : await openData(options.data);
  const { settings } = await resolveSettings({ commandLine: [] });
  // That a Python process is ready is news for a server, not for one answer.
  const log = openErrorLog({ ...settings, logLevel: "warning" });
  // Standard output is for the answer.
  const loaded = await loadApplication(target, settings, log, ({ text }) => process.stderr.write(`${text}\n`));
  try {
    const application = options.validate === true ? validator(loaded.application) : loaded.application;
    return await call(application, makeEnviron(path, headers, body, options), options);
  } finally {
    await loaded.close(0);
  }
}

async function call(application: WSGIApplication, environ: WSGIEnvironment, options: FetchOptions): Promise<number> {
  const output = options.output === undefined ? process.stdout : await openOutput(options.output);
  const response = new PrintedResponse(output, {
    isHead: environ.REQUEST_METHOD === "HEAD",
    withHead: options.include === true,
    isQuietOnError: options.fail === true,
  });
  const run = runApplication(application, environ, response);
  response.onReaderGone(() => run.abort(new Error("Nobody reads the output any more")));
  const outcome = await response.done;
  if (options.output !== undefined) await new Promise<void>((resolve) => output.end(resolve));
  if (outcome.error !== undefined) return EXIT_CODES.applicationFailed;
  if (options.fail !== true || outcome.status < 400) return EXIT_CODES.success;
  process.stderr.write(`tsgi: The application answered ${outcome.statusLine}\n`);
  return EXIT_CODES.httpError;
}

function makeEnviron(
  path: string,
  headers: HeaderList,
  body: Bytes | AsyncIterable<Bytes> | undefined,
  options: FetchOptions,
): WSGIEnvironment {
  const hasType = headers.some(([name]) => name.toLowerCase() === "content-type");
  if (body !== undefined && !hasType) headers.push(["Content-Type", "application/x-www-form-urlencoded"]);
  return mockEnviron({
    method: options.request ?? (body === undefined ? "GET" : "POST"),
    url: path,
    headers,
    ...(body === undefined ? {} : { body }),
    environ: { "wsgi.errors": new WSGIErrorStream(printError), "wsgi.run_once": true },
  });
}

/** What is written to `wsgi.errors`; of stacks, the frames of the application. */
function printError(text: string): void {
  process.stderr.write(withoutForeignFrames(text, PACKAGE_ROOT));
}

function parseHeader(line: string): [string, string] {
  const match = /^([!#$%&'*+\-.^_`|~\w]+):[ \t]*(.*)$/.exec(line);
  const name = match?.[1];
  if (name === undefined) throw new UsageError(`Cannot use the header "${line}": expected "Name: value"`);
  // Arguments are UTF-16 text; on the wire, and so in an environ, each byte of their UTF-8 is one character.
  return [name, Buffer.from(match?.[2] ?? "", "utf8").toString("latin1")];
}

async function openData(data: string): Promise<Bytes | AsyncIterable<Bytes>> {
  if (data === "-" || data === "@-") return process.stdin;
  if (!data.startsWith("@")) return Buffer.from(data, "utf8");
  const path = data.slice(1);
  try {
    return await readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileUnusableError(`Cannot read the data file "${path}": ${reason}`, { cause: error });
  }
}

function openOutput(path: string): Promise<WriteStream> {
  return new Promise((resolve, reject) => {
    const stream = createWriteStream(path);
    stream.once("open", () => resolve(stream));
    stream.once("error", (error) => {
      reject(new FileUnusableError(`Cannot write the file "${path}": ${error.message}`, { cause: error }));
    });
  });
}
