// Which variables of a process are those of its CGI request. A web server may pass its own environment on to the program (Apache PATH,
// fcgiwrap all of it), and with it secrets that no environ should have. Source: RFC 3875 section 4.1; what Apache, nginx with fcgiwrap and
// lighttpd add (mod_ssl, mod_rewrite, mod_unique_id).
import type { Variable } from "../../protocols/variables.ts";

const OF_REQUEST = new RegExp(
  `^(?:${[
    "HTTP_.*",
    "AUTH_TYPE",
    "CONTENT_(?:LENGTH|TYPE)",
    "GATEWAY_INTERFACE",
    "PATH_(?:INFO|TRANSLATED)",
    "QUERY_STRING",
    "REMOTE_(?:ADDR|HOST|IDENT|PORT|USER)",
    "REQUEST_[A-Z_]+",
    "SCRIPT_(?:NAME|FILENAME|URI|URL)",
    "SERVER_(?:ADDR|ADMIN|NAME|PORT|PROTOCOL|SIGNATURE|SOFTWARE)",
    "DOCUMENT_(?:ROOT|URI)",
    "CONTEXT_(?:PREFIX|DOCUMENT_ROOT)",
    "HTTPS",
    "SSL_(?:CLIENT|SERVER|CIPHER|PROTOCOL|SESSION|TLS|VERSION|COMPRESS|SECURE|SRP)_?[A-Za-z0-9_]*",
    "REDIRECT_.*",
    "UNIQUE_ID",
  ].join("|")})$`,
  "s",
);

/** Whether a variable of a process says something of its CGI request. */
export function isOfRequest(name: string): boolean {
  return OF_REQUEST.test(name);
}

/** Of the variables of a process, those of its CGI request. @param all - in latin-1, one code point per byte */
export function requestVariables(all: readonly Variable[]): Variable[] {
  return all.filter(([name]) => isOfRequest(name));
}
