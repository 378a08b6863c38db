// Serves a program of APPS as a Ruby guest.
import { fileURLToPath } from "node:url";
import type { RubyOptions } from "../../src/guests/ruby/options.ts";
import { rubyApplication } from "../../src/guests/ruby/ruby-application.ts";
import { serveGuest, type ServedGuest } from "../lane/serve-guest.ts";

/** The Ruby programs of the tests. */
export const APPS = fileURLToPath(new URL("apps", import.meta.url));

/** Serves one of them, or another with its `directory`. */
export function serveRuby(options: RubyOptions & { readonly target: string }): Promise<ServedGuest> {
  return serveGuest((log) => rubyApplication({ directory: APPS, log, ...options }));
}
