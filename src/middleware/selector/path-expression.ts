// Path expressions: `/users/{id:digits}[/edit]` as a regular expression. Source: Luke Arno's Selector, whose types and brackets these are;
// its `number` takes any character for the point, this one only a point.
//
//   {name}  {name:type}  {:type}     one piece of the path, by name, or by position without one; the type is `chunk` if none is given
//   [ … ]                            may be missing; brackets may be nested
//   …|                               at the end: more of the path may follow, and stays in PATH_INFO
import { suggestion } from "../../nearest-name.ts";
import { encodeNative } from "../../wsgi/native-string.ts";
import { MiddlewareOptionError } from "../errors.ts";
import { linearExpression, type Match } from "../writing/linear-expression.ts";

/** Source of a regular expression by the name of the type, without flags and without references back to a group. */
export type PathTypes = Readonly<Record<string, string>>;

/** A path expression, compiled. */
export interface CompiledPath {
  /** Finds the path, and its pieces in the order of the groups. */
  readonly match: (path: string) => Match;
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

/** An escape, a class, or the beginning of a group that has a number. */
const NUMBERED_GROUP = /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?<[^=!][^>]*>|(?!\?))/gs;
const TOKEN = /\{([^{}:]*)(?::([^{}]*))?\}|[[\]]|[^[\]{}]+|[{}]/gy;

/**
 * Compiles a path expression.
 *
 * @param expression - for example `/users/{id:digits}[/edit]`
 * @param types - further types, or other meanings of the usual ones
 * @throws MiddlewareOptionError for a bracket without its partner, an unknown type, one whose expression cannot be read, or a name that is
 *   used twice
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
      const pattern = typeSource(expression, type, known);
      if (name !== "" && names.includes(name)) {
        throw new MiddlewareOptionError(`Path "${expression}" uses the name "${name}" twice; expected each once`);
      }
      names.push(name === "" ? null : name);
      source += `(${pattern})`;
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
  return { match: linearExpression(source, isOpen), names };
}

/** The source of a type, in which no group has a number. */
function typeSource(expression: string, type: string, types: PathTypes): string {
  const pattern = Object.hasOwn(types, type) ? types[type] : undefined;
  if (pattern === undefined) throw unknownType(expression, type, Object.keys(types));
  const source = pattern.replaceAll(NUMBERED_GROUP, (text) => (text.startsWith("(") ? "(?:" : text));
  try {
    linearExpression(source, false);
  } catch (cause) {
    throw new MiddlewareOptionError(
      `Type "${type}" is "${pattern}"; expected a regular expression that does not refer back to a group`,
      { cause },
    );
  }
  return source;
}

function unknownType(expression: string, type: string, known: readonly string[]): MiddlewareOptionError {
  return new MiddlewareOptionError(`Path "${expression}" has the unknown type "${type}"${suggestion(type, known)}`);
}
