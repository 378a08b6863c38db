// The HTTP/1.1 engine, as seen from outside the package.
export type { Endpoints } from "./endpoints.ts";
export { ClientDisconnected, ProtocolError, ResponseViolation, ServiceError, type RefusalStatus } from "./errors.ts";
export type { Connection, RequestListener } from "./connection.ts";
export type { Exchange, ExchangeListener } from "./exchange.ts";
export { HeadParser, type Variables } from "./head-parser.ts";
export { DEFAULT_LIMITS, type Limits } from "./limits.ts";
export type { RequestBody } from "./request-body.ts";
export type { Fields } from "./response-head.ts";
export { HttpServer, type HttpServerListener, type HttpServerOptions } from "./server.ts";
export type { Target } from "./target.ts";
