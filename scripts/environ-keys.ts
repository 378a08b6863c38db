// Every key that a server or a middleware of TSGI puts into an environ. generate-environ.ts makes docs/environ.md of it, and
// test/environ-keys.test.ts holds it against real requests and against the sources.

/** Where a key comes from. */
export type EnvironSource = "PEP 3333" | "CGI" | "servers" | "TSGI" | "middleware";

/** What is to be known about a key. */
export interface EnvironKey {
  readonly key: string;
  /** Who has named it: PEP 3333 itself, RFC 3875 (which PEP 3333 takes over), other servers, TSGI, or one of its middleware. */
  readonly source: EnvironSource;
  /** In TypeScript. */
  readonly type: string;
  /** When it is there; null for always. */
  readonly when: string | null;
  /** Whether Python applications see it, too. @default true */
  readonly isInPython?: boolean;
  /** Whether only Python applications see it. @default false */
  readonly isOnlyInPython?: boolean;
  /** What it says, in Markdown. */
  readonly says: string;
}

/** The keys by where they come from, in the order of the page. */
export const ENVIRON_KEYS: Readonly<Record<string, readonly EnvironKey[]>> = {
  "The request": [
    {
      key: "REQUEST_METHOD",
      source: "CGI",
      type: "string",
      when: null,
      says: "`GET`, `POST` and the like, as the client wrote it",
    },
    {
      key: "SCRIPT_NAME",
      source: "CGI",
      type: "string",
      when: null,
      says: "the part of the path that led to the application; empty, or it starts with `/`. `script-name`, `urlmap` and the like change it",
    },
    {
      key: "PATH_INFO",
      source: "CGI",
      type: "string",
      when: null,
      says: "the rest of the path, percent-decoded, one code point per byte",
    },
    {
      key: "QUERY_STRING",
      source: "CGI",
      type: "string",
      when: null,
      says: "what is behind the `?`, as it was sent; empty if there is nothing",
    },
    {
      key: "CONTENT_TYPE",
      source: "CGI",
      type: "string",
      when: "the client sends `Content-Type`",
      says: "the type of the body",
    },
    {
      key: "CONTENT_LENGTH",
      source: "CGI",
      type: "string",
      when: "the client sends `Content-Length`; in Python also with a body in chunks",
      says: "bytes of the body, in decimal",
    },
    {
      key: "HTTP_*",
      source: "CGI",
      type: "string",
      when: "the client sends that header",
      says: "any other request header: `User-Agent` is `HTTP_USER_AGENT`. Several lines of one name are joined by `, `, of `Cookie` by `; `",
    },
    { key: "SERVER_PROTOCOL", source: "CGI", type: "string", when: null, says: "`HTTP/1.1` or `HTTP/1.0`" },
    {
      key: "REQUEST_URI",
      source: "servers",
      type: "string",
      when: null,
      says: "the target of the request line, exactly as it was received",
    },
    {
      key: "RAW_URI",
      source: "servers",
      type: "string",
      when: null,
      isOnlyInPython: true,
      says: "gunicorn's name for `REQUEST_URI`",
    },
  ],
  "The connection": [
    {
      key: "SERVER_NAME",
      source: "CGI",
      type: "string",
      when: null,
      says: "the address that the client has connected to; `HTTP_HOST` is what it calls the server",
    },
    { key: "SERVER_PORT", source: "CGI", type: "string", when: null, says: "the port, in decimal" },
    { key: "SERVER_SOFTWARE", source: "CGI", type: "string", when: null, says: "the name of this server" },
    {
      key: "REMOTE_ADDR",
      source: "CGI",
      type: "string",
      when: null,
      says: "the address of the client, or of the nearest proxy that [is not trusted](proxies.md); empty on a unix socket",
    },
    {
      key: "REMOTE_PORT",
      source: "servers",
      type: "string",
      when: null,
      says: "its port, in decimal; empty where it is not known",
    },
    {
      key: "wsgi.url_scheme",
      source: "PEP 3333",
      type: '"http" | "https"',
      when: null,
      says: "how the client has connected, as far as trusted proxies tell",
    },
  ],
  "The certificate of the client": [
    {
      key: "SSL_CLIENT_VERIFY",
      source: "servers",
      type: "string",
      when: "the client has sent one (`--cert-reqs`)",
      says: "`SUCCESS`, or `FAILED:` and why",
    },
    {
      key: "SSL_CLIENT_S_DN",
      source: "servers",
      type: "string",
      when: "the client has sent one (`--cert-reqs`)",
      says: "whose it is",
    },
    {
      key: "SSL_CLIENT_I_DN",
      source: "servers",
      type: "string",
      when: "the client has sent one (`--cert-reqs`)",
      says: "who has signed it",
    },
    {
      key: "SSL_CLIENT_M_SERIAL",
      source: "servers",
      type: "string",
      when: "the client has sent one (`--cert-reqs`)",
      says: "its serial number",
    },
    {
      key: "SSL_CLIENT_CERT",
      source: "servers",
      type: "string",
      when: "the client has sent one (`--cert-reqs`)",
      says: "the certificate as PEM",
    },
  ],
  "Streams and calls": [
    { key: "wsgi.version", source: "PEP 3333", type: "[1, 0]", when: null, says: "of the contract; a tuple in Python" },
    {
      key: "wsgi.input",
      source: "PEP 3333",
      type: "InputStream",
      when: null,
      says: "[the body](../SPEC.md#3-the-input-stream)",
    },
    {
      key: "wsgi.errors",
      source: "PEP 3333",
      type: "ErrorStream",
      when: null,
      says: "[text for the error log](../SPEC.md#4-the-error-stream)",
    },
    {
      key: "wsgi.multithread",
      source: "PEP 3333",
      type: "boolean",
      when: null,
      says: "whether another thread of the process may call the application meanwhile; false in TypeScript",
    },
    { key: "wsgi.multiprocess", source: "PEP 3333", type: "boolean", when: null, says: "whether another process may" },
    { key: "wsgi.run_once", source: "PEP 3333", type: "boolean", when: null, says: "false; true in a program of CGI" },
    {
      key: "wsgi.file_wrapper",
      source: "PEP 3333",
      type: "function",
      when: null,
      says: "wraps a file for sending; TSGI sends it by the fastest way",
    },
    {
      key: "wsgi.input_terminated",
      source: "servers",
      type: "boolean",
      when: null,
      says: "true: `wsgi.input` ends by itself, also without `CONTENT_LENGTH`",
    },
    {
      key: "wsgi.early_hints",
      source: "servers",
      type: "function",
      when: "always; in Python if the client can take a 103",
      says: "[sends a 103 response](../SPEC.md#6-early-hints)",
    },
    {
      key: "tsgi.signal",
      source: "TSGI",
      type: "AbortSignal",
      when: null,
      isInPython: false,
      says: "fires when the client leaves before the response is complete",
    },
    {
      key: "tsgi.request_id",
      source: "TSGI",
      type: "string",
      when: null,
      says: "the id of the request in the logs; empty unless a log needs one",
    },
    {
      key: "tsgi.upgrade",
      source: "TSGI",
      type: "function",
      when: "the client asks for another protocol (`Upgrade`), without a body",
      isInPython: false,
      says: "[goes over to it](../SPEC.md#11-another-protocol)",
    },
    {
      key: "tsgi.platform",
      source: "TSGI",
      type: "array",
      when: "in `fetchHandler`",
      isInPython: false,
      says: "what the platform passes beside the request: Bun's server, Deno's info, the `env` and `ctx` of Workers",
    },
  ],
  "Behind a web server": [
    { key: "GATEWAY_INTERFACE", source: "CGI", type: "string", when: "the front end says so", says: "`CGI/1.1`" },
    {
      key: "HTTPS",
      source: "servers",
      type: "string",
      when: "the front end says so",
      says: "`on`; look at `wsgi.url_scheme` instead, which is right everywhere",
    },
    {
      key: "REMOTE_USER",
      source: "CGI",
      type: "string",
      when: "the front end says so, [with `--trust-remote-user`](gateways.md#trust), or after `auth-basic`, `auth-bearer`, `auth-digest`",
      says: "who has logged in",
    },
    {
      key: "AUTH_TYPE",
      source: "CGI",
      type: "string",
      when: "as `REMOTE_USER`",
      says: "`Basic`, `Bearer` or `Digest`",
    },
  ],
  "What middleware adds": [
    {
      key: "tsgi.session",
      source: "middleware",
      type: "Session",
      when: "[`session-cookie`, `session-store`](middleware-security.md)",
      says: "the session",
    },
    {
      key: "tsgi.csrf_token",
      source: "middleware",
      type: "function",
      when: "[`csrf`](middleware-security.md#csrf)",
      says: "returns the token for a form",
    },
    {
      key: "tsgi.csp_nonce",
      source: "middleware",
      type: "function",
      when: "[`security-headers`](middleware-security.md#security-headers)",
      says: "returns the nonce for scripts of this response",
    },
    {
      key: "tsgi.personal",
      source: "middleware",
      type: "PersonalMark",
      when: "`session-cookie` and others",
      says: "whether the response is for one person, so that nothing keeps it for others",
    },
    {
      key: "tsgi.subdomain",
      source: "middleware",
      type: "string",
      when: "`virtual-host` with `*.`",
      says: "what the star stands for",
    },
    {
      key: "tsgi.proxy_fix.original",
      source: "middleware",
      type: "object",
      when: "`proxy-fix`",
      says: "the values before it changed them",
    },
    {
      key: "wsgiorg.routing_args",
      source: "middleware",
      type: "[list, object]",
      when: "`selector`",
      says: "the pieces of the path; Python's convention of the same name",
    },
    {
      key: "selector.methods",
      source: "middleware",
      type: "string[]",
      when: "`selector`",
      says: "the methods of the path",
    },
    {
      key: "selector.matches",
      source: "middleware",
      type: "string[]",
      when: "`selector`",
      says: "the parts of the path that matched, outermost first",
    },
    {
      key: "method_override.original_method",
      source: "middleware",
      type: "string",
      when: "`method-override`",
      says: "the method that the client has sent",
    },
    {
      key: "traceparent.context",
      source: "middleware",
      type: "TraceContext",
      when: "`traceparent`",
      says: "trace and span",
    },
    {
      key: "error_documents.status",
      source: "middleware",
      type: "string",
      when: "`error-documents`, in the request for the document",
      says: "the status that it is for",
    },
    {
      key: "error_documents.path",
      source: "middleware",
      type: "string",
      when: "`error-documents`, in the request for the document",
      says: "the path that was asked for",
    },
    {
      key: "paste.config",
      source: "middleware",
      type: "object",
      when: "`egg:Paste#config`",
      says: "the configuration of the section, as Paste has it",
    },
  ],
};
