// The root of the site, in TypeScript.
import type { AppFactory } from "tsgi/deploy";

/** Answers with the path. */
export const appFactory: AppFactory = () => (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  return [Buffer.from(`TypeScript: ${environ.PATH_INFO}\n`)];
};
