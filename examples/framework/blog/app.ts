// A small blog: people register, log in, write posts with pictures, change and delete them. The tutorial of Flask, in TypeScript.
//
//   npx tsgi 'examples/framework/blog/app.ts:makeBlog("/tmp/blog")'
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { App, HTTPError } from "tsgi/framework";
import { csrf, securityHeaders, sessionCookie } from "tsgi/middleware";
import { compose, type WSGIApplication } from "tsgi/wsgi";
import { authBlueprint } from "./auth.ts";
import { Store } from "./database.ts";
import { errorPage } from "./pages.ts";
import { postsBlueprint } from "./posts.ts";

/**
 * Makes the application.
 *
 * @param directory - where database and pictures are kept; made when it is missing
 * @param secret - seals the sessions; of several workers all need the same
 */
export async function makeBlog(
  directory: string,
  secret: string = process.env["BLOG_SECRET"] ?? randomBytes(32).toString("hex"),
): Promise<WSGIApplication> {
  const uploads = join(directory, "pictures");
  mkdirSync(uploads, { recursive: true });
  const store = await Store.open(join(directory, "blog.db"));

  const app = new App();
  app.static("/static", join(import.meta.dirname, "static"), { maxAgeSeconds: 3600 });
  app.before((request) => {
    const id = request.session.get<number>("user");
    const user = id === undefined ? undefined : store.user(id);
    if (user !== undefined) request.state["user"] = user;
  });
  app.errorHandler(HTTPError, (error, request) => [errorPage(request, error.title, error.detail), error.status]);
  app.register(authBlueprint(store));
  app.register(postsBlueprint(store, uploads));

  return compose(securityHeaders(), sessionCookie({ secrets: secret }), csrf())(app);
}
