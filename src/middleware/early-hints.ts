// Sends 103 Early Hints before the application has its answer. Source: RFC 8297; RFC 8288 (Link); the key `wsgi.early_hints` of gunicorn.
import { checkHeaders } from "../wsgi/head-rules.ts";
import type { HeaderList, Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { flag, integer, lines, fromSection, within, type Configuration } from "./writing/options.ts";
import { changeHead } from "./writing/replace-response.ts";

const DEFAULT_MAX_PATHS = 1000;
const EARLY = /;\s*rel="?(?:[^";]*\s)?(?:preload|preconnect|modulepreload)\b/i;

/** Which hints to send. */
export interface EarlyHintsOptions {
  /** Values of Link that every page needs, such as `</site.css>; rel=preload; as=style`. @default [] */
  readonly links?: readonly string[];
  /** Whether to send the preload and preconnect links of a path's last 200 response as hints the next time. @default false */
  readonly learn?: boolean;
  /** How many paths are remembered; the least recently used is dropped first. @default 1000 */
  readonly maxPaths?: number;
}

/**
 * Sends early hints about what a page will need while the application is still working on it. Only navigations (GET for HTML) get hints,
 * and only if the server offers `wsgi.early_hints`. Learnt links are stored by host and path only, so do not use `learn` if links depend on
 * the user.
 *
 * In a pipeline: outside of what is slow, inside of what refuses requests.
 *
 * @throws ContractViolation when a link may not be sent; MiddlewareOptionError when `maxPaths` is not positive
 */
export function earlyHints(options: EarlyHintsOptions = {}): Middleware {
  const { links = [], learn = false, maxPaths = DEFAULT_MAX_PATHS } = options;
  within(maxPaths, "maxPaths", 1);
  const always: HeaderList = links.map((link) => ["Link", link]);
  checkHeaders(always);
  return function earlyHintsMiddleware(application) {
    const learnt = new Map<string, HeaderList>();
    return function hinted(environ, startResponse) {
      const hint = environ["wsgi.early_hints"];
      if (hint === undefined || !isNavigation(environ)) return application(environ, startResponse);
      const key = `${environ.HTTP_HOST ?? ""}${environ.SCRIPT_NAME}${environ.PATH_INFO}`;
      const headers = [...always, ...(learnt.get(key) ?? [])];
      if (headers.length > 0) hint(headers);
      if (!learn) return application(environ, startResponse);
      const observed = changeHead(startResponse, (head) => {
        if (head.status.startsWith("200")) remember(learnt, key, earlyLinks(head.headers, links), maxPaths);
      });
      return application(environ, observed);
    };
  };
}

/** For INI files: `use = egg:tsgi#early-hints`, with the keys of {@link EarlyHintsOptions}; one link in a line. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<EarlyHintsOptions>(earlyHints, localConf, { links: lines, learn: flag, maxPaths: integer });
}

function isNavigation(environ: WSGIEnvironment): boolean {
  if (environ.REQUEST_METHOD !== "GET") return false;
  const mode = environ["HTTP_SEC_FETCH_MODE"];
  if (mode !== undefined) return mode === "navigate";
  const accept = environ["HTTP_ACCEPT"];
  return typeof accept === "string" && accept.includes("text/html");
}

function earlyLinks(headers: HeaderList, known: readonly string[]): HeaderList {
  return headers.filter(
    ([name, value]) => name.toLowerCase() === "link" && EARLY.test(value) && !known.includes(value),
  );
}

/** A map keeps the order of insertion: the first key is the one that was longest unused. */
function remember(learnt: Map<string, HeaderList>, key: string, links: HeaderList, maxPaths: number): void {
  learnt.delete(key);
  if (links.length === 0) return;
  learnt.set(key, links);
  const [oldest] = learnt.keys();
  if (learnt.size > maxPaths && oldest !== undefined) learnt.delete(oldest);
}
