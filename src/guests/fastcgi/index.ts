// tsgi/guests/fastcgi: FastCGI applications such as PHP-FPM. For users; inside the package import the files that own the symbols.
export { appFactory, fastcgiApplication, type FastCGIOptions } from "./fastcgi-application.ts";
export type { ScriptOptions } from "./script-finder.ts";
export type { UpstreamApplication } from "../upstream/upstream-application.ts";
