// The contract itself: PEP 3333 in TypeScript. Names are those of Python's wsgiref.types.
// Source: PEP 3333, "Specification Details"; docs/decisions/0001-contract.md for what JavaScript changes.

/** Response (or request) header fields in order: `[name, value]` pairs of native strings. */
export type HeaderList = [name: string, value: string][];

/** A chunk of a body: bytes, never a string. */
export type Bytes = Uint8Array;

/**
 * The error that an application passes to a second `startResponse` call (PEP 3333, "Error Handling"). Python passes type, value and
 * traceback; a JavaScript `Error` holds all three.
 */
export type ExcInfo = Error;

/**
 * The imperative way to send a chunk of the body (PEP 3333, "The write() Callable"). New code should return an iterable instead. The first
 * call sends status and headers, also when `data` is empty: so a client learns of a response whose body takes time.
 *
 * @returns nothing when there is room; a promise that resolves when there is room again. Await it, or memory fills.
 */
export type Write = (data: Bytes) => void | Promise<void>;

/**
 * Sets status and headers. They are sent with the first non-empty chunk of the body or the first `write`, not before.
 *
 * @param status - code, space and reason, for example `"200 OK"`
 * @param headers - list of `[name, value]`, latin-1, without hop-by-hop fields
 * @param excInfo - the error that made the application change its mind; re-thrown if headers have already left
 */
export type StartResponse = (status: string, headers: HeaderList, excInfo?: ExcInfo | null) => Write;

/** What PEP 3333 adds to an iterable: a `close()` that is called exactly once, however the request ends. */
export interface Closeable {
  close?(): void | Promise<void>;
}

/**
 * What an application returns: an iterable or async iterable of chunks. A bare string or `Uint8Array` is refused on purpose. The array
 * comes first in the type, because the compiler then reports `["text"]` in one line: a string is not assignable to `Bytes`.
 */
export type WSGIBody = (readonly Bytes[] | Iterable<Bytes> | AsyncIterable<Bytes>) & Closeable;

/** An application: a function that takes an environ and `startResponse`, and returns the body or a promise of it. */
export type WSGIApplication = (environ: WSGIEnvironment, startResponse: StartResponse) => WSGIBody | Promise<WSGIBody>;

/** An application as an object: its method `call` corresponds to Python's `__call__`. */
export interface WSGIApplicationObject {
  call(environ: WSGIEnvironment, startResponse: StartResponse): WSGIBody | Promise<WSGIBody>;
}

/** An application as a class: it is constructed for each request, then iterated. */
export type WSGIApplicationClass = new (environ: WSGIEnvironment, startResponse: StartResponse) => WSGIBody;

/** All forms of an application that WSGI knows; `toApplication` turns each into a function. */
export type WSGIApplicationLike = WSGIApplication | WSGIApplicationObject | WSGIApplicationClass;

/** Middleware: an application in, an application out (PasteDeploy's *filter*). */
export type Middleware = (application: WSGIApplication) => WSGIApplication;

/** `wsgi.input`: the request body. All methods are asynchronous. At the end of the body they return empty results. */
export interface InputStream extends AsyncIterable<Bytes> {
  /** Reads exactly `size` bytes, or fewer at the end of the body. Without `size`, or with a negative one, reads the rest. */
  read(size?: number): Promise<Bytes>;
  /** Reads up to and including the next `\n`, at most `size` bytes. */
  readline(size?: number): Promise<Bytes>;
  /** Reads lines until the end, or until they have `hint` bytes in total. */
  readlines(hint?: number): Promise<Bytes[]>;
  /** Iterates over the lines, as a Python file does. */
  [Symbol.asyncIterator](): AsyncIterator<Bytes>;
}

/** `wsgi.errors`: the stream for an application's error messages. It goes to the error log. */
export interface ErrorStream {
  write(text: string): void;
  writelines(lines: Iterable<string>): void;
  flush(): void;
}

/** A file for `wsgi.file_wrapper`: an object to read blocks from. At the end, `read` returns an empty chunk or `null`. */
export interface FileLike extends Closeable {
  read(size: number): Bytes | null | Promise<Bytes | null>;
}

/**
 * The environ: a plain object with the CGI variables and the `wsgi.*` keys of PEP 3333. Its strings are native strings: one code point per
 * byte (latin-1), as in Python 3. TSGI's own keys start with `tsgi.`.
 */
export interface WSGIEnvironment {
  REQUEST_METHOD: string;
  /** The part of the path that led to the application; empty or starting with `/`. */
  SCRIPT_NAME: string;
  /** The rest of the path, percent-decoded; empty or starting with `/`. */
  PATH_INFO: string;
  /** The part after the `?`, still encoded; empty if there is none. */
  QUERY_STRING: string;
  CONTENT_TYPE?: string;
  CONTENT_LENGTH?: string;
  SERVER_NAME: string;
  SERVER_PORT: string;
  /** `HTTP/1.1` and the like. */
  SERVER_PROTOCOL: string;
  /** The target of the request line, exactly as received. */
  REQUEST_URI?: string;
  /** Address of the peer; empty on a unix socket. */
  REMOTE_ADDR?: string;
  REMOTE_PORT?: string;
  HTTP_HOST?: string;
  HTTP_COOKIE?: string;
  "wsgi.version": readonly [major: number, minor: number];
  "wsgi.url_scheme": "http" | "https";
  "wsgi.input": InputStream;
  "wsgi.errors": ErrorStream;
  "wsgi.multithread": boolean;
  "wsgi.multiprocess": boolean;
  "wsgi.run_once": boolean;
  /** True when `wsgi.input` ends by itself, so that a body without CONTENT_LENGTH can be read to its end. */
  "wsgi.input_terminated"?: boolean;
  /** Wraps a file for sending; a gateway may send it by a faster way. */
  "wsgi.file_wrapper"?: (file: FileLike, blockSize?: number) => WSGIBody;
  /** Sends a 103 Early Hints response with these headers; does nothing where the client cannot take it. */
  "wsgi.early_hints"?: (headers: HeaderList) => void;
  /**
   * Prepares for another protocol on the same connection: `startResponse("101 Switching Protocols", headers)` then goes over to it at once, what is
   * returned here gives what the client sends, and the bytes of the body are what it gets. Present where the client offers one (its `Upgrade`).
   */
  "tsgi.upgrade"?: (protocol: string) => InputStream;
  /** Fires when the client leaves before the answer is complete, and only then. */
  "tsgi.signal"?: AbortSignal;
  /** Request headers: `User-Agent` is `HTTP_USER_AGENT`. */
  [header: `HTTP_${string}`]: string | undefined;
  /** Whatever middleware adds. */
  [key: string]: unknown;
}
