// A page for everybody while the site is being worked on. Source: RFC 9110 sections 15.6.4 (503) and 10.2.3 (Retry-After).
import { readFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import type { Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { sendAnswer, type Answer } from "./writing/answer.ts";
import { configuredBase, isWithin } from "./writing/configured-path.ts";
import { NetworkSet } from "./writing/network-set.ts";
import { decimal, fileIn, flag, integer, fromSection, within, words, type Configuration } from "./writing/options.ts";

const DEFAULT_RETRY_AFTER_SECONDS = 300;
const DEFAULT_CHECK_SECONDS = 1;
const DEFAULT_PAGE =
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>Maintenance</title><h1>We will be back soon</h1><p>The site is being worked on.</p></html>\n';

/** When to show the page, and to whom not. */
export interface MaintenanceOptions {
  /** The page is shown while this file exists; without this option, `enabled` decides. */
  readonly flagFile?: string;
  /** Whether the page is shown if there is no `flagFile`. @default true */
  readonly enabled?: boolean;
  /** An HTML file. It is read each time, so you can change it. @default a short page */
  readonly page?: string;
  /** Value of Retry-After, in seconds. @default 300 */
  readonly retryAfterSeconds?: number;
  /** Addresses, networks (`10.0.0.0/8`), and `unix` for peers on unix sockets, that see the site as usual, by REMOTE_ADDR. @default [] */
  readonly allow?: readonly string[];
  /** Paths that are answered as usual, with everything below them: health checks. @default [] */
  readonly allowPaths?: readonly string[];
  /** How long the presence of the flag file is remembered, in seconds. @default 1 */
  readonly checkSeconds?: number;
}

/**
 * Answers 503 with a page and Retry-After while maintenance is on. To turn it on, create the flag file; no process needs to restart.
 *
 * In a pipeline: outermost but for logging, and inside of what corrects REMOTE_ADDR.
 *
 * @throws MiddlewareOptionError when an address is none, or a number is negative
 */
export function maintenance(options: MaintenanceOptions = {}): Middleware {
  const { page, retryAfterSeconds = DEFAULT_RETRY_AFTER_SECONDS } = options;
  const allowPaths = (options.allowPaths ?? []).map((path) => configuredBase(path, "allow_paths"));
  within(retryAfterSeconds, "retryAfterSeconds", 0);
  const allowed = new NetworkSet(options.allow ?? [], "allow");
  const isOn = switchOf(options);
  const headers: Answer["headers"] = [
    ["Retry-After", String(retryAfterSeconds)],
    ["Cache-Control", "no-store"],
  ];
  return function maintenanceMiddleware(application) {
    return function maintained(environ, startResponse) {
      if (!isOn() || isExempt(environ, allowed, allowPaths)) return application(environ, startResponse);
      const answer = (html: string) => sendAnswer(environ, startResponse, { status: 503, html, headers });
      if (page === undefined) return answer(DEFAULT_PAGE);
      // A page that cannot be read must not turn maintenance into an error page.
      return readFile(page, "utf8").then(answer, () => answer(DEFAULT_PAGE));
    };
  };
}

/** For INI files: `use = egg:tsgi#maintenance`, with the keys of {@link MaintenanceOptions}. */
export function filterFactory(globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<MaintenanceOptions>(maintenance, localConf, {
    flagFile: fileIn(globalConf),
    enabled: flag,
    page: fileIn(globalConf),
    retryAfterSeconds: integer,
    allow: words,
    allowPaths: words,
    checkSeconds: decimal,
  });
}

function switchOf({
  flagFile,
  enabled = true,
  checkSeconds = DEFAULT_CHECK_SECONDS,
}: MaintenanceOptions): () => boolean {
  within(checkSeconds, "checkSeconds", 0);
  if (flagFile === undefined) return () => enabled;
  let isPresent = false;
  let checkAt = -Infinity;
  return () => {
    const now = performance.now();
    if (now >= checkAt) {
      isPresent = existsSync(flagFile);
      checkAt = now + checkSeconds * 1000;
    }
    return isPresent;
  };
}

function isExempt(environ: WSGIEnvironment, allowed: NetworkSet, allowPaths: readonly string[]): boolean {
  return isWithin(environ, allowPaths) || allowed.has(environ.REMOTE_ADDR ?? "");
}
