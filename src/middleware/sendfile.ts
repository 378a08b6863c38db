// Lets an application name a file in a header instead of reading it. Source: Apache's mod_xsendfile, nginx's X-Accel-Redirect, Rack's
// Sendfile and its advisory on mappings that came from the request: here they come from the configuration alone.
import { closeSync } from "node:fs";
import { resolve, sep } from "node:path";
import { escapeText } from "../wsgi/escape-text.ts";
import { decodeNative } from "../wsgi/native-string.ts";
import type { HeaderList, Middleware, WSGIApplication } from "../wsgi/types.ts";
import { sendAnswer } from "./writing/answer.ts";
import { addressOfPath } from "./writing/configured-path.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { dropBodyFields, dropHeader, findHeader } from "./writing/header-fields.ts";
import { fileIn, lines, oneOf, pairs, fromSection, type Configuration } from "./writing/options.ts";
import { replaceResponse } from "./writing/replace-response.ts";
import { fileTags } from "./static/file-tags.ts";
import { Root } from "./static/open-file.ts";
import { sendFile } from "./static/send-file.ts";

const VARIATIONS = ["serve", "x-sendfile", "x-accel-redirect"] as const;

/** Who sends the files, and which files are allowed. */
export interface SendfileOptions {
  /** Who sends the file: TSGI itself, Apache or lighttpd in front, or nginx in front. @default "serve" */
  readonly variation?: (typeof VARIATIONS)[number];
  /** Directories of the files; for "serve" and "x-sendfile". */
  readonly roots?: readonly string[];
  /** For "x-accel-redirect": directories, and the location of nginx (`internal`, with `alias`) that leads to each. */
  readonly mapping?: Readonly<Record<string, string>>;
}

/**
 * Replaces the body by the file that the response header X-Sendfile names, an absolute path. TSGI sends it, with ranges and conditional
 * requests, or the server in front does. A path outside of the directories is logged and gets 404. No request header can change this.
 *
 * In a pipeline: outside of the application, inside of everything that needs the true body (`compress`, unless the server in front does it).
 *
 * @throws MiddlewareOptionError without directories for the variation
 */
export function sendfile(options: SendfileOptions): Middleware {
  const deliver = DELIVERIES[options.variation ?? "serve"](options);
  return function sendfileMiddleware(application) {
    return function withFile(environ, startResponse) {
      return replaceResponse(application, environ, startResponse, ({ status, headers }) => {
        const path = findHeader(headers, "x-sendfile");
        if (path === null) return null;
        dropHeader(headers, "x-sendfile");
        dropHeader(headers, "content-range");
        dropBodyFields(headers);
        return { kind: "instead", application: deliver(path, status, headers) };
      });
    };
  };
}

/** For INI files: `use = egg:tsgi#sendfile`, with the keys of {@link SendfileOptions}; a line of `mapping` is `/srv/files = /protected`. */
export function filterFactory(globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<SendfileOptions>(sendfile, localConf, {
    variation: oneOf(...VARIATIONS),
    roots: (value, key) => lines(value, key).map((root) => fileIn(globalConf)(root, key)),
    mapping(value, key) {
      const entries = Object.entries(pairs(value, key));
      return Object.fromEntries(entries.map(([root, location]) => [fileIn(globalConf)(root, key), location]));
    },
  });
}

/** Gives the application that answers for a path. */
type Delivery = (path: string, status: string, headers: HeaderList) => WSGIApplication;

const DELIVERIES: Readonly<Record<(typeof VARIATIONS)[number], (options: SendfileOptions) => Delivery>> = {
  serve: ({ roots }) => {
    const tags = fileTags("stat");
    const directories = directoriesOf(roots).map((directory) => ({
      directory,
      root: new Root(directory, "inside", false),
    }));
    return (path, status, headers) =>
      async function sendNamedFile(environ, startResponse) {
        const wanted = absolute(path);
        const found = directories.find(({ directory }) => isBelow(wanted, directory));
        const segments = wanted.slice((found?.directory.length ?? 0) + 1).split(sep);
        const file = (await found?.root.open(segments)) ?? null;
        if (file?.stats.isFile() === true && status.startsWith("200")) {
          const kept = headers.filter(([name]) => !["etag", "last-modified"].includes(name.toLowerCase()));
          const coding = findHeader(headers, "content-encoding") ?? "";
          return sendFile(environ, startResponse, file, kept, await tags(file, coding));
        }
        if (file !== null) closeSync(file.descriptor);
        return refused(path)(environ, startResponse);
      };
  },
  "x-sendfile": ({ roots }) => {
    const directories = directoriesOf(roots);
    return (path, status, headers) =>
      directories.some((directory) => isBelow(absolute(path), directory))
        ? named(status, headers, "X-Sendfile", path)
        : refused(path);
  },
  "x-accel-redirect": ({ mapping = {} }) => {
    const entries = Object.entries(mapping).map(([directory, location]) => ({
      directory: resolve(directory),
      location: addressOfPath(location),
    }));
    if (entries.length === 0)
      throw new MiddlewareOptionError('Option "mapping" is missing; expected directory and location');
    for (const { location } of entries) {
      if (location.startsWith("/")) continue;
      throw new MiddlewareOptionError(`Option "mapping" has the location "${location}"; expected one from "/"`);
    }
    return (path, status, headers) => {
      const wanted = absolute(path);
      const entry = entries.find(({ directory }) => isBelow(wanted, directory));
      if (entry === undefined) return refused(path);
      const names = wanted.slice(entry.directory.length + 1).split(sep);
      // nginx decodes the address, so that a name with a percent sign or a question mark must be encoded.
      const address = `${entry.location.replace(/\/+$/, "")}/${names.map(encodeURIComponent).join("/")}`;
      return named(status, headers, "X-Accel-Redirect", address);
    };
  },
};

/** The body is the affair of the server in front. */
function named(status: string, headers: HeaderList, name: string, value: string): WSGIApplication {
  return function nameFile(_environ, startResponse) {
    startResponse(status, [...headers, [name, value]]);
    return [];
  };
}

function refused(path: string): WSGIApplication {
  return function refuseFile(environ, startResponse) {
    environ["wsgi.errors"].write(`Cannot send "${escapeText(path)}": no file in the directories of sendfile\n`);
    return sendAnswer(environ, startResponse, { status: 404 });
  };
}

/** A header is a native string; `..` is resolved before the directory is compared. */
function absolute(path: string): string {
  const text = decodeNative(path);
  return text.startsWith("/") && !text.includes("\0") ? resolve(text) : "";
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

function directoriesOf(roots: readonly string[] | undefined): string[] {
  if (roots === undefined || roots.length === 0) {
    throw new MiddlewareOptionError('Option "roots" is missing; expected the directories of the files');
  }
  return roots.map((root) => resolve(root));
}
