// tsgi/gateways/cgi: an application as a CGI program. For users; inside the package import the files that own the symbols.
export type { CGIOptions } from "./answer-cgi.ts";
export { runCGI } from "./run-cgi.ts";
