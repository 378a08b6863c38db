// Any library's schema: zod, valibot, arktype and others carry this one interface, so that none of them is a dependency.
// Source: Standard Schema v1, and its draft for JSON Schema.

/** A schema of Standard Schema v1. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly jsonSchema?:
      | { readonly input: (options: { target: "draft-2020-12" }) => Record<string, unknown> }
      | undefined;
  };
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** What is wrong with a value, and where. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a value is after it was checked. */
export type SchemaOutput<Schema> = Schema extends StandardSchema<infer _Input, infer Output> ? Output : never;

/** Gives the JSON Schema of a schema; null where its library knows none. */
export function jsonSchemaOf(schema: StandardSchema): Record<string, unknown> | null {
  try {
    const written = schema["~standard"].jsonSchema?.input({ target: "draft-2020-12" });
    if (written === undefined) return null;
    const { $schema: _dialect, ...rest } = written;
    return rest;
  } catch {
    return null; // a part of it has no JSON Schema, such as a transformation
  }
}
