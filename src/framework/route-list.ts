// Describes the routes of an application, for `tsgi routes`.
import { fileURLToPath } from "node:url";
import type { CompiledRoute } from "./compiled-route.ts";
import type { RouteSchemas } from "./validation.ts";

/** A route, described. */
export interface ListedRoute {
  readonly rule: string;
  readonly methods: readonly string[];
  readonly name: string;
  /** `file:line` where it was defined; empty when that cannot be told. */
  readonly place: string;
  /** Names of the schemas that it has: "query", "json" and so on. */
  readonly schemas: readonly string[];
  readonly subdomain: string | null;
}

const SCHEMAS: readonly (keyof RouteSchemas)[] = ["params", "query", "headers", "json", "form", "response"];
/** Files of this package, whose frames come before that of the application. */
const OWN_FRAME = /[\\/](?:src|dist)[\\/](?:framework|chunks|testing)[\\/]/;

/** Describes routes, in the order of their rules. */
export function listRoutes(routes: readonly CompiledRoute[]): ListedRoute[] {
  return routes
    .map(({ rule, methods, name, options, place, subdomain }) => ({
      rule: rule.text,
      methods: [...methods].filter((method) => method !== "HEAD").toSorted(),
      name,
      place: placeOf(place),
      schemas: SCHEMAS.filter((schema) => options[schema] !== undefined),
      subdomain: subdomain === null ? null : subdomain.text.slice(1),
    }))
    .toSorted((left, right) => (left.rule < right.rule ? -1 : Number(left.rule > right.rule)));
}

function placeOf({ stack = "" }: Error): string {
  const frames = stack.split("\n").filter((line) => line.startsWith("    at "));
  const frame = frames.find((line) => !OWN_FRAME.test(line));
  const [, file = "", line = ""] = /\(?((?:file:|\/|[A-Z]:)[^()]*?):(\d+):\d+\)?$/.exec(frame ?? "") ?? [];
  if (file === "") return "";
  return `${file.startsWith("file:") ? fileURLToPath(file) : file}:${line}`;
}
