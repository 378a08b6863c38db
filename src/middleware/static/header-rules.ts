// Headers of single files, by patterns. Source: Rack::Static's header rules; .gitignore for what a pattern means.
import { checkHeaders } from "../../wsgi/head-rules.ts";
import type { HeaderList } from "../../wsgi/types.ts";
import { MiddlewareOptionError } from "../errors.ts";
import { linearExpression, type Match } from "../writing/linear-expression.ts";
import { setHeader } from "../writing/header-fields.ts";
import { lines, type OptionReader } from "../writing/options.ts";

/** Headers by pattern: a name such as `*.woff2`, or a path below the root such as `/assets/**`. Later ones win. */
export type HeadersByPattern = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Are said of the bytes that are sent, and so by who sends them. */
const NOT_FREE = new Set(["content-length", "content-range", "accept-ranges", "etag", "last-modified"]);

/** Sets the headers of a file, given its names below the root. */
export type HeaderRules = (headers: HeaderList, names: readonly string[]) => void;

/**
 * Reads the patterns.
 *
 * @returns null when there are none
 * @throws MiddlewareOptionError for a pattern that is none, or a header that is not free; ContractViolation for one that cannot be sent
 */
export function headerRules(patterns: HeadersByPattern = {}): HeaderRules | null {
  const rules = Object.entries(patterns).map(([pattern, fields]) => {
    const list: HeaderList = Object.entries(fields);
    checkHeaders(list);
    const owned = list.find(([name]) => NOT_FREE.has(name.toLowerCase()));
    if (owned !== undefined) {
      throw new MiddlewareOptionError(
        `Option "headers" sets the header "${owned[0]}"; expected one that the file does not decide`,
      );
    }
    return { match: matcherOf(pattern), isPath: pattern.startsWith("/"), list };
  });
  if (rules.length === 0) return null;
  return (headers, names) => {
    const path = `/${names.join("/")}`;
    for (const { match, isPath, list } of rules) {
      if (match(isPath ? path : (names.at(-1) ?? "")) === null) continue;
      for (const [name, value] of list) setHeader(headers, name, value);
    }
  };
}

/** Reads lines of `pattern Name: value`. */
export const headersByPattern: OptionReader<HeadersByPattern> = (value, key) => {
  const patterns: Record<string, Record<string, string>> = {};
  for (const line of lines(value, key)) {
    const [, pattern, name, rest] = /^(\S+)\s+([^\s:]+):\s*(.*)$/.exec(line) ?? [];
    if (pattern === undefined || name === undefined || rest === undefined) {
      throw new MiddlewareOptionError(`Option "${key}" has the line "${line}"; expected "pattern Name: value"`);
    }
    patterns[pattern] = { ...patterns[pattern], [name]: rest };
  }
  return patterns;
};

function matcherOf(pattern: string): (text: string) => Match {
  if (pattern === "" || (pattern.includes("/") && !pattern.startsWith("/"))) {
    throw new MiddlewareOptionError(
      `Option "headers" has the pattern "${pattern}"; expected a name such as "*.css", or a path from "/"`,
    );
  }
  const parts = pattern.split(/(\*+)/).map((part) => {
    if (part.startsWith("*")) return part === "*" ? "[^/]*" : ".*";
    return part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  });
  return linearExpression(parts.join(""), false);
}
