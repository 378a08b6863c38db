// A FastCGI application behind: PHP-FPM with `root`, and anything else that speaks FastCGI without.
// Source: FastCGI 1.0; RFC 3875; what PHP-FPM, uWSGI and libfcgi do on the wire.
import { OptionError } from "../../deploy/option-error.ts";
import { fileIn, flag, fromSection, text, type Configuration } from "../../deploy/section-options.ts";
import { requestVariables } from "../../protocols/cgi/request-variables.ts";
import type { Variable } from "../../protocols/variables.ts";
import type { StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";
import { requestTarget } from "../request-target.ts";
import {
  CGI_POOL,
  CGI_READERS,
  cgiPool,
  fixedVariables,
  withFixed,
  type CgiUpstreamOptions,
} from "../upstream/cgi-options.ts";
import { withBody } from "../upstream/cgi-request.ts";
import { RequestRefused } from "../upstream/errors.ts";
import type { PoolOptions } from "../upstream/pool-options.ts";
import { upstreamApplication, type UpstreamApplication } from "../upstream/upstream-application.ts";
import type { UpstreamPool } from "../upstream/upstream-pool.ts";
import { FastCGIRequest } from "./fastcgi-request.ts";
import { ScriptFinder, type FoundScript, type ScriptOptions } from "./script-finder.ts";

/** Options of {@link fastcgiApplication}. Without `root` the application behind gets SCRIPT_NAME and PATH_INFO as they are. */
export interface FastCGIOptions extends CgiUpstreamOptions, Partial<ScriptOptions> {
  /**
   * Keeps connections open for further requests. Each of them occupies a process of PHP-FPM even when it is idle, so `maxConnections` of all
   * workers together must stay below its `pm.max_children`, and must be given. @default false
   */
  readonly keepAlive?: boolean;
}

/** Idle connections occupy processes that others wait for. */
const KEPT_IDLE_SECONDS = 1;

/**
 * Makes an application that hands its requests on to a FastCGI application.
 *
 * @throws OptionError when an option cannot be used
 * @example
 * export const application = fastcgiApplication({ upstream: "unix:/run/php/php-fpm.sock", root: "/srv/shop/public" });
 */
export function fastcgiApplication(options: FastCGIOptions): UpstreamApplication {
  const { authorization = true, pass = [], bufferBody = true, keepAlive = false } = options;
  const pool = cgiPool("fastcgi", options, poolDefaults(options));
  const scripts = scriptsOf(options);
  const fixed = fixedVariables(options);
  const variablesOf = (environ: WSGIEnvironment, script: FoundScript | null, contentLength: number): Variable[] => {
    const told = { contentLength, authorization, pass };
    if (script === null || scripts === null) return withFixed(requestVariables(environ, told), fixed);
    const { name, file, pathInfo } = script;
    // Not by a copy of the environ: that would make all that it makes only when it is asked for, such as the signal of the request.
    const paths = { scriptName: environ.SCRIPT_NAME + name, pathInfo };
    const found = { documentRoot: scripts.documentRoot, scriptFilename: file, script: paths };
    return withFixed(requestVariables(environ, { ...told, ...found }), fixed);
  };
  const application = upstreamApplication(pool, {
    request: (environ) => {
      const script = scripts === null ? null : foundScript(scripts, environ);
      return withBody(
        environ,
        bufferBody,
        (body) =>
          new FastCGIRequest(environ.REQUEST_METHOD, variablesOf(environ, script, body.length), body, keepAlive),
      );
    },
  });
  return scripts === null ? application : withSlashes(application, scripts, pool);
}

/** `egg:tsgi#fastcgi` of INI files, and the target `fastcgi://HOST:PORT?root=DIR`. */
export function appFactory(globalConf: Configuration, localConf: Configuration): UpstreamApplication {
  return fromSection<FastCGIOptions, UpstreamApplication>(fastcgiApplication, localConf, {
    ...CGI_READERS,
    root: fileIn(globalConf),
    index: text,
    script: text,
    extension: text,
    remote: flag,
    symlinks: flag,
    keepAlive: flag,
  });
}

function poolDefaults({ keepAlive = false, maxConnections }: FastCGIOptions): PoolOptions {
  if (!keepAlive) return CGI_POOL;
  if (maxConnections === undefined)
    throw new OptionError(
      'Option "maxConnections" is missing; with "keepAlive" expected less than pm.max_children of PHP-FPM',
    );
  return { maxConnections, maxIdle: maxConnections, idleSeconds: KEPT_IDLE_SECONDS };
}

function scriptsOf(options: FastCGIOptions): ScriptFinder | null {
  const { root } = options;
  if (root !== undefined) return new ScriptFinder({ ...options, root });
  const stray = (["index", "script", "extension", "remote", "symlinks"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (stray !== undefined) throw new OptionError(`Option "${stray}" means nothing without "root"`);
  return null;
}

function foundScript(scripts: ScriptFinder, environ: WSGIEnvironment): FoundScript {
  const script = scripts.find(environ.PATH_INFO);
  if (script === null || script === "slash") throw new RequestRefused(404, "The path names no script");
  return script;
}

/** Sends a client who asks for a directory without its slash to the one with it: relative links would lead elsewhere. */
function withSlashes(application: UpstreamApplication, scripts: ScriptFinder, pool: UpstreamPool): UpstreamApplication {
  const addSlash: WSGIApplication = (environ: WSGIEnvironment, startResponse: StartResponse) => {
    if (environ.PATH_INFO.endsWith("/") || scripts.find(environ.PATH_INFO) !== "slash")
      return application(environ, startResponse);
    const { mount, path, query } = requestTarget(environ);
    startResponse("301 Moved Permanently", [
      ["Content-Type", "text/plain; charset=utf-8"],
      // Two slashes in front would name another host.
      ["Location", `${`${mount}${path}`.replace(/^\/+/, "/")}/${query}`],
    ]);
    return [] as WSGIBody;
  };
  return Object.assign(addSlash, { close: () => pool.close(), stats: () => pool.stats });
}
