// tsgi/guests/cgi: CGI programs. For users; inside the package import the files that own the symbols.
export { cgiApplication, type CgiOptions } from "./cgi-application.ts";
export { cgiBin, type CgiBinOptions } from "./cgi-bin.ts";
export type { ProgramOptions } from "./cgi-runner.ts";
export { appFactory, binAppFactory } from "./factories.ts";
