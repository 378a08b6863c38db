// The words of the query. They are reserved for the API and never data; names that it does not know are ignored.
import { PARAMETERS, type ParameterName } from "../operations.ts";
import { Problem } from "../problem.ts";
import { percentDecode } from "./address.ts";

/** What the query asks for. */
export interface Query {
  readonly pointer?: string;
  readonly isPretty: boolean;
  readonly isChildren: boolean;
  readonly hasParents: boolean;
  /** Number of children; null when it is not said. */
  readonly limit: number | null;
  /** Where a list of children goes on. */
  readonly after?: string;
  /** Number of children that a list passes over. */
  readonly offset: number;
  /** Beginning of the keys that a list is about. */
  readonly prefix?: string;
  /** Position of a new element. */
  readonly at: number | null;
  /** A file of the page. */
  readonly asset?: string;
  /** A code whose explanation is wanted. */
  readonly problem?: string;
}

const NOTHING: Query = { isPretty: false, isChildren: false, hasParents: false, limit: null, offset: 0, at: null };

/** Reads a query. A plus is a plus. */
export function parseQuery(query: string): Query {
  if (query === "") return NOTHING;
  const words = new Map<ParameterName, string>();
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    const name = equals < 0 ? pair : pair.slice(0, equals);
    if (isParameter(name) && !words.has(name)) words.set(name, equals < 0 ? "" : percentDecode(pair.slice(equals + 1)));
  }
  const pointer = words.get("pointer");
  const after = words.get("after");
  const prefix = words.get("prefix");
  const asset = words.get("asset");
  const problem = words.get("problem");
  return {
    isPretty: words.has("pretty"),
    isChildren: words.has("children"),
    hasParents: words.has("parents"),
    limit: whole("limit", words.get("limit")),
    offset: whole("offset", words.get("offset")) ?? 0,
    at: whole("at", words.get("at")),
    ...(pointer !== undefined && { pointer }),
    ...(after !== undefined && { after }),
    ...(prefix !== undefined && { prefix }),
    ...(asset !== undefined && { asset }),
    ...(problem !== undefined && { problem }),
  };
}

function isParameter(name: string): name is ParameterName {
  return Object.hasOwn(PARAMETERS, name);
}

function whole(name: ParameterName, text: string | undefined): number | null {
  if (text === undefined) return null;
  const number = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(number))
    throw new Problem("bad-parameter", { detail: `Expected digits in "${name}", got "${text}"` });
  return number;
}
