// Tells where each value of a configuration comes from: file, line, section and key, and what it replaced on the way.
import { basename } from "node:path";
import { HIDDEN, isSecretName, secretHider } from "../secret-name.ts";
import type { Context, FactoryReference } from "./context.ts";
import { loadContext, type LoadOptions } from "./load.ts";
import type { ObjectType } from "./object-type.ts";
import type { Origin, OriginValue, OriginValues } from "./origin-values.ts";
import { flatten, treeOf } from "./tree.ts";

/** Gives the text for the value of a key. */
type ShowValue = (key: string, value: string) => string;

/** One value that a factory receives. */
export interface ExplainedValue {
  readonly key: string;
  readonly value: string;
  readonly scope: "local" | "global";
  /** Where it was written. */
  readonly origin: Origin;
  /** Values that it replaced, the latest first. */
  readonly replaced: readonly { readonly value: string; readonly origin: Origin }[];
}

/** One object of the configuration with its values. */
export interface ExplainedObject {
  /** The section, or for an object without a section, its reference. */
  readonly title: string;
  readonly context: Context;
  readonly values: readonly ExplainedValue[];
}

/** Options of {@link explain}. */
export interface ExplainOptions extends LoadOptions {
  /** Type of the object that is explained. @default "application" */
  readonly wanted?: ObjectType;
  /** Only these keys. @default all */
  readonly keys?: readonly string[];
}

/**
 * Explains an object and all its parts.
 *
 * @throws {DeployError} when the configuration cannot be resolved
 */
export function explain(uri: string, options: ExplainOptions = {}): ExplainedObject[] {
  const context = loadContext(options.wanted ?? "application", uri, { onWarning: () => {}, ...options });
  return flatten(treeOf(context)).map((node) => ({
    title: titleOf(node.context),
    context: node.context,
    values: [
      ...explainSettings(node.context.locals, "local", options.keys ?? []),
      ...explainSettings(node.context.globals, "global", options.keys ?? []),
    ],
  }));
}

/**
 * Formats an explanation as text, one line per value. Global values that are the same as for the object before are left out, and probable
 * secrets are hidden.
 *
 * @example
 * [app:main] /srv/app.ini line 4, call:./app.ts:factory
 *   debug = true      app.ini line 6, "debug" in [app:main]
 */
export function formatExplanation(objects: readonly ExplainedObject[]): string {
  const seen = new Set<string>();
  const show = hiding(objects.map(({ context }) => context));
  const blocks = objects.flatMap(({ title, context, values }) => {
    const shown = values.filter((value) => value.scope === "local" || isNew(value, seen));
    if (shown.length === 0 && objects.length > 1) return [];
    const reference = context.kind === "factory" ? [referenceText(context.reference)] : [];
    const head = [`${title}  ${[placeText(context.place), ...reference].join(", ")}`];
    return [[...head, ...shown.map((value) => valueLine(value, show))].join("\n")];
  });
  return blocks.join("\n\n");
}

/** A context in a word: its section with those that use it before it, or what it refers to. */
export function titleOf(context: Context): string {
  if (context.section !== null) {
    return [...context.users.toReversed(), context.section].map((section) => `[${section}]`).join(" uses ");
  }
  return context.kind === "factory" ? referenceText(context.reference) : context.kind;
}

/** A reference as it is written in a file. */
export function referenceText(reference: FactoryReference): string {
  if (reference.kind === "egg") return `egg:${reference.distribution}#${reference.name}`;
  return reference.kind === "call" ? `call:${reference.spec}` : reference.spec;
}

function explainSettings(
  settings: OriginValues,
  scope: ExplainedValue["scope"],
  only: readonly string[],
): ExplainedValue[] {
  return [...settings]
    .filter(([key]) => only.length === 0 || only.includes(key))
    .map(([key, { value, origin, replaced }]) => ({ key, value, scope, origin, replaced: history(replaced) }));
}

function history(setting: OriginValue | undefined): { value: string; origin: Origin }[] {
  return setting === undefined ? [] : [{ value: setting.value, origin: setting.origin }, ...history(setting.replaced)];
}

function isNew({ key, value, origin }: ExplainedValue, seen: Set<string>): boolean {
  const identity = JSON.stringify([key, value, origin]);
  if (seen.has(identity)) return false;
  seen.add(identity);
  return true;
}

function valueLine({ key, value, scope, origin, replaced }: ExplainedValue, show: ShowValue): string {
  const name = scope === "global" ? `global ${key}` : key;
  const before = replaced.map((earlier, index) => {
    const how = index === 0 && origin.kind === "get" ? "copies" : "replaces";
    return `; ${how} "${show(key, earlier.value)}" from ${originText(earlier.origin)}`;
  });
  return `  ${name} = ${show(key, value)}  ← ${originText(origin)}${before.join("")}`;
}

/** Writes values without what is probably a secret: by its key, in the text itself, or copied from where a key or a variable says so. */
function hiding(contexts: readonly Context[]): ShowValue {
  const hide = secretHider(
    contexts.flatMap(({ locals, globals }) => [...locals.everyValue(), ...globals.everyValue()]),
  );
  return (key, value) => (isSecretName(key) ? HIDDEN : hide(value).replaceAll("\n", "\\n"));
}

function originText(origin: Origin): string {
  if (origin.kind === "caller" && origin.file === undefined) return "the caller";
  if (origin.kind === "builtin") return `${placeText(origin)}, built in`;
  return `${placeText(origin)}, "${origin.key ?? ""}" in [${origin.section ?? ""}]`;
}

function placeText({ file, line }: { readonly file?: string; readonly line?: number }): string {
  const name = file === undefined ? "no file" : basename(file);
  return line === undefined ? name : `${name} line ${line}`;
}
