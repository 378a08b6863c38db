// Targets that are no file of an application but a place where one answers: `SCHEME:REST?OPTION=VALUE`.
//
// To add one: a line in TARGET_SCHEMES, whose factory is the one that INI files call (`appFactory` of the guest, which also gets a line in
// OWN_GUESTS of src/deploy/package-factories.ts). It gets what stands behind the colon as the option that the line names, and the values
// behind the question mark as its others, so that both ways have the same options and the same messages. What it returns may have a method
// `close` (ClosingApplication), which is called when the worker ends.
import { isClosing } from "../../deploy/closing-application.ts";
import { DeployError } from "../../deploy/errors.ts";
import type { AppFactory } from "../../deploy/factories.ts";
import { OptionError } from "../../deploy/option-error.ts";
import { TargetFormError } from "../../guests/typescript/errors.ts";
import { nearestName } from "../../nearest-name.ts";
import { toApplication } from "../../wsgi/application.ts";
import type { ErrorLog } from "../logging/error-log.ts";
import type { LoadedApplication } from "./loaded-application.ts";

/** A kind of target. */
interface TargetScheme {
  /** How it is written, for messages. */
  readonly form: string;
  /** The option that gets what stands between the colon (and two slashes) and the question mark. */
  readonly option: string;
  /** The option that gets the assignments of `--env`, one on a line; null when its processes are not ours. */
  readonly environmentOption: string | null;
  /** Loads the factory. */
  load(): Promise<AppFactory>;
}

const TARGET_SCHEMES: Readonly<Record<string, TargetScheme>> = {
  cgi: {
    form: "cgi:PROGRAM",
    option: "program",
    environmentOption: "environment",
    load: async () => (await import("../../guests/cgi/factories.ts")).appFactory,
  },
  "cgi-bin": {
    form: "cgi-bin:DIRECTORY",
    option: "directory",
    environmentOption: "environment",
    load: async () => (await import("../../guests/cgi/factories.ts")).binAppFactory,
  },
  proxy: {
    form: "proxy:http://HOST:PORT",
    option: "upstream",
    environmentOption: null,
    load: async () => (await import("../../guests/proxy/proxy-application.ts")).appFactory,
  },
  fastcgi: {
    form: "fastcgi://HOST:PORT?root=DIRECTORY",
    option: "upstream",
    environmentOption: null,
    load: async () => (await import("../../guests/fastcgi/fastcgi-application.ts")).appFactory,
  },
  scgi: {
    form: "scgi://HOST:PORT",
    option: "upstream",
    environmentOption: null,
    load: async () => (await import("../../guests/scgi/scgi-application.ts")).appFactory,
  },
  uwsgi: {
    form: "uwsgi://HOST:PORT",
    option: "upstream",
    environmentOption: null,
    load: async () => (await import("../../guests/uwsgi/uwsgi-application.ts")).appFactory,
  },
};

/** What a loader needs beside the target. */
export interface SchemeContext {
  /** For relative paths. */
  readonly directory: string;
  /** The values of `--env`: `NAME=VALUE`. */
  readonly environment: readonly string[];
  readonly log: Pick<ErrorLog, "debug">;
}

const SCHEME = /^([a-z][a-z\d+-]*):(.*)$/is;
/** `proxy:app` may be a module and its export. */
const ATTRIBUTE = /^[\p{ID_Start}$_][\p{ID_Continue}$]*(?:\(.*\))?$/su;
/** An address, whatever the scheme: no module is written so. */
const ADDRESS = /^(?:\/\/|unix:)/;
/** How Node writes modules. */
const MODULES = new Set(["file", "node"]);

/** Whether a target is of this kind, or is meant to be. */
export function isSchemeTarget(target: string): boolean {
  const [, scheme = "", rest = ""] = SCHEME.exec(target) ?? [];
  if (MODULES.has(scheme) || ATTRIBUTE.test(rest)) return false;
  return scheme !== "" && (Object.hasOwn(TARGET_SCHEMES, scheme) || ADDRESS.test(rest));
}

/**
 * Loads the application behind a target of this kind.
 *
 * @param target - one for which `isSchemeTarget` holds
 * @throws TargetFormError when the scheme is not known, or an option is missing or wrong
 */
export async function loadSchemeTarget(target: string, context: SchemeContext): Promise<LoadedApplication> {
  const [, name = "", rest = ""] = SCHEME.exec(target) ?? [];
  const scheme = Object.hasOwn(TARGET_SCHEMES, name) ? TARGET_SCHEMES[name] : undefined;
  if (scheme === undefined) throw unknownScheme(target, name);
  const factory = await scheme.load();
  try {
    const made = await factory({ here: context.directory }, optionsOf(scheme, rest, context.environment));
    context.log.debug(`Serving ${shown(target)}`);
    return {
      application: toApplication(made),
      close: (graceSeconds) => (isClosing(made) ? made.close(graceSeconds) : Promise.resolve()),
    };
  } catch (error) {
    if (!(error instanceof OptionError || error instanceof DeployError)) throw error;
    throw new TargetFormError(`Cannot use the target "${shown(target)}": ${error.message} (${scheme.form})`, {
      cause: error,
    });
  }
}

function optionsOf(scheme: TargetScheme, rest: string, environment: readonly string[]): Record<string, string> {
  const question = rest.indexOf("?");
  const place = question === -1 ? rest : rest.slice(0, question);
  const values = question === -1 ? [] : [...new URLSearchParams(rest.slice(question + 1))];
  const twice = values.map(([key]) => key).find((key, index, all) => key === scheme.option || all.indexOf(key) < index);
  if (twice !== undefined) throw new OptionError(`Option "${twice}" is given twice`);
  const options = Object.fromEntries([[scheme.option, place.replace(/^\/\//, "")], ...values]);
  if (scheme.environmentOption === null || environment.length === 0) return options;
  return { ...options, [scheme.environmentOption]: environment.join("\n") };
}

function unknownScheme(target: string, name: string): TargetFormError {
  const names = Object.keys(TARGET_SCHEMES);
  const meant = /^https?$/i.test(name) ? `proxy:${shown(target)}` : nearestName(name, names);
  const hint = meant === undefined ? "" : `; did you mean "${meant}"`;
  const forms = Object.values(TARGET_SCHEMES).map(({ form }) => `"${form}"`);
  return new TargetFormError(
    `Unknown scheme "${name}" of the target "${shown(target)}"${hint}; expected a file, a module or one of ${forms.join(", ")}`,
  );
}

/** Without a password in it, which may itself have an "@". */
function shown(target: string): string {
  return target.replace(/\/\/[^/?#]*@/, "//***@");
}
