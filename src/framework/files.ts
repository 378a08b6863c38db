// Files as results: with conditions, ranges and tags, as the static filter sends them. Source: Flask's send_file and send_from_directory;
// RFC 6266 and RFC 8187 for the name under which a file is saved.
import { basename, dirname, resolve } from "node:path";
import type { staticFiles, StaticOptions } from "../middleware/static.ts";
import { isPromise } from "../wsgi/is-promise.ts";
import { encodeNative } from "../wsgi/native-string.ts";
import type { StartResponse, WSGIApplication, WSGIBody } from "../wsgi/types.ts";
import { NotFound } from "./http-error.ts";

/** How a file is sent. */
export interface SendOptions {
  /** Media type. @default by the ending of its name */
  readonly type?: string;
  /** The browser saves the file: under this name, or with `true` under its own. @default it shows the file */
  readonly download?: string | boolean;
  /** How long a cache may keep it without asking, in seconds. @default no Cache-Control */
  readonly maxAgeSeconds?: number;
}

/** Directories whose files were sent a moment ago, with what sends them. */
const MOST_SITES = 100;
const sites = new Map<string, WSGIApplication>();
/** The static filter, from the first file on: an application without files does not load it. */
let filter: typeof staticFiles | null = null;

/**
 * Sends a file that the application names.
 *
 * @param path - relative ones are taken from the working directory. Nothing of it may come from a client: see {@link sendFromDirectory}
 * @returns a result for a handler
 */
export function sendFile(path: string, options: SendOptions = {}): WSGIApplication {
  const file = resolve(path);
  return sending(dirname(file), basename(file), options, { dotfiles: "allow", symlinks: "anywhere" });
}

/**
 * Sends a file of a directory that a client may name. Names that lead out of it, hidden files and links to elsewhere are not found.
 *
 * @param name - path below the directory, decoded
 * @returns a result for a handler; it throws NotFound when there is no such file
 */
export function sendFromDirectory(directory: string, name: string, options: SendOptions = {}): WSGIApplication {
  return sending(resolve(directory), name, options, {});
}

function sending(
  root: string,
  name: string,
  { type, download = false, maxAgeSeconds }: SendOptions,
  policy: Pick<StaticOptions, "dotfiles" | "symlinks">,
): WSGIApplication {
  const age = maxAgeSeconds === undefined ? {} : { maxAgeSeconds };
  const options = { root, index: "", ...policy, ...age };
  const disposition = download === false ? null : attachment(download === true ? basename(name) : download);
  return function sendNamedFile(environ, startResponse) {
    const inner = { ...environ, PATH_INFO: encodeNative(`/${name}`) };
    // Other methods are answered with the file, too: the handler has done what they asked for.
    if (inner.REQUEST_METHOD !== "HEAD") inner.REQUEST_METHOD = "GET";
    const send = (site: WSGIApplication): WSGIBody | Promise<WSGIBody> => site(inner, startFile);
    const startFile: StartResponse = (status, headers, excInfo) => {
      const changed = headers.filter(([key]) => type === undefined || key.toLowerCase() !== "content-type");
      const isFile = /^(?:200|206)/.test(status);
      if (type !== undefined && isFile) changed.push(["Content-Type", type]);
      if (disposition !== null && isFile) changed.push(["Content-Disposition", disposition]);
      return startResponse(status, isFile ? changed : headers, excInfo);
    };
    const site = siteOf(options);
    return isPromise(site) ? site.then(send) : send(site);
  };
}

function siteOf(options: StaticOptions): WSGIApplication | Promise<WSGIApplication> {
  const key = JSON.stringify(options);
  const known = sites.get(key);
  if (known !== undefined) return known;
  if (filter === null) {
    return import("../middleware/static.ts").then(({ staticFiles: loaded }) => {
      filter = loaded;
      return siteOf(options);
    });
  }
  const site = filter(options)(throwNotFound);
  sites.set(key, site);
  const [oldest] = sites.keys();
  if (sites.size > MOST_SITES && oldest !== undefined) sites.delete(oldest);
  return site;
}

function throwNotFound(): never {
  throw new NotFound();
}

/** Writes Content-Disposition. Browsers that do not know `filename*` get a name in ASCII. */
function attachment(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, "_");
  if (plain === name) return `attachment; filename="${name}"`;
  const encoded = encodeURIComponent(name.replaceAll(/[\uD800-\uDFFF]/gu, "\uFFFD")).replaceAll(
    /['()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
