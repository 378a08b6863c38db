// Tells how long the application took. Source: Rack's Runtime and Plack's Middleware::Runtime.
import { checkHeaderName } from "../wsgi/head-rules.ts";
import type { Middleware } from "../wsgi/types.ts";
import { findHeader } from "./writing/header-fields.ts";
import { fromSection, text, type Configuration } from "./writing/options.ts";
import { changeHead } from "./writing/replace-response.ts";

/** Name of the header. */
export interface RuntimeOptions {
  /** Name of the header. @default "X-Runtime" */
  readonly header?: string;
}

/**
 * Adds a header with the seconds from the call of the application until it called `startResponse`, with six decimals. An existing header of
 * that name stays, so you can use it several times with different names.
 *
 * In a pipeline: around the part that is to be measured. Timings help an attacker who guesses secrets by them: leave it to development,
 * or take it out at the proxy.
 *
 * @throws ContractViolation when the header name is none
 */
export function runtime(options: RuntimeOptions = {}): Middleware {
  const { header = "X-Runtime" } = options;
  checkHeaderName(header);
  const lowerName = header.toLowerCase();
  return function runtimeMiddleware(application) {
    return function timed(environ, startResponse) {
      const startedAt = performance.now();
      const changed = changeHead(startResponse, ({ headers }) => {
        if (findHeader(headers, lowerName) !== null) return;
        headers.push([header, ((performance.now() - startedAt) / 1000).toFixed(6)]);
      });
      return application(environ, changed);
    };
  };
}

/** For INI files: `use = egg:tsgi#runtime`, with the keys of {@link RuntimeOptions}. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<RuntimeOptions>(runtime, localConf, { header: text });
}
