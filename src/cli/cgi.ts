// `tsgi cgi TARGET`: answers the request that a web server has started this process for. Settings are those of a server, as far as they make
// sense for one request.
import { answerCGI, type CGIOptions } from "../gateways/cgi/answer-cgi.ts";
import { type TakenRequest, takeRequest } from "../gateways/cgi/take-request.ts";
import { forwardedFieldNamed } from "../gateways/forwarded.ts";
import { loadApplication } from "../server/loading/load-application.ts";
import { resolveSettings } from "../server/settings/resolve.ts";
import type { Settings } from "../server/settings/table.ts";
import { encodeNative } from "../wsgi/native-string.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { exitCodeOf, UsageError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { failureText } from "./failure-text.ts";
import { openErrorLog } from "./open-error-log.ts";

/** What the command line says. */
export interface CGICommandOptions {
  readonly mount?: string;
}

/** An application, and what is to be done when it has answered. */
interface Loaded {
  readonly application: WSGIApplication;
  readonly options: CGIOptions;
  close(): Promise<void>;
}

/**
 * Answers the request, and lets the process end. An application that cannot be loaded is a 500 for the client; standard error says why.
 *
 * @param words - arguments for a Python program
 * @throws UsageError when no web server has started this process
 */
export async function answerTarget(
  target: string,
  words: readonly string[],
  { mount }: CGICommandOptions,
): Promise<void> {
  if (mount !== undefined && !/^(?:\/[^?#]*)?$/.test(mount))
    throw new UsageError(`Cannot mount at "${mount}": expected a path that starts with "/"`);
  const taken = takeRequest();
  if (taken === null) {
    throw new UsageError(
      'Expected a CGI request in the environment, but REQUEST_METHOD is not set; a web server runs this command, and "tsgi fetch" calls an application without one',
    );
  }
  let loaded: Loaded;
  try {
    loaded = await load(target, words);
  } catch (error) {
    taken.end(await answerFailure(taken, error));
    return;
  }
  const options = mount === undefined ? loaded.options : { ...loaded.options, mount: encodeNative(mount) };
  const exitCode = await answerCGI(loaded.application, taken.request, options);
  taken.end(exitCode);
  await loaded.close();
}

async function load(target: string, words: readonly string[]): Promise<Loaded> {
  const { settings } = await resolveSettings({
    commandLine: words.length === 0 ? [] : [{ name: "arguments", raw: words, origin: "--", place: "--" }],
  });
  // That a Python process is ready is news for a server, not for one answer.
  const log = openErrorLog({ ...settings, logLevel: "warning" });
  const one: Settings = { ...settings, workers: 1, guestProcesses: 1 };
  const loaded = await loadApplication(target, one, log, ({ text }) => process.stderr.write(`${text}\n`));
  return { application: loaded.application, options: optionsOf(settings), close: () => loaded.close(0) };
}

function optionsOf(settings: Settings): CGIOptions {
  return {
    ...(settings.scriptName === "" ? {} : { mount: encodeNative(settings.scriptName).replace(/\/$/, "") }),
    trustRemoteUser: settings.trustRemoteUser,
    trustedProxies: settings.forwardedAllowIps,
    forwardedFields: settings.forwardedHeaders.flatMap((name) => forwardedFieldNamed(name) ?? []),
    maxBodyBytes: settings.limitRequestBody,
    timeoutSeconds: settings.timeout,
  };
}

/** @returns the exit code that the error asks for */
async function answerFailure({ request }: TakenRequest, error: unknown): Promise<number> {
  process.stderr.write(failureText(error));
  const unavailable: WSGIApplication = (_environ, startResponse) => {
    startResponse("500 Internal Server Error", [["Content-Type", "text/plain; charset=utf-8"]]);
    return [Buffer.from("500 Internal Server Error\n")];
  };
  await answerCGI(unavailable, request);
  return exitCodeOf(error) ?? EXIT_CODES.unexpected;
}
