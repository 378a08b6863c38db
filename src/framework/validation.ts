// Checks what a client sends with the schemas of a route, before its handler is called. Source: RFC 9457 for the answer, RFC 6901 for the
// pointers, RFC 9110 section 15.5.21 for the status.
import type { Request } from "./request.ts";
import { FrameworkError } from "./errors.ts";
import { HTTPError } from "./http-error.ts";
import type { RuleParams } from "./rule-params.ts";
import type { RuleValues } from "./rule.ts";
import type { SchemaIssue, SchemaOutput, StandardSchema } from "./standard-schema.ts";

/** The schemas of a route. */
export interface RouteSchemas {
  /** Of the values of the path, which it may change. */
  readonly params?: StandardSchema;
  /** Of the query: text by name, a list where a name is repeated. */
  readonly query?: StandardSchema;
  /** Of a JSON body. */
  readonly json?: StandardSchema;
  /** Of the fields of a form: text by name, a list where a name is repeated. */
  readonly form?: StandardSchema;
  /** Of the request headers: text by name in lower case. */
  readonly headers?: StandardSchema;
  /** Of a JSON response; looked at in development only. */
  readonly response?: StandardSchema;
}

/** What a handler gets beside the request. */
export type HandlerParams<Rule extends string, Own, Options> = (Options extends { readonly params: StandardSchema }
  ? SchemaOutput<Options["params"]>
  : RuleParams<Rule, Own>) &
  (Options extends { readonly query: StandardSchema } ? { readonly query: SchemaOutput<Options["query"]> } : unknown) &
  (Options extends { readonly json: StandardSchema } ? { readonly body: SchemaOutput<Options["json"]> } : unknown) &
  (Options extends { readonly form: StandardSchema } ? { readonly form: SchemaOutput<Options["form"]> } : unknown) &
  (Options extends { readonly headers: StandardSchema }
    ? { readonly headers: SchemaOutput<Options["headers"]> }
    : unknown);

/** One thing that is wrong with a request. */
export interface ValidationIssue {
  readonly in: "params" | "query" | "body" | "form" | "headers";
  /** JSON Pointer to the value; empty for the whole. */
  readonly pointer: string;
  readonly message: string;
}

/** 422: the request can be read, and is not what the route expects. */
export class ValidationError extends HTTPError {
  readonly issues: readonly ValidationIssue[];

  constructor(issues: readonly ValidationIssue[]) {
    super(422, "The request is not what this address expects", { extensions: { errors: issues } });
    this.issues = issues;
  }
}

/** Gives what a handler gets. */
export type InputReader = (request: Request, values: RuleValues) => Promise<RuleValues>;

type Source = readonly [
  place: ValidationIssue["in"],
  schema: StandardSchema,
  read: (request: Request, values: RuleValues) => unknown,
];

/**
 * Makes the reader of a route; null where it has no schemas.
 *
 * @param names - of the values of its path
 * @throws FrameworkError when one of them is taken by what a schema gives
 */
export function inputReader(schemas: RouteSchemas, names: readonly string[]): InputReader | null {
  const { params, query, json, form, headers } = schemas;
  const sources: Source[] = [];
  if (params !== undefined) sources.push(["params", params, (_, values) => ({ ...values })]);
  if (query !== undefined) sources.push(["query", query, ({ args }) => gathered(args)]);
  if (headers !== undefined) sources.push(["headers", headers, (request) => gathered(request.headers.entries())]);
  if (json !== undefined) sources.push(["body", json, (request) => request.json()]);
  if (form !== undefined) sources.push(["form", form, async (request) => gathered((await request.form()).entries())]);
  if (sources.length === 0) return null;
  if (json !== undefined && form !== undefined)
    throw new FrameworkError('A route has one body; expected "json" or "form"');
  const taken = sources.find(([place]) => names.includes(place));
  if (taken !== undefined) throw new FrameworkError(`The path has a value "${taken[0]}", which a schema gives too`);
  return (request, values) => readInput(sources, request, values);
}

async function readInput(sources: readonly Source[], request: Request, values: RuleValues): Promise<RuleValues> {
  const issues: ValidationIssue[] = [];
  let input: Record<string, unknown> = { ...values };
  for (const [place, schema, read] of sources) {
    const result = await schema["~standard"].validate(await read(request, values));
    if (result.issues !== undefined) issues.push(...result.issues.map((issue) => described(place, issue)));
    else if (place === "params") input = { ...(result.value as RuleValues) };
    else input[place] = result.value;
  }
  if (issues.length > 0) throw new ValidationError(issues);
  return input;
}

/**
 * Checks what a handler has returned. It is called in development only.
 *
 * @throws FrameworkError that says what is wrong with it
 */
export async function checkResult(schema: StandardSchema, result: unknown, name: string): Promise<void> {
  const checked = await schema["~standard"].validate(result);
  if (checked.issues === undefined) return;
  const told = checked.issues.map(({ message, path }) => `${pointerOf(path)}: ${message}`).join("; ");
  throw new FrameworkError(`The handler of "${name}" returned what its schema "response" does not allow: ${told}`);
}

function described(place: ValidationIssue["in"], { message, path }: SchemaIssue): ValidationIssue {
  return { in: place, pointer: pointerOf(path), message };
}

function pointerOf(path: SchemaIssue["path"]): string {
  return (path ?? [])
    .map((part) => String(typeof part === "object" ? part.key : part))
    .map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

/** One text, or a list for a name that is repeated. `__proto__` is the name of nothing: schemas copy names into objects. */
function gathered(pairs: Iterable<readonly [string, string]>): Record<string, string | string[]> {
  const record: Record<string, string | string[]> = {};
  for (const [name, value] of pairs) {
    if (name === "__proto__") continue;
    const known = Object.hasOwn(record, name) ? record[name] : undefined;
    if (known === undefined) record[name] = value;
    else if (typeof known === "string") record[name] = [known, value];
    else known.push(value);
  }
  return record;
}
