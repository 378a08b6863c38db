// Finds the command of a Procfile that serves, and what stands around it.
import { splitWords } from "../../server/settings/split-words.ts";
import { fallbackForms } from "./platform-variables.ts";
import { UsageError } from "../errors.ts";
import type { Draft } from "./draft.ts";

/** The command that serves, in words. */
export interface ServerCommand {
  readonly server: "gunicorn" | "uwsgi";
  readonly words: readonly string[];
  /** From `cd DIR &&` before it. */
  readonly directory: string | undefined;
  /** From `NAME=VALUE` before it. */
  readonly variables: ReadonlyMap<string, string>;
}

const MAX_COMMAND_CHARACTERS = 10_000;

/** Programs that run another one, which follows; the second is an argument of theirs. */
const WRAPPERS: readonly RegExp[] = [
  /^exec\s+/,
  /^(?:pipenv|poetry|uv|pdm|hatch|rye)\s+run\s+(?:--\s+)?/,
  /^(?:newrelic-admin\s+run-program|ddtrace-run|opentelemetry-instrument|bin\/start-nginx|bin\/start-pgbouncer|bin\/qgtunnel)\s+/,
  /^python[\d.]*\s+-m\s+(?=gunicorn|uwsgi)/,
];

/**
 * Reads a Procfile.
 *
 * @param draft - receives remarks about the rest of it
 * @throws UsageError when no process of type web is served by gunicorn or uWSGI
 */
export function readProcfile(text: string, draft: Draft): ServerCommand {
  const processes = text.split("\n").flatMap((each) => {
    const [, type, line = ""] = /^\s*([\w-]+)\s*:(.*)$/.exec(each) ?? [];
    return type === undefined || line.trim() === "" ? [] : [{ type, line: line.trim() }];
  });
  const web = processes.find(({ type }) => type === "web");
  if (web === undefined) throw new UsageError("Cannot import the Procfile: it has no process of type web");
  for (const { type, line } of processes) {
    if (type === "web") continue;
    draft.missing(
      `${type}: ${line}`,
      type === "release" ? "let the platform run it, as before" : "it is a process of its own; keep its line",
    );
  }
  return serverCommand(web.line, draft);
}

/**
 * Reads a command line as a shell would, as far as that is needed.
 *
 * @throws UsageError when it starts neither gunicorn nor uWSGI
 */
export function serverCommand(line: string, draft: Draft): ServerCommand {
  if (line.length > MAX_COMMAND_CHARACTERS)
    throw new UsageError(`Cannot import the command: it has more than ${MAX_COMMAND_CHARACTERS} characters`);
  const variables = new Map<string, string>();
  let directory: string | undefined;
  let found: Pick<ServerCommand, "server" | "words"> | undefined;
  for (const part of line.split(/\s*(?:&&|;)\s*/).filter((each) => each !== "")) {
    const [, change] = /^cd\s+(\S+)$/.exec(part) ?? [];
    const command = found === undefined && change === undefined ? asServer(part, variables, draft) : undefined;
    if (change !== undefined) directory = change;
    else if (command !== undefined) found = command;
    else draft.missing(part, "the command runs nothing else; run it before, or as a release step of the platform");
  }
  if (found === undefined) {
    throw new UsageError(`Cannot import the command "${line}": expected one that starts gunicorn or uwsgi`);
  }
  return { ...found, directory, variables };
}

function asServer(
  part: string,
  variables: Map<string, string>,
  draft: Draft,
): Pick<ServerCommand, "server" | "words"> | undefined {
  let rest = part;
  let wrapper: RegExp | undefined;
  const given = new Map<string, string>();
  do {
    const assignment = /^(?:env\s+)?([A-Za-z_]\w*)=("[^"]*"|'[^']*'|\S*)\s+/.exec(rest);
    if (assignment !== null) {
      given.set(assignment[1] ?? "", (assignment[2] ?? "").replaceAll(/^["']|["']$/g, ""));
      rest = rest.slice(assignment[0].length);
      wrapper = /^/;
      continue;
    }
    wrapper = WRAPPERS.find((pattern) => pattern.test(rest));
    const [text = ""] = wrapper?.exec(rest) ?? [];
    if (text !== "" && !/^(?:exec|python)/.test(text)) {
      draft.changed(text.trim(), "keep it in front of tsgi where the application needs it");
    }
    rest = rest.slice(text.length);
  } while (wrapper !== undefined);
  const [program = "", ...words] = splitWords(withoutShellVariables(rest, draft), "the command");
  const name = program.replace(/^.*\//, "");
  if (name !== "gunicorn" && name !== "uwsgi") return undefined;
  for (const [key, value] of given) variables.set(key, value);
  return { server: name, words };
}

/**
 * Fills in the variables for which the command line has a value (`${NAME:-value}`). Options whose value is a variable that is read
 * anyway go away: `--bind 0.0.0.0:$PORT`.
 */
function withoutShellVariables(text: string, draft: Draft): string {
  let filled = text;
  for (const { variable, pattern, name } of fallbackForms()) {
    filled = filled.replaceAll(pattern, (all: string) => {
      draft.needless(all.trim(), `the variable ${variable} is read without it, for ${name}`);
      return " ";
    });
  }
  filled = filled.replaceAll(/\$\{(\w+):?-([^}]*)\}/g, (all: string, name: string, value: string) => {
    draft.changed(
      all,
      `the value ${value} is written; set TSGI_... in the environment for another than the default of ${name}`,
    );
    return value;
  });
  for (const [variable] of filled.matchAll(/\$\{?\w+\}?/g)) {
    draft.missing(variable, "only a shell fills in this variable; write its value");
  }
  return filled;
}
