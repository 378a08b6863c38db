// The routes of an application as OpenAPI 3.1, whose dialect of schemas is JSON Schema 2020-12, so that schemas go in as they are.
// Source: OpenAPI Specification 3.1.1.
import { reasonOf } from "../reason-phrase.ts";
import type { CompiledRoute } from "./compiled-route.ts";
import type { Rule } from "./rule.ts";
import { jsonSchemaOf, type StandardSchema } from "./standard-schema.ts";

/** What an API is called. */
export interface OpenApiInfo {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
  /** Security schemes, which routes name in their option `security`. */
  readonly securitySchemes?: Readonly<Record<string, object>>;
}

type Json = Record<string, unknown>;

/** Gives the document. Files and routes that no client should know can be left out with `isHidden`. */
export function openApiOf(routes: readonly CompiledRoute[], info: OpenApiInfo): Json {
  const { securitySchemes, ...about } = info;
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = pathOf(route.rule);
    const item = (paths[path] ??= {});
    for (const method of route.methods) {
      if (method === "HEAD" && route.methods.has("GET")) continue;
      item[method.toLowerCase()] = operationOf(route, method);
    }
  }
  return {
    openapi: "3.1.0",
    info: about,
    paths,
    ...(securitySchemes === undefined ? {} : { components: { securitySchemes } }),
  };
}

function pathOf(rule: Rule): string {
  return rule.parts.map((part) => (typeof part === "string" ? part : `{${part.name}}`)).join("");
}

function operationOf(route: CompiledRoute, method: string): Json {
  const { options, rule, name } = route;
  const { summary, description, tags, isDeprecated, security, query, headers, json, form, response } = options;
  const parameters = [...pathParameters(rule), ...parametersOf(query, "query"), ...parametersOf(headers, "header")];
  const hasInput = [query, headers, json, form, options.params].some((schema) => schema !== undefined);
  const content = { "application/problem+json": {} };
  return {
    operationId: route.methods.size > 2 || !route.methods.has("GET") ? `${name}_${method.toLowerCase()}` : name,
    ...(summary === undefined ? {} : { summary }),
    ...(description === undefined ? {} : { description }),
    ...(tags === undefined ? {} : { tags }),
    ...(isDeprecated === true ? { deprecated: true } : {}),
    ...(security === undefined ? {} : { security }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBodyOf(json, form),
    responses: {
      200:
        response === undefined
          ? { description: "OK" }
          : { description: "OK", content: contentOf("application/json", response) },
      ...(hasInput ? { 422: { description: reasonOf(422), content } } : {}),
    },
  };
}

function pathParameters(rule: Rule): Json[] {
  return rule.values.map(({ name, converter }) => ({
    name,
    in: "path",
    required: true,
    schema: converter.schema ?? { type: "string" },
  }));
}

/** Each member of an object is a parameter; of a schema that cannot be read, nothing is known. */
function parametersOf(schema: StandardSchema | undefined, place: "query" | "header"): Json[] {
  const { properties, required } = (schema === undefined ? null : jsonSchemaOf(schema)) ?? {};
  if (typeof properties !== "object" || properties === null) return [];
  return Object.entries(properties).map(([name, inner]) => ({
    name,
    in: place,
    required: Array.isArray(required) && required.includes(name),
    schema: inner as unknown,
  }));
}

function requestBodyOf(json: StandardSchema | undefined, form: StandardSchema | undefined): Json {
  if (json !== undefined) return { requestBody: { required: true, content: contentOf("application/json", json) } };
  if (form === undefined) return {};
  const content = {
    ...contentOf("application/x-www-form-urlencoded", form),
    ...contentOf("multipart/form-data", form),
  };
  return { requestBody: { required: true, content } };
}

function contentOf(type: string, schema: StandardSchema): Json {
  const written = jsonSchemaOf(schema);
  return { [type]: written === null ? {} : { schema: written } };
}
