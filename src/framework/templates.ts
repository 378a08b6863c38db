// Templates in files: one function per engine. eta is at hand where it is installed; any other takes as few lines.
// Source: eta's documentation; the package is an optional peer, loaded with the first page.
import { FrameworkError } from "./errors.ts";

/** Renders a template; what comes back is a page, escaped. */
export type TemplateEngine = (name: string, data: Readonly<Record<string, unknown>>) => string | Promise<string>;

/** How the templates of eta are read. */
export interface EtaOptions {
  /** Whether a template is read again when it has changed. @default whether NODE_ENV is "development" */
  readonly isReloading?: boolean;
}

/**
 * Renders the templates of a directory with eta: `<%= it.name %>` is escaped, `<%~ %>` is not.
 *
 * @param directory - of files that end in `.eta`
 * @example
 * const app = new App({ templates: etaTemplates("templates") });
 * app.get("/", () => app.render("index", { title: "Hello" }));
 */
export function etaTemplates(directory: string, options: EtaOptions = {}): TemplateEngine {
  const { isReloading = process.env["NODE_ENV"] === "development" } = options;
  let engine: ReturnType<typeof loadEta> | null = null;
  return async function renderEta(name, data) {
    engine ??= loadEta(directory, !isReloading);
    return (await engine).renderAsync(name, { ...data });
  };
}

async function loadEta(
  directory: string,
  isCached: boolean,
): Promise<{ renderAsync(name: string, data: object): Promise<string> }> {
  const { Eta } = await import("eta").catch((cause: unknown) => {
    throw new FrameworkError('Templates need the package "eta"; install it', { cause });
  });
  return new Eta({ views: directory, cache: isCached, autoEscape: true });
}
