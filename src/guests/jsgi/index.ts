// tsgi/guests/jsgi: applications of JSGI 0.3. For users; inside the package import the files that own the symbols.
export { type JsgiApplication, jsgiApplication, type JsgiResponse } from "./jsgi-application.ts";
