// The environ of a request that comes from no socket. Source: PEP 3333 "environ Variables"; RFC 3875 section 4.1.

import { FileWrapper } from "../wsgi/file-wrapper.ts";
import { type ByteSource, EMPTY_INPUT, WSGIInputStream } from "../wsgi/input-stream.ts";
import { StringErrorStream } from "../wsgi/string-error-stream.ts";
import type { HeaderList, WSGIEnvironment } from "../wsgi/types.ts";
import type { ComposedRequest } from "./compose-request.ts";
import { isStreamed } from "./is-streamed.ts";
import { originForm } from "./request-target.ts";

/** The environ of a composed request, as the HTTP gateway would make it. */
export function requestEnviron({ method, target, headers, content }: ComposedRequest): WSGIEnvironment {
  const [, serverName = "", port] = /^(.*?)(?::(\d*))?$/.exec(target.host) ?? [];
  return {
    REQUEST_METHOD: method,
    SCRIPT_NAME: "",
    PATH_INFO: percentDecode(target.path),
    QUERY_STRING: target.query,
    REQUEST_URI: originForm(target),
    SERVER_NAME: serverName || "localhost",
    SERVER_PORT: port || (target.scheme === "https" ? "443" : "80"),
    SERVER_PROTOCOL: "HTTP/1.1",
    REMOTE_ADDR: "127.0.0.1",
    REMOTE_PORT: "49152",
    ...headerVariables(headers),
    "wsgi.version": [1, 0],
    "wsgi.url_scheme": target.scheme,
    "wsgi.input": content === null ? EMPTY_INPUT : new WSGIInputStream(byteSource(content)),
    "wsgi.errors": new StringErrorStream(),
    "wsgi.multithread": false,
    "wsgi.multiprocess": false,
    "wsgi.run_once": false,
    "wsgi.input_terminated": true,
    "wsgi.file_wrapper": (file, blockSize) => new FileWrapper(file, blockSize),
  };
}

// RFC 3875 §4.1.18; repeated fields are joined as RFC 9110 §5.3 says, cookies as RFC 6265 §5.4. A name with an underscore is
// dropped, as servers do, because it would pass for the one with a hyphen.
function headerVariables(headers: HeaderList): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of headers) {
    if (name.includes("_")) continue;
    const upper = name.toUpperCase().replaceAll("-", "_");
    const key = upper === "CONTENT_TYPE" || upper === "CONTENT_LENGTH" ? upper : `HTTP_${upper}`;
    const before = variables[key];
    variables[key] = before === undefined ? value : `${before}${key === "HTTP_COOKIE" ? "; " : ", "}${value}`;
  }
  return variables;
}

/** One code point per byte, as PEP 3333 "Unicode Issues" asks; a `%` that no two hex digits follow stays. */
function percentDecode(path: string): string {
  return path.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function byteSource(content: Uint8Array | AsyncIterable<Uint8Array>): ByteSource {
  if (isStreamed(content)) {
    const chunks = content[Symbol.asyncIterator]();
    return {
      async pull(): Promise<Uint8Array | null> {
        const { done, value } = await chunks.next();
        return done ? null : value;
      },
    };
  }
  let rest: Uint8Array | null = content;
  return {
    pull(): Uint8Array | null {
      const chunk = rest;
      rest = null;
      return chunk;
    },
  };
}
