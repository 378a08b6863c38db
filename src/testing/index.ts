// The public entry `tsgi/testing`: what a test of an application, a middleware or a gateway needs.

export { NoResponseError, RedirectError, TestUsageError } from "./errors.ts";
export type { BasicAuth, RequestContent } from "./compose-request.ts";
export { CookieJar } from "./cookie-jar.ts";
export type { CookieScope, StoredCookie } from "./cookie-jar.ts";
export { mockEnviron } from "./mock-environ.ts";
export type { MockEnvironOptions } from "./mock-environ.ts";
export { rawRequest } from "./raw-request.ts";
export type { RawExchange, RawRequestOptions } from "./raw-request.ts";
export type { BodyOptions, UploadFile } from "./request-body.ts";
export type { HeadersInput } from "./request-headers.ts";
export type { Fields } from "./request-target.ts";
export type { ClientTlsOptions, ServerAddress } from "./socket-transport.ts";
export { TestClient } from "./test-client.ts";
export type { TestClientOptions, TestRequestOptions } from "./test-client.ts";
export { TestResponse } from "./test-response.ts";
export type { ResponseWatch } from "./transport.ts";
export type { ConformanceCase, ConformanceFeature } from "./conformance/conformance-case.ts";
export { conformanceCases } from "./conformance/conformance-cases.ts";
export { runConformance } from "./conformance/run-conformance.ts";
export type { ConformanceGateway, ServedApplication } from "./conformance/run-conformance.ts";
