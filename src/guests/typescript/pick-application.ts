// Chooses the application among the exports of a module: the named one, or `application`, `app`, the default export.
import type { WSGIApplication } from "../../wsgi/types.ts";
import { adaptApplication, type ApplicationInterface } from "./adapt-application.ts";
import { NoSuchAttributeError, NotAnApplicationError, TargetLoadError } from "./errors.ts";
import { PACKAGE_ROOT } from "../../own-exports.ts";
import { nearestName } from "../../nearest-name.ts";
import type { Target } from "./parse-target.ts";
import { describeThrown, userStack } from "./user-stack.ts";

const DEFAULT_ATTRIBUTES = ["application", "app", "default"] as const;

/** An application and the name of the export that it (or its factory) is. */
export interface PickedApplication {
  readonly application: WSGIApplication;
  readonly attribute: string;
}

/**
 * Takes the application of a target out of its module.
 *
 * @param namespace - what importing the module gave
 * @param applicationInterface - what it is written for
 * @throws NoSuchAttributeError when the export does not exist; the message names the nearest and those that could be meant
 * @throws NotAnApplicationError when it is something else
 * @throws TargetLoadError when the factory throws
 */
export async function pickApplication(
  namespace: object,
  target: Target,
  applicationInterface: ApplicationInterface = "auto",
): Promise<PickedApplication> {
  const attributes = collectExports(namespace);
  const attribute = target.attribute ?? DEFAULT_ATTRIBUTES.find((name) => attributes.has(name));
  if (attribute === undefined || !attributes.has(attribute)) throw noSuchAttribute(attribute, attributes, target);
  let value = attributes.get(attribute);
  if (target.factoryArguments !== undefined) value = await callFactory(value, attribute, target);
  try {
    return { application: await adaptApplication(value, applicationInterface), attribute };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const source = target.factoryArguments === undefined ? `"${attribute}"` : `What "${attribute}()" returned`;
    throw new NotAnApplicationError(`${source} in "${target.module}" is not an application: ${reason}`, {
      cause: error,
    });
  }
}

/** The exports by name. CommonJS modules hold those that static analysis did not find in their default export. */
function collectExports(namespace: object): Map<string, unknown> {
  const attributes = new Map<string, unknown>(Object.entries(namespace));
  const inner = attributes.get("default");
  if (typeof inner === "object" && inner !== null && (attributes.size === 1 || attributes.has("module.exports"))) {
    for (const [name, value] of Object.entries(inner)) {
      if (name === "default" || !attributes.has(name)) attributes.set(name, value);
    }
  }
  attributes.delete("__esModule");
  attributes.delete("module.exports");
  return attributes;
}

async function callFactory(factory: unknown, attribute: string, target: Target): Promise<unknown> {
  if (typeof factory !== "function") {
    throw new NotAnApplicationError(
      `"${attribute}" in "${target.module}" is not a function, so it cannot be called as a factory`,
    );
  }
  try {
    return await (factory as (...values: readonly unknown[]) => unknown)(...(target.factoryArguments ?? []));
  } catch (error) {
    const message = `The factory "${attribute}" in "${target.module}" threw: ${describeThrown(error)}`;
    throw new TargetLoadError(message, userStack(error, PACKAGE_ROOT), { cause: error });
  }
}

function noSuchAttribute(
  name: string | undefined,
  attributes: Map<string, unknown>,
  target: Target,
): NoSuchAttributeError {
  const candidates = [...attributes].filter(([, value]) => isCandidate(value)).map(([key]) => key);
  const listed = candidates.map((key) => `"${key}"`).join(", ");
  const exported = candidates.length === 0 ? "it exports nothing that can be called" : `it exports ${listed}`;
  if (name === undefined) {
    return new NoSuchAttributeError(
      `"${target.module}" exports no "application", no "app" and no default: ${exported}; choose one with "${target.module}:NAME"`,
    );
  }
  const nearest = nearestName(name, candidates);
  const guess = nearest === undefined ? "" : `did you mean "${nearest}"? `;
  return new NoSuchAttributeError(
    `"${target.module}" has no export "${name}": ${guess}${nearest === undefined ? exported : `(${exported})`}`,
  );
}

function isCandidate(value: unknown): boolean {
  return (
    typeof value === "function" ||
    (typeof value === "object" && value !== null && ("call" in value || "fetch" in value || "callback" in value))
  );
}
