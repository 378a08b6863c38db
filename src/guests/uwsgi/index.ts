// tsgi/guests/uwsgi: servers of the uwsgi protocol as applications. For users; inside the package import the files that own the symbols.
export { appFactory, uwsgiApplication, type UwsgiOptions } from "./uwsgi-application.ts";
export type { UpstreamApplication } from "../upstream/upstream-application.ts";
