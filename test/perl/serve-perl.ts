// Serves a program of APPS as a Perl guest.
import { fileURLToPath } from "node:url";
import type { PerlOptions } from "../../src/guests/perl/options.ts";
import { perlApplication } from "../../src/guests/perl/perl-application.ts";
import { serveGuest, type ServedGuest } from "../lane/serve-guest.ts";

/** The Perl programs of the tests. */
export const APPS = fileURLToPath(new URL("apps", import.meta.url));

/** Serves one of them, or another with its `directory`. */
export function servePerl(options: PerlOptions & { readonly target: string }): Promise<ServedGuest> {
  return serveGuest((log) => perlApplication({ directory: APPS, log, ...options }));
}
