// Django loads its URLs, and with them most of an application, only with the first request. A worker of a broken deploy would boot, and the
// reload would go on; the warm-up request finds it out before.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Draft } from "./draft.ts";

/**
 * Sets the warm-up request where the target is a WSGI module of Django.
 *
 * @param directory - in which the server would be started
 */
export function warmDjangoUp(draft: Draft, directory: string): void {
  const [name = ""] = (draft.text("target") ?? "").split(":", 1);
  const file = name.endsWith(".py") ? name : `${join(...name.split("."))}.py`;
  const path = resolve(directory, draft.text("chdir") ?? "", file);
  if (name === "" || !existsSync(path) || !readFileSync(path, "utf8").includes("django.core.wsgi")) return;
  if (draft.get("warmup") !== undefined) return;
  draft.set("warmup", "/", "Django");
  draft.changed("Django", "it loads its URLs with the first request; warmup makes that request before a worker serves");
}
