// Parses the target of the command line: `file.ts`, `file.ts:attribute`, `module:attribute`, `module:factory("literal", 2)`.
// Source: gunicorn's `module:variable` and `module:factory()`; arguments are JSON here, as literals are Python's there.
import { TargetFormError } from "./errors.ts";

/** A target in its parts. */
export interface Target {
  /** The target as it was given, for messages. */
  readonly text: string;
  /** A path when `isFile`, otherwise a dotted module, a path without extension, or a package specifier. */
  readonly module: string;
  readonly isFile: boolean;
  /** The export to use; absent to try the default names. */
  readonly attribute?: string;
  /** Arguments of the factory; absent if the attribute is the application itself. */
  readonly factoryArguments?: readonly unknown[];
}

const FILE = /^(.+?\.[mc]?[jt]sx?)(?::(.*))?$/s;
const MODULE = /^((?:node:|file:)?[^:()\s]+)(?::(.*))?$/s;
const ATTRIBUTE = /^([\p{ID_Start}$_][\p{ID_Continue}$]*)(?:\((.*)\))?$/su;
const EXPECTED = 'expected "file.ts", "file.ts:attribute", "module:attribute" or "module:factory(arguments)"';

/**
 * Parses a target.
 *
 * @param text - for example `app.ts`, `app.ts:application`, `shop.wsgi:application`, `shop.wsgi:makeApp("production", 2)`
 * @throws TargetFormError if the text has none of these forms
 */
export function parseTarget(text: string): Target {
  const file = FILE.exec(text);
  const match = file ?? MODULE.exec(text);
  const module = match?.[1];
  if (match === null || module === undefined)
    throw new TargetFormError(`Cannot read the target "${text}": ${EXPECTED}`);
  if (file === null && /\.(?:py|ini|rb|pl|php)$/.test(module)) {
    throw new TargetFormError(
      `Cannot load "${module}": this command loads TypeScript and JavaScript (.ts .mts .cts .tsx .js .mjs .cjs .jsx)`,
    );
  }
  const base = { text, module, isFile: file !== null };
  const attribute = match[2];
  return attribute === undefined ? base : { ...base, ...parseAttribute(attribute, text) };
}

function parseAttribute(attribute: string, text: string): Pick<Target, "attribute" | "factoryArguments"> {
  const match = ATTRIBUTE.exec(attribute);
  const name = match?.[1];
  if (match === null || name === undefined) {
    throw new TargetFormError(`Cannot read the attribute "${attribute}" of the target "${text}": ${EXPECTED}`);
  }
  const factoryArguments = match[2];
  if (factoryArguments === undefined) return { attribute: name };
  try {
    return { attribute: name, factoryArguments: JSON.parse(`[${factoryArguments}]`) as unknown[] };
  } catch {
    throw new TargetFormError(
      `Cannot read the arguments of "${attribute}": expected JSON values separated by commas, for example ${name}("production", 2)`,
    );
  }
}
