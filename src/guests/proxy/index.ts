// tsgi/guests/proxy: HTTP servers as applications. For users; inside the package import the files that own the symbols.
export { appFactory, proxyApplication, type ProxyOptions } from "./proxy-application.ts";
export type { UpstreamApplication } from "../upstream/upstream-application.ts";
