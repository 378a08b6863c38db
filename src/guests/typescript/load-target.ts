// Loads the application that a target names. Source: gunicorn's and uWSGI's `module:attribute`, for TypeScript and JavaScript.
import type { WSGIApplication } from "../../wsgi/types.ts";
import type { ApplicationInterface } from "./adapt-application.ts";
import { findSource } from "./find-source.ts";
import { importModule } from "./import-module.ts";
import { parseTarget } from "./parse-target.ts";
import { pickApplication } from "./pick-application.ts";

/** Options for loading a target. */
export interface LoadTargetOptions {
  /** @default the current directory */
  readonly directory?: string;
  /** The interface of the application. @default "auto": detected by its shape */
  readonly interface?: ApplicationInterface;
}

/** An application with its origin. */
export interface LoadedTarget {
  readonly application: WSGIApplication;
  /** Absolute path of the module that was named. */
  readonly sourceFile: string;
  /** Name of the export that is the application or its factory. */
  readonly attribute: string;
}

/**
 * Loads an application.
 *
 * @param text - `file.ts`, `file.ts:attribute`, `module:attribute` or `module:factory(JSON arguments)`; without an attribute the
 *   exports `application`, `app` and the default export are tried, in this order
 * @throws TargetError one subclass for each thing that can go wrong, with its exit code
 * @example
 * const { application } = await loadTarget("shop.wsgi:application");
 */
export async function loadTarget(text: string, options: LoadTargetOptions = {}): Promise<LoadedTarget> {
  const target = parseTarget(text);
  const sourceFile = await findSource(target, options.directory ?? process.cwd());
  const namespace = await importModule(sourceFile);
  const { application, attribute } = await pickApplication(namespace, target, options.interface);
  return { application, sourceFile, attribute };
}
