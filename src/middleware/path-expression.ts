// Path expressions: `/users/{id:digits}[/edit]` as a regular expression. Source: Luke Arno's Selector, whose types and brackets these are;
// its `number` takes any character for the point, this one only a point.
//
//   {name}  {name:type}  {:type}     one piece of the path, by name, or by position without one; the type is `chunk` if none is given
//   [ … ]                            may be missing; brackets may be nested
//   …|                               at the end: more of the path may follow, and stays in PATH_INFO
import { suggestion } from "../nearest-name.ts";
import { encodeNative } from "../wsgi/native-string.ts";
import { MiddlewareOptionError } from "./errors.ts";

/** Source of a regular expression by the name of the type. */
export type PathTypes = Readonly<Record<string, string>>;

/** A path expression, compiled. */
export interface CompiledPath {
  readonly regex: RegExp;
  /** Names of the groups in order; null for one without a name. */
  readonly names: readonly (string | null)[];
}

/** The types that every expression may use. */
export const PATH_TYPES = {
  word: String.raw`\w+`,
  alpha: "[a-zA-Z]+",
  digits: String.raw`\d+`,
  number: String.raw`\d*\.?\d+`,
  chunk: "[^/^.]+",
  segment: "[^/]+",
  any: ".+",
} as const satisfies PathTypes;

const TOKEN = /\{([^{}:]*)(?::([^{}]*))?\}|[[\]]|[^[\]{}]+|[{}]/gy;

/**
 * Compiles a path expression.
 *
 * @param expression - for example `/users/{id:digits}[/edit]`
 * @param types - further types, or other meanings of the usual ones
 * @throws MiddlewareOptionError for a bracket without its partner, an unknown type, or a name that is used twice
 */
export function compilePath(expression: string, types: PathTypes = {}): CompiledPath {
  const known: PathTypes = { ...PATH_TYPES, ...types };
  const isOpen = expression.endsWith("|");
  const body = isOpen ? expression.slice(0, -1) : expression;
  const names: (string | null)[] = [];
  let source = "";
  let depth = 0;
  for (const [token, name, type = "chunk"] of body.matchAll(TOKEN)) {
    if (token === "[") {
      depth += 1;
      source += "(?:";
    } else if (token === "]") {
      depth -= 1;
      if (depth < 0) break;
      source += ")?";
    } else if (name !== undefined) {
      const pattern = Object.hasOwn(known, type) ? known[type] : undefined;
      if (pattern === undefined) throw unknownType(expression, type, Object.keys(known));
      if (name !== "" && names.includes(name)) {
        throw new MiddlewareOptionError(`Path "${expression}" uses the name "${name}" twice; expected each once`);
      }
      names.push(name === "" ? null : name);
      source += `(${pattern.replaceAll(/(?<!\\)\((?!\?)/g, "(?:")})`;
    } else if (token === "{" || token === "}") {
      throw new MiddlewareOptionError(
        `Path "${expression}" has a single "${token}"; expected "{name}" or "{name:type}"`,
      );
    } else {
      source += encodeNative(token).replaceAll(/[$()*+./?\\^|-]/g, String.raw`\$&`);
    }
  }
  if (depth !== 0) {
    throw new MiddlewareOptionError(
      `Path "${expression}" has a bracket without its partner; expected "[" and "]" in pairs`,
    );
  }
  return { regex: new RegExp(`^${source}${isOpen ? "" : "$"}`, "s"), names };
}

function unknownType(expression: string, type: string, known: readonly string[]): MiddlewareOptionError {
  return new MiddlewareOptionError(`Path "${expression}" has the unknown type "${type}"${suggestion(type, known)}`);
}
