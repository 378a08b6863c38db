// Who somebody is: register, log in, log out.
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { Blueprint, flash, localTarget, redirect, type Request, type Response, type SafeHtml } from "tsgi/framework";
import type { Store, User } from "./database.ts";
import { accountPage, userOf } from "./pages.ts";

const derive = promisify<string, Buffer, number, Buffer>(scrypt);

async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `${salt.toString("hex")}:${(await derive(password, salt, 32)).toString("hex")}`;
}

/** Takes as long for a name that nobody has, so that the time tells nothing. */
async function isPasswordOf(user: User | undefined, password: string): Promise<boolean> {
  const [salt = "", hash = ""] = (user?.passwordHash ?? `${"00".repeat(16)}:${"00".repeat(32)}`).split(":");
  const found = await derive(password, Buffer.from(salt, "hex"), 32);
  return timingSafeEqual(found, Buffer.from(hash, "hex")) && user !== undefined;
}

/** Sends those who have not logged in to do so, and back; for `before`. */
export function requireLogin(request: Request): Response | null {
  if (userOf(request) !== null) return null;
  flash(request, "Log in first", "error");
  const next = request.method === "GET" ? request.path : undefined;
  return redirect(request.urlFor("auth.login", {}, { query: { next } }), 303);
}

export function authBlueprint(store: Store): Blueprint {
  const auth = new Blueprint("auth", { prefix: "/auth" });

  auth.get("/register", { name: "register" }, (request) => accountPage(request, "Register", ""));

  auth.post("/register", async (request): Promise<Response | SafeHtml> => {
    const form = await request.form();
    const name = (form.get("name") ?? "").trim();
    const password = form.get("password") ?? "";
    const error = name === "" ? "A name is needed" : password.length < 8 ? "The password needs 8 characters" : null;
    if (error === null && store.addUser(name, await hashPassword(password)) !== null) {
      flash(request, "Welcome! Now log in");
      return redirect(request.urlFor("auth.login"), 303);
    }
    flash(request, error ?? `The name ${name} is taken`, "error");
    return accountPage(request, "Register", name);
  });

  auth.get("/login", { name: "login" }, (request) => accountPage(request, "Log in", ""));

  auth.post("/login", async (request): Promise<Response | SafeHtml> => {
    const form = await request.form();
    const name = form.get("name") ?? "";
    const user = store.userNamed(name.trim());
    if (user === undefined || !(await isPasswordOf(user, form.get("password") ?? ""))) {
      flash(request, "Name or password is wrong", "error");
      return accountPage(request, "Log in", name);
    }
    request.session.clear(); // nothing of whoever was here before
    request.session.set("user", user.id);
    flash(request, `Hello ${user.name}`);
    return redirect(localTarget(request.args.get("next"), request.urlFor("blog.index")), 303);
  });

  auth.post("/logout", { name: "logout" }, (request) => {
    request.session.clear();
    return redirect(request.urlFor("blog.index"), 303);
  });

  return auth;
}
