// tsgi/guests/fetch: fetch handlers. For users; inside the package import the files that own the symbols.
export { fetchApplication, type FetchContext, type FetchFunction, type FetchHandlerLike } from "./fetch-application.ts";
