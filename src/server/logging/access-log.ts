// The access log: a format of gunicorn's, taken apart once, so that a line costs little more than its characters.
import type { AccessEntry } from "../../gateways/access-entry.ts";
import {
  ACCESS_ATOMS,
  type Atom,
  type AtomBetween,
  environAtom,
  partOf,
  requestHeaderAtom,
  responseHeaderAtom,
} from "./access-atoms.ts";
import { LoggingError } from "./errors.ts";
import type { LineWriter } from "./line-writer.ts";

/** gunicorn's default: Apache's combined format with "-" for what identd said. */
export const DEFAULT_ACCESS_LOG_FORMAT = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"';

/** `%%`, or `%(name)s` with a width as in Python: `%(s)5s`, `%(U)-20s`. */
const PLACEHOLDER = /%(?:%|\(([^)]*)\)(-?)(\d*)([sdr]))/g;

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
  const atoms: AtomBetween[] = [];
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
      if (typeof padded === "string") addLiteral(padded);
      else {
        atoms.push(padded);
        literals.push("");
      }
    }
  }
  addLiteral(checkLiteral(format.slice(end), format));
  const [first = "", ...others] = literals;
  if (atoms.length === 0) return () => first;
  return joined(atoms.map((between, index) => between(index === 0 ? first : "", others[index] ?? "")));
}

/**
 * Joins the parts of a line. Each of the first eight, as many as the default format has, is called at a place of its own: there V8
 * sees that it is always the same function and compiles it in line, which halves the time of a loop over them.
 */
function joined(atoms: readonly Atom[]): Atom {
  const [a = nothing, b = nothing, c = nothing, d = nothing, e = nothing, f = nothing, g = nothing, h = nothing] =
    atoms;
  function renderLine(entry: AccessEntry): string {
    return a(entry) + b(entry) + c(entry) + d(entry) + e(entry) + f(entry) + g(entry) + h(entry);
  }
  if (atoms.length <= 8) return renderLine;
  const rest = joined(atoms.slice(8));
  return (entry) => renderLine(entry) + rest(entry);
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

function atomOf(name: string, format: string): string | AtomBetween {
  const atom = ACCESS_ATOMS.get(name);
  if (atom !== undefined) return partOf(atom);
  const [, inner, kind] = /^\{([^}]+)\}([ioe])$/.exec(name) ?? [];
  if (inner === undefined) {
    const known = [...ACCESS_ATOMS.keys()].join(" ");
    throw badFormat(format, `unknown "%(${name})s"; expected one of ${known} {header}i {header}o {variable}e`);
  }
  if (kind === "i") return requestHeaderAtom(inner);
  return kind === "o" ? responseHeaderAtom(inner) : environAtom(inner);
}

function withWidth(atom: string | AtomBetween, width: number, isLeft: boolean): string | AtomBetween {
  if (width === 0) return atom;
  const pad = (text: string): string => (isLeft ? text.padEnd(width) : text.padStart(width));
  if (typeof atom === "string") return pad(atom);
  const render = atom("", "");
  return (before, after) => (entry) => before + pad(render(entry)) + after;
}

function nothing(): string {
  return "";
}

function badFormat(format: string, reason: string): LoggingError {
  return new LoggingError("ERR_TSGI_LOG_FORMAT", `Cannot use the access log format '${format.trimEnd()}': ${reason}`);
}
