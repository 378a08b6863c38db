// Sends files of a directory. Source: RFC 9110 for conditions and ranges; nginx's gzip_static for precompressed siblings; Rack's Static and
// Files, and their advisories.
//
// A library for this exists (@fastify/send); it decides by stat and opens by name later, so that a link put in place between the two is
// followed. Here a file is opened once and everything is decided on its descriptor.
import { closeSync } from "node:fs";
import { extname, resolve } from "node:path";
import mime from "mime";
import { nativeToBytes } from "../wsgi/native-string.ts";
import type {
  HeaderList,
  Middleware,
  StartResponse,
  WSGIApplication,
  WSGIBody,
  WSGIEnvironment,
} from "../wsgi/types.ts";
import { negotiateCoding, type ContentCoding } from "./writing/accept-encoding.ts";
import { sendAnswer, type Answer } from "./writing/answer.ts";
import { isPromise } from "../wsgi/is-promise.ts";
import { configuredBase, isBelow } from "./writing/configured-path.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { addVary, setHeader } from "./writing/header-fields.ts";
import {
  fileIn,
  flag,
  integer,
  oneOf,
  fromSection,
  type OptionReaders,
  required,
  text,
  within,
  words,
  type Configuration,
} from "./writing/options.ts";
import { directoryPage } from "./static/directory-page.ts";
import { fileTags, type FileTags, type TagPolicy } from "./static/file-tags.ts";
import { headerRules, headersByPattern, type HeaderRules, type HeadersByPattern } from "./static/header-rules.ts";
import {
  leadsToDotfile,
  Root,
  segmentsOf,
  type DotfilePolicy,
  type OpenFile,
  type SymlinkPolicy,
} from "./static/open-file.ts";
import { sendFile } from "./static/send-file.ts";

const SUFFIXES: Readonly<Record<ContentCoding, string>> = { br: ".br", zstd: ".zst", gzip: ".gz" };

/** Types that the database gets wrong for a web site, or that need a charset. */
const OWN_TYPES: Readonly<Record<string, string>> = {
  ".ts": "text/plain; charset=utf-8",
  ".mts": "text/plain; charset=utf-8",
  ".cts": "text/plain; charset=utf-8",
};

/** Which files to send, and how. */
export interface StaticOptions {
  /** The directory. A relative path starts from `here` in an INI file, otherwise from the working directory. */
  readonly root: string;
  /** Only paths below this one are served, such as `/static`. It is not part of the file's name. @default "" */
  readonly prefix?: string;
  /** File to send for a directory; empty for none. @default "index.html" */
  readonly index?: string;
  /** Whether a directory without such a file is listed. @default false */
  readonly listing?: boolean;
  /** What to do with names that begin with a dot, except `/.well-known/`: ignore them, answer 403, or serve them. @default "ignore" */
  readonly dotfiles?: DotfilePolicy;
  /** Whether symbolic links may lead only to files inside of the root, or anywhere. @default "inside" */
  readonly symlinks?: SymlinkPolicy;
  /** Codings of the compressed files (`.br`, `.zst`, `.gz`) next to a file, the best first. @default [] */
  readonly precompressed?: readonly ContentCoding[];
  /** How long caches may use files without revalidation, in seconds. @default no Cache-Control */
  readonly maxAgeSeconds?: number;
  /**
   * What ETags are made from. `stat`: inode, modification time and length, so they differ from machine to machine. `content`: a hash of the
   * content, for which the first request for a file waits. @default "stat"
   */
  readonly etags?: TagPolicy;
  /** Headers of files, by name (`*.woff2`) or path below the root (`/assets/**`); later patterns win. @default {} */
  readonly headers?: HeadersByPattern;
  /** Whether files never change under their name, so that browsers need not ask again even on a reload. @default false */
  readonly immutable?: boolean;
  /** As middleware: whether the request goes on to the application if there is no file; otherwise 404. @default true */
  readonly fallThrough?: boolean;
}

/**
 * Returns middleware that answers GET and HEAD with a file if there is one.
 *
 * In a pipeline: outside of everything that costs and that files do not need (sessions, routing), inside of logs, `compress` and access
 * control. With a `prefix` other requests pay nothing.
 *
 * @throws MiddlewareOptionError without a root, or with an option that makes no sense
 */
export function staticFiles(options: StaticOptions): Middleware {
  const site = new Site(options);
  const { fallThrough = true } = options;
  return function staticMiddleware(application) {
    return function filesFirst(environ, startResponse) {
      if (environ.REQUEST_METHOD !== "GET" && environ.REQUEST_METHOD !== "HEAD")
        return application(environ, startResponse);
      const path = site.pathOf(environ.PATH_INFO);
      if (path === null) return application(environ, startResponse);
      return site
        .answer(environ, startResponse, path)
        .then((body) => body ?? (fallThrough ? application : notFound)(environ, startResponse));
    };
  };
}

/**
 * Returns an application that sends files, to mount in a URL map. It answers 404 if there is no file, and 405 if there is one but the
 * method is neither GET nor HEAD.
 *
 * @throws MiddlewareOptionError without a root, or with an option that makes no sense
 */
export function staticApp(options: StaticOptions): WSGIApplication {
  const site = new Site(options);
  return function files(environ, startResponse) {
    const path = site.pathOf(environ.PATH_INFO);
    if (path === null) return notFound(environ, startResponse);
    if (environ.REQUEST_METHOD !== "GET" && environ.REQUEST_METHOD !== "HEAD") {
      const refused: Answer = { status: 405, headers: [["Allow", "GET, HEAD"]] };
      return site
        .has(path)
        .then((has) => (has ? sendAnswer(environ, startResponse, refused) : notFound(environ, startResponse)));
    }
    return site.answer(environ, startResponse, path).then((body) => body ?? notFound(environ, startResponse));
  };
}

/** For INI files: a filter, `use = egg:tsgi#static`, with the keys of {@link StaticOptions}. */
export function filterFactory(globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection(staticFiles, localConf, readersIn(globalConf));
}

/** For INI files: an application, `use = egg:tsgi#static`, with the keys of {@link StaticOptions}. */
export function appFactory(globalConf: Configuration, localConf: Configuration): WSGIApplication {
  return fromSection(staticApp, localConf, readersIn(globalConf));
}

function readersIn(globalConf: Configuration): OptionReaders<StaticOptions> {
  return {
    root: fileIn(globalConf),
    prefix: text,
    index: text,
    listing: flag,
    dotfiles: oneOf("ignore", "deny", "allow"),
    symlinks: oneOf("inside", "anywhere"),
    precompressed: words as (value: string) => ContentCoding[], // the factory checks them
    maxAgeSeconds: integer,
    etags: oneOf("stat", "content"),
    headers: headersByPattern,
    immutable: flag,
    fallThrough: flag,
  };
}

function notFound(environ: WSGIEnvironment, startResponse: StartResponse): WSGIBody {
  return sendAnswer(environ, startResponse, { status: 404 });
}

/** One directory and how it is served. */
class Site {
  readonly #root: Root;
  readonly #prefix: string;
  readonly #index: string;
  readonly #listing: boolean;
  readonly #dotfiles: DotfilePolicy;
  readonly #codings: readonly ContentCoding[];
  readonly #cacheControl: string | null;
  readonly #tags: FileTags;
  readonly #rules: HeaderRules | null;

  constructor(options: StaticOptions) {
    const directory = resolve(required(options.root, "root", "the directory of the files"));
    this.#prefix = configuredBase(options.prefix || "/", "prefix");
    this.#index = checkedIndex(options.index ?? "index.html");
    this.#listing = options.listing ?? false;
    this.#dotfiles = options.dotfiles ?? "ignore";
    this.#root = new Root(directory, options.symlinks ?? "inside", this.#dotfiles !== "allow");
    this.#codings = checkedCodings(options.precompressed ?? []);
    this.#cacheControl = cacheControlOf(options);
    this.#tags = fileTags(options.etags ?? "stat");
    this.#rules = headerRules(options.headers);
  }

  /** The part below the prefix; null when the path is not below it. `/static` does not cover `/statically`. */
  pathOf(pathInfo: string): string | null {
    return isBelow(pathInfo, this.#prefix) ? pathInfo.slice(this.#prefix.length) : null;
  }

  /** Gives null when there is no file; nothing has been announced then. */
  async answer(environ: WSGIEnvironment, startResponse: StartResponse, path: string): Promise<WSGIBody | null> {
    const segments = segmentsOf(path);
    if (segments === null) return null;
    if (this.#dotfiles !== "allow" && leadsToDotfile(segments)) {
      return this.#dotfiles === "deny" ? sendAnswer(environ, startResponse, { status: 403 }) : null;
    }
    const file = await this.#root.open(segments);
    if (file === null) return null;
    if (!file.stats.isDirectory()) {
      // A file is no directory, whatever the slash says.
      if (!path.endsWith("/")) return this.#send(environ, startResponse, file, segments);
      closeSync(file.descriptor);
      return null;
    }
    closeSync(file.descriptor);
    if (!path.endsWith("/")) return redirectToDirectory(environ, startResponse);
    return this.#directory(environ, startResponse, segments, file.path);
  }

  /** Tells whether there is a file. */
  async has(path: string): Promise<boolean> {
    const segments = segmentsOf(path);
    if (segments === null || (this.#dotfiles !== "allow" && leadsToDotfile(segments))) return false;
    const file = await this.#root.open(/^$|\/$/.test(path) ? [...segments, this.#index] : segments);
    if (file !== null) closeSync(file.descriptor);
    return file?.stats.isFile() === true;
  }

  async #directory(
    environ: WSGIEnvironment,
    startResponse: StartResponse,
    segments: readonly string[],
    directory: string,
  ): Promise<WSGIBody | null> {
    const inside = [...segments, this.#index];
    const index = this.#index === "" ? null : await this.#root.open(inside);
    if (index?.stats.isFile() === true) return this.#send(environ, startResponse, index, inside);
    if (index !== null) closeSync(index.descriptor);
    if (!this.#listing) return null;
    const path = environ.SCRIPT_NAME + environ.PATH_INFO;
    const html = await directoryPage(directory, path, this.#dotfiles === "allow");
    const headers: HeaderList = [
      ["Content-Security-Policy", "default-src 'none'"],
      ["X-Content-Type-Options", "nosniff"],
    ];
    return sendAnswer(environ, startResponse, { status: 200, html, headers });
  }

  async #send(
    environ: WSGIEnvironment,
    startResponse: StartResponse,
    file: OpenFile,
    segments: readonly string[],
  ): Promise<WSGIBody> {
    const headers: HeaderList = [["Content-Type", typeOf(file.path)]];
    if (this.#cacheControl !== null) headers.push(["Cache-Control", this.#cacheControl]);
    this.#rules?.(headers, segments);
    if (this.#codings.length === 0) return this.#sendTagged(environ, startResponse, file, headers);
    addVary(headers, "Accept-Encoding");
    const encoded = await this.#encoded(environ, segments, file);
    if (encoded === null) return this.#sendTagged(environ, startResponse, file, headers);
    closeSync(file.descriptor);
    setHeader(headers, "Content-Encoding", encoded.coding);
    return this.#sendTagged(environ, startResponse, encoded.file, headers, encoded.coding);
  }

  #sendTagged(
    environ: WSGIEnvironment,
    startResponse: StartResponse,
    file: OpenFile,
    headers: HeaderList,
    coding = "",
  ): WSGIBody | Promise<WSGIBody> {
    const send = (etag: string | null): WSGIBody | Promise<WSGIBody> =>
      sendFile(environ, startResponse, file, headers, etag);
    const etag = this.#tags(file, coding);
    if (!isPromise(etag)) return send(etag);
    return etag.then(send, (error: unknown) => {
      closeSync(file.descriptor);
      throw error;
    });
  }

  /** The sibling that the client likes best among those that are there. */
  async #encoded(
    environ: WSGIEnvironment,
    segments: readonly string[],
    plain: OpenFile,
  ): Promise<{ coding: ContentCoding; file: OpenFile } | null> {
    let codings = this.#codings;
    for (;;) {
      const coding = negotiateCoding(environ, codings);
      if (coding === null) return null;
      const file = await this.#openSibling(segments, SUFFIXES[coding], plain);
      if (file !== null) return { coding, file };
      codings = codings.filter((other) => other !== coding);
    }
  }

  async #openSibling(segments: readonly string[], suffix: string, plain: OpenFile): Promise<OpenFile | null> {
    try {
      const file = await this.#root.open(segments, suffix);
      if (file === null || (file.stats.isFile() && isUpToDate(file, plain))) return file;
      closeSync(file.descriptor);
      return null;
    } catch (error) {
      closeSync(plain.descriptor);
      throw error;
    }
  }
}

/** Whether a sibling was made of its file as it is. Archives keep whole seconds, so that it may seem a second older. */
function isUpToDate(sibling: OpenFile, plain: OpenFile): boolean {
  return sibling.stats.mtimeMs > plain.stats.mtimeMs - 1000;
}

/** The path is encoded again, so that nothing in it can end the header or name another host. */
function redirectToDirectory(environ: WSGIEnvironment, startResponse: StartResponse): WSGIBody {
  const encoded = nativeToBytes(environ.SCRIPT_NAME + environ.PATH_INFO)
    .toString("latin1")
    .replaceAll(/[^A-Za-z0-9_.~/-]/g, percentEncoded);
  const query = environ.QUERY_STRING === "" ? "" : `?${environ.QUERY_STRING}`;
  const location = `${encoded.replace(/^\/{2,}/, "/")}/${query}`;
  return sendAnswer(environ, startResponse, { status: 301, headers: [["Location", location]] });
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function typeOf(path: string): string {
  const type = OWN_TYPES[extname(path).toLowerCase()] ?? mime.getType(path) ?? "application/octet-stream";
  return /^text\/[^;]*$/.test(type) ? `${type}; charset=utf-8` : type;
}

function cacheControlOf({ maxAgeSeconds, immutable = false }: StaticOptions): string | null {
  if (maxAgeSeconds === undefined) {
    if (immutable) throw new MiddlewareOptionError('Option "immutable" needs "max_age_seconds"; expected both');
    return null;
  }
  within(maxAgeSeconds, "maxAgeSeconds", 0);
  return `public, max-age=${maxAgeSeconds}${immutable ? ", immutable" : ""}`;
}

function checkedIndex(index: string): string {
  if (index === "" || segmentsOf(`/${index}`)?.length === 1) return index;
  throw new MiddlewareOptionError(`Option "index" is "${index}"; expected the name of a file`);
}

function checkedCodings(codings: readonly ContentCoding[]): readonly ContentCoding[] {
  for (const coding of codings) {
    if (Object.hasOwn(SUFFIXES, coding)) continue;
    throw new MiddlewareOptionError(`Option "precompressed" names "${coding}"; expected "br", "zstd" or "gzip"`);
  }
  return codings;
}
