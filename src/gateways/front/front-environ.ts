// The environ of a request from a web server in front, before anything of the request is known.
//
// A front sends thirty variables and more: some of its own, and those of the client's header. Their names are not known beforehand, and of
// such V8 lets an object have no more than about as many as it was born with; with more it becomes a hash table, which costs three times as
// much to fill, and more for all who read it. An object of a constructor is born with room for eight more than a literal, which count twice.
import { TSGI_REQUEST_ID, TSGI_SIGNAL } from "../../wsgi/environ.ts";
import { EMPTY_INPUT } from "../../wsgi/input-stream.ts";
import {
  ANSWER,
  type GatewayEnviron,
  ignoreHints,
  type ServerFacts,
  SIGNAL_PROPERTY,
  wrapFile,
  WSGI_VERSION_1,
} from "../gateway-environ.ts";

type Unsigned = Omit<GatewayEnviron, typeof TSGI_SIGNAL>;

function Environ(this: Unsigned, { errors, isMultiprocess, serverSoftware }: ServerFacts, isRunOnce: boolean): void {
  this.REQUEST_METHOD = "";
  this.SCRIPT_NAME = "";
  this.PATH_INFO = "";
  this.QUERY_STRING = "";
  this.SERVER_NAME = "";
  this.SERVER_PORT = "";
  this.SERVER_PROTOCOL = "";
  this.SERVER_SOFTWARE = serverSoftware;
  this["wsgi.version"] = WSGI_VERSION_1;
  this["wsgi.url_scheme"] = "http";
  this["wsgi.input"] = EMPTY_INPUT;
  this["wsgi.errors"] = errors;
  this["wsgi.multithread"] = false;
  this["wsgi.multiprocess"] = isMultiprocess;
  this["wsgi.run_once"] = isRunOnce;
  this["wsgi.input_terminated"] = true;
  this["wsgi.file_wrapper"] = wrapFile;
  this["wsgi.early_hints"] = ignoreHints;
  this[TSGI_REQUEST_ID] = "";
  this[ANSWER] = null;
}
// A plain object, whoever has made it.
Environ.prototype = Object.prototype;

const EnvironConstructor = Environ as unknown as new (facts: ServerFacts, isRunOnce: boolean) => Unsigned;

/**
 * Makes an environ.
 *
 * @param isRunOnce - `wsgi.run_once`
 */
export function newFrontEnviron(facts: ServerFacts, isRunOnce: boolean): GatewayEnviron {
  const environ = new EnvironConstructor(facts, isRunOnce);
  return Object.defineProperty(environ, TSGI_SIGNAL, SIGNAL_PROPERTY) as GatewayEnviron; // now it has its signal
}
