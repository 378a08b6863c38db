// Starts of other servers as starts of this one: their words, files and variables, translated as `tsgi import` translates them.
import { UsageError } from "../errors.ts";
import { Draft } from "../import/draft.ts";
import { finishDraft } from "../import/import-file.ts";
import { translateGunicornStart } from "../import/gunicorn-start.ts";
import { translateUwsgiStart } from "../import/uwsgi-start.ts";

/** A server whose command line is understood. */
export type OtherServer = "gunicorn" | "uwsgi";

type Environment = Readonly<Record<string, string | undefined>>;

/** gunicorn's settings for one run, which an import leaves out. */
const FOR_ONE_RUN = { check_config: "checkConfig", print_config: "printConfig" } as const;

/**
 * Translates a start, as it would serve.
 *
 * @param words - after the name of the server
 * @param directory - in which it is started
 * @throws UsageError for a word that the server does not know, or when it is told no application
 */
export function draftOfStart(
  server: OtherServer,
  words: readonly string[],
  directory: string,
  environment: Environment,
): Draft {
  const draft = new Draft();
  if (server === "gunicorn") translateGunicorn(words, draft, directory, environment);
  else translateUwsgiStart(words, draft, directory, environment);
  if (draft.get("target") === undefined) throw new UsageError(withoutApplication(server, draft));
  keepSlowRequests(server, draft);
  finishDraft(draft, directory);
  return draft;
}

function translateGunicorn(words: readonly string[], draft: Draft, directory: string, environment: Environment): void {
  const given = translateGunicornStart({ words }, draft, directory, environment);
  for (const [name, own] of Object.entries(FOR_ONE_RUN)) {
    const entry = given.get(name);
    if (entry?.kind === "value" && entry.value === true) draft.set(own, true, name);
  }
}

/**
 * The other servers let a request take as long as it takes: gunicorn with threads or greenlets, uWSGI without harakiri. A start that
 * says nothing of time keeps that.
 */
function keepSlowRequests(server: OtherServer, draft: Draft): void {
  if (draft.get("timeout") !== undefined) return;
  const hasThreads = Number(draft.get("threads") ?? 1) > 1;
  if (server === "uwsgi" || hasThreads || draft.text("workerClass") === "gevent")
    draft.set("timeout", 0, "no deadline of requests");
}

function withoutApplication(server: OtherServer, draft: Draft): string {
  const reasons = draft.remarks.flatMap(({ kind, subject, why }) =>
    kind === "missing" && /^(?:wsgi_app|module|wsgi|file|mount|paste)/.test(subject) ? [`${subject}: ${why}`] : [],
  );
  const example = server === "gunicorn" ? "shop.wsgi:application" : "--module shop.wsgi:application";
  return `Cannot serve what ${server} would: ${reasons[0] ?? `no application is named, as in "${server} ${example}"`}`;
}
