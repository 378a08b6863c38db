// tsgi/guests/scgi: SCGI servers as applications. For users; inside the package import the files that own the symbols.
export { appFactory, scgiApplication, type ScgiOptions } from "./scgi-application.ts";
export type { UpstreamApplication } from "../upstream/upstream-application.ts";
