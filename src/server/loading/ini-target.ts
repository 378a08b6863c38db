// The target `app.ini#name`: an application out of a configuration file, with values for its globalConf.
// Source: PasteDeploy's URIs; values after a question mark as plaster writes them, KEY=value arguments as pserve takes them.
import { asGlobalConf } from "../../deploy/converters.ts";
import { configUri } from "../../deploy/uri.ts";

const FILE = /^[^?#]*\.ini(?=$|[?#])/i;
/** URIs as far as they cannot be meant as `module:attribute`. */
const URI = /^(?:config:[^?#]*(?:\/|\.(?:ini|conf|cfg)(?=$|[?#]))|call:[^:]+:|egg:[^#]+#)/i;

/** A target, in its parts. */
export interface IniTarget {
  /** For `loadApp`. */
  readonly uri: string;
  /** The file as it was written; null for `egg:` and `call:`. */
  readonly file: string | null;
  readonly globalConf: Readonly<Record<string, string>>;
}

/** Whether a target names something that a configuration composes: `app.ini`, `config:PATH`, `egg:PACKAGE#NAME`, `call:MODULE:FACTORY`. */
export function isIniTarget(target: string): boolean {
  return FILE.test(target) || URI.test(target);
}

/**
 * Splits a target.
 *
 * @param target - `app.ini`, `app.ini#name`, `app.ini?KEY=value&KEY=value#name`, or a URI with the same
 * @param directory - for a relative path
 */
export function parseIniTarget(target: string, directory: string): IniTarget {
  const hash = target.indexOf("#");
  const locator = hash === -1 ? target : target.slice(0, hash);
  const fragment = hash === -1 ? "" : target.slice(hash);
  const question = locator.indexOf("?");
  const path = question === -1 ? locator : locator.slice(0, question);
  const globalConf = question === -1 ? {} : Object.fromEntries(new URLSearchParams(locator.slice(question + 1)));
  const [, scheme, rest = path] = /^(config|egg|call):(.*)$/is.exec(path) ?? [];
  if (scheme !== undefined && scheme.toLowerCase() !== "config")
    return { uri: path + fragment, file: null, globalConf };
  return { uri: configUri(rest + fragment, directory), file: rest, globalConf };
}

/**
 * Puts arguments of a command line into a target, so that both travel as one text.
 *
 * @param target - one for which `isIniTarget` holds
 * @param variables - `KEY=value`
 * @throws DeployError for an argument of another form
 */
export function withVariables(target: string, variables: readonly string[]): string {
  if (variables.length === 0) return target;
  const values = new URLSearchParams();
  for (const [key, value] of Object.entries(asGlobalConf(variables))) values.append(key, value);
  const hash = target.indexOf("#");
  const locator = hash === -1 ? target : target.slice(0, hash);
  const fragment = hash === -1 ? "" : target.slice(hash);
  return `${locator}${locator.includes("?") ? "&" : "?"}${values.toString()}${fragment}`;
}
