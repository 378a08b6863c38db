// What an application of the framework says of its routes: as a table, or as OpenAPI.
import { relative } from "node:path";
import type { ListedRoute } from "../framework/route-list.ts";
import { CommandError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";

/** What the command line says of an OpenAPI document. */
export interface OpenApiOptions {
  readonly title?: string;
  readonly apiVersion?: string;
}

/** What is asked of the application; another copy of this package may have made it. */
interface Listing {
  listRoutes(): ListedRoute[];
  openapi(info: { title: string; version: string }): unknown;
}

/**
 * Prints one line for each route: rule, methods, name, where it is defined.
 *
 * @returns the exit code of the process
 * @throws TargetError when the target cannot be loaded; CommandError when it has no routes
 */
export async function printRoutes(target: string, isJson: boolean): Promise<number> {
  const routes = (await load(target)).listRoutes();
  await print(isJson ? `${JSON.stringify(routes, null, 2)}\n` : tableOf(routes));
  return EXIT_CODES.success;
}

/**
 * Prints the OpenAPI document of an application.
 *
 * @returns the exit code of the process
 * @throws as {@link printRoutes}
 */
export async function printOpenApi(target: string, options: OpenApiOptions): Promise<number> {
  const { title = target, apiVersion = "1.0.0" } = options;
  await print(`${JSON.stringify((await load(target)).openapi({ title, version: apiVersion }), null, 2)}\n`);
  return EXIT_CODES.success;
}

/** The process ends when all of it is written. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(text, () => resolve());
  });
}

async function load(target: string): Promise<Listing> {
  const { loadTarget } = await import("../guests/typescript/load-target.ts");
  const { application } = await loadTarget(target);
  const listing = application as Partial<Listing>;
  if (typeof listing.listRoutes === "function" && typeof listing.openapi === "function") return listing as Listing;
  throw new CommandError(
    EXIT_CODES.notAnApplication,
    "ERR_TSGI_NO_ROUTES",
    `"${target}" is no application of tsgi/framework; name the App itself, without the middleware around it`,
  );
}

function tableOf(routes: readonly ListedRoute[]): string {
  const rows = routes.map(({ rule, methods, name, place, schemas, subdomain }) => [
    subdomain === null ? rule : `${subdomain}: ${rule}`,
    methods.join(","),
    name,
    [place === "" ? "" : relative(process.cwd(), place), schemas.length === 0 ? "" : `(${schemas.join(", ")})`]
      .filter((part) => part !== "")
      .join(" "),
  ]);
  const all = [["Rule", "Methods", "Name", "Defined"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
