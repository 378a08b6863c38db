// The TypeScript parts of app.ini: a filter that lets only bearers of a token in, and a small application.
import { timingSafeEqual } from "node:crypto";

import type { AppFactory, FilterFactory } from "tsgi/deploy";

/** Lets requests with `Authorization: Bearer <token>` pass, and tells the application who came. */
export const auth: FilterFactory = (_globalConf, { token = "" }) => {
  const expected = Buffer.from(`Bearer ${token}`);
  return (application) => (environ, startResponse) => {
    const given = Buffer.from(environ["HTTP_AUTHORIZATION"] ?? "", "latin1");
    if (given.length === expected.length && timingSafeEqual(given, expected)) {
      // It arrives in Python with its type: a dict with a list.
      environ["example.user"] = { name: "Ada", roles: ["customer"] };
      return application(environ, startResponse);
    }
    startResponse("401 Unauthorized", [
      ["Content-Type", "text/plain"],
      ["WWW-Authenticate", "Bearer"],
    ]);
    return [Buffer.from("Say the token\n")];
  };
};

/** Keeps what is posted, for as long as the process lives. */
export const notes: AppFactory = () => {
  const kept: string[] = [];
  return async (environ, startResponse) => {
    if (environ.REQUEST_METHOD === "POST") kept.push(Buffer.from(await environ["wsgi.input"].read()).toString());
    startResponse("200 OK", [["Content-Type", "application/json"]]);
    return [Buffer.from(JSON.stringify(kept))];
  };
};
