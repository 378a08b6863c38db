// What is new.
import type { AppFactory } from "tsgi/deploy";

/** Answers with the path below its mount. */
export const api: AppFactory = () => (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "application/json"]]);
  return [Buffer.from(JSON.stringify({ mount: environ.SCRIPT_NAME, path: environ.PATH_INFO }))];
};
