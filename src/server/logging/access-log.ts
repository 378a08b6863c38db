// The access log: a format of gunicorn's, taken apart once, so that a line costs little more than its characters.
import type { AccessEntry } from "../../gateways/http/access-entry.ts";
import {
  ACCESS_ATOMS,
  type Atom,
  CONSTANT_ATOMS,
  environAtom,
  KEEPING_ATOMS,
  requestHeaderAtom,
  responseHeaderAtom,
} from "./access-atoms.ts";
import { LoggingError } from "./errors.ts";
import type { LineWriter } from "./line-writer.ts";

/** gunicorn's default: Apache's combined format with "-" for what identd said. */
export const DEFAULT_ACCESS_LOG_FORMAT = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"';

/** `%%`, or `%(name)s` with a width as in Python: `%(s)5s`, `%(U)-20s`. */
const PLACEHOLDER = /%(?:%|\(([^)]*)\)(-?)(\d*)([sdr]))/g;

/** For atoms that look at none. */
const NO_ENTRY = {} as AccessEntry;

/**
 * Compiles a format.
 *
 * @param format - text with `%(h)s` and the like, `%({name}i)s` for a request header, `%({name}o)s` for a response header,
 *   `%({name}e)s` for a variable of the environ, `%%` for a percent sign
 * @returns a function that renders the line of one request, without the line feed
 * @throws LoggingError `ERR_TSGI_LOG_FORMAT` when a placeholder is unknown
 */
export function compileAccessLogFormat(format: string): (entry: AccessEntry) => string {
  // literals[0] atoms[0] literals[1] atoms[1] … literals[n]
  const literals = [""];
  const atoms: Atom[] = [];
  let end = 0;
  const addLiteral = (text: string): void => void literals.push((literals.pop() ?? "") + text);
  for (const match of format.matchAll(PLACEHOLDER)) {
    addLiteral(checkLiteral(format.slice(end, match.index), format));
    end = match.index + match[0].length;
    const [, name, alignment, width] = match;
    if (name === undefined) {
      addLiteral("%");
    } else {
      const atom = atomOf(name, format);
      const padded = withWidth(atom, Number(width), alignment === "-");
      if (CONSTANT_ATOMS.has(atom)) addLiteral(padded(NO_ENTRY));
      else {
        atoms.push(padded);
        literals.push("");
      }
    }
  }
  addLiteral(checkLiteral(format.slice(end), format));
  return joined(literals, absorbLiterals(literals, atoms));
}

/** Gives the literals beside an atom that keeps its texts to that atom, so that they are joined once and not for each line. */
function absorbLiterals(literals: string[], atoms: readonly Atom[]): Atom[] {
  return atoms.map((atom, index) => {
    const keepBetween = KEEPING_ATOMS.get(atom);
    if (keepBetween === undefined) return atom;
    const [before = "", after = ""] = literals.slice(index, index + 2);
    literals[index] = literals[index + 1] = "";
    return keepBetween(before, after);
  });
}

/**
 * Joins literals and atoms. Each of the first eight atoms, as many as the default format has, is called at a place of its own: there V8
 * sees that it is always the same function and compiles it in line, which halves the time of a loop over them.
 */
function joined(literals: readonly string[], atoms: readonly Atom[]): (entry: AccessEntry) => string {
  const [a = nothing, b = nothing, c = nothing, d = nothing, e = nothing, f = nothing, g = nothing, h = nothing] =
    atoms;
  const [l0 = "", l1 = "", l2 = "", l3 = "", l4 = "", l5 = "", l6 = "", l7 = "", l8 = ""] = literals;
  const rest = atoms.length > 8 ? joined(["", ...literals.slice(9)], atoms.slice(8)) : nothing;
  return function renderLine(entry) {
    return (
      l0 +
      a(entry) +
      l1 +
      b(entry) +
      l2 +
      c(entry) +
      l3 +
      d(entry) +
      l4 +
      e(entry) +
      l5 +
      f(entry) +
      l6 +
      g(entry) +
      l7 +
      h(entry) +
      l8 +
      rest(entry)
    );
  };
}

/**
 * An access log in gunicorn's form, for `ServerOptions.accessLog`.
 *
 * @param file - where the lines go
 * @throws LoggingError `ERR_TSGI_LOG_FORMAT` when the format is wrong
 */
export function accessLog(file: LineWriter, format: string = DEFAULT_ACCESS_LOG_FORMAT): (entry: AccessEntry) => void {
  const render = compileAccessLogFormat(`${format}\n`);
  return function logAccess(entry) {
    file.write(render(entry));
  };
}

function checkLiteral(text: string, format: string): string {
  const percent = text.indexOf("%");
  if (percent === -1) return text;
  throw badFormat(format, `cannot read "${text.slice(percent, percent + 12)}"; write "%%" for a percent sign`);
}

function atomOf(name: string, format: string): Atom {
  const atom = ACCESS_ATOMS.get(name);
  if (atom !== undefined) return atom.render;
  const [, inner, kind] = /^\{([^}]+)\}([ioe])$/.exec(name) ?? [];
  if (inner === undefined) {
    const known = [...ACCESS_ATOMS.keys()].join(" ");
    throw badFormat(format, `unknown "%(${name})s"; expected one of ${known} {header}i {header}o {variable}e`);
  }
  if (kind === "i") return requestHeaderAtom(inner);
  return kind === "o" ? responseHeaderAtom(inner) : environAtom(inner);
}

function withWidth(atom: Atom, width: number, isLeft: boolean): Atom {
  if (width === 0) return atom;
  return isLeft ? (entry) => atom(entry).padEnd(width) : (entry) => atom(entry).padStart(width);
}

function nothing(): string {
  return "";
}

function badFormat(format: string, reason: string): LoggingError {
  return new LoggingError("ERR_TSGI_LOG_FORMAT", `Cannot use the access log format '${format.trimEnd()}': ${reason}`);
}
