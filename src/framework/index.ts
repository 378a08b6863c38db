// tsgi/framework: an application as routes and hooks, in the manner of Flask; what it makes is a WSGI application as any other.
export { App } from "./app.ts";
export type { AppOptions } from "./app.ts";
export { Blueprint } from "./blueprint.ts";
export type { BlueprintOptions } from "./blueprint.ts";
export type { Converter, ConverterArguments } from "./converters.ts";
export { FrameworkError, ResultError } from "./errors.ts";
export { events } from "./events.ts";
export type { EventsOptions, ServerSentEvent } from "./events.ts";
export { sendFile, sendFromDirectory } from "./files.ts";
export type { SendOptions } from "./files.ts";
export { flash, getFlashed } from "./flash.ts";
export type { FlashedMessage } from "./flash.ts";
export { html, raw, SafeHtml, scriptJson } from "./html.ts";
export type { HtmlValue } from "./html.ts";
export {
  abort,
  BadRequest,
  Conflict,
  Forbidden,
  HTTPError,
  InternalServerError,
  MethodNotAllowed,
  NotFound,
  Unauthorized,
  UnsupportedMediaType,
} from "./http-error.ts";
export type { HTTPErrorOptions } from "./http-error.ts";
export type { OpenApiInfo } from "./openapi.ts";
export { localTarget, redirect } from "./redirect.ts";
export { getRequest } from "./request-context.ts";
export { Request } from "./request.ts";
export type { RequestHeaders, RequestState } from "./request.ts";
export { Response } from "./response.ts";
export type { HeadersInit, ResponseBody, ResponseOptions, SetCookieOptions } from "./response.ts";
export { created, json, noContent } from "./result.ts";
export type { Result } from "./result.ts";
export type { ListedRoute } from "./route-list.ts";
export type { RunOptions } from "./run-options.ts";
export type { RuleParams } from "./rule-params.ts";
export type {
  AfterHook,
  BeforeHook,
  ErrorHandler,
  Handler,
  RegisterOptions,
  RouteOptions,
  StaticRouteOptions,
  TeardownHook,
} from "./scaffold.ts";
export type { StandardSchema } from "./standard-schema.ts";
export { etaTemplates } from "./templates.ts";
export type { EtaOptions, TemplateEngine } from "./templates.ts";
export type { UrlOptions } from "./url-for.ts";
export { ValidationError } from "./validation.ts";
export type { RouteSchemas, ValidationIssue } from "./validation.ts";
