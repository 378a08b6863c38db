// Names that could have been meant where a module or package was not found, for the message about it. Folders are listed only then.
import { readdirSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { EXTENSIONS } from "./import-module.ts";

/**
 * Lists the modules beside the one that was named, written as that one is: `shop.web` has `shop.api` beside it, `./shop` has `./web`.
 *
 * @param name - as written in the configuration
 * @param directory - of the configuration file
 */
export function modulesBeside(name: string, directory: string): string[] {
  const end = Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1;
  // A dot stands for a slash, unless it begins an extension.
  const isDotted = end === 0 && !EXTENSIONS.includes(extname(name));
  const start = isDotted ? name.lastIndexOf(".") + 1 : end;
  const prefix = name.slice(0, start);
  const folder = isDotted ? prefix.replaceAll(".", "/") : prefix;
  const hasExtension = EXTENSIONS.includes(extname(name));
  return entriesOf(resolve(directory, folder)).flatMap((entry) => {
    const extension = extname(entry);
    if (EXTENSIONS.includes(extension)) return [prefix + (hasExtension ? entry : entry.slice(0, -extension.length))];
    return extension === "" ? [prefix + entry] : [];
  });
}

/** Lists the packages in the node_modules of a directory and its parents. */
export function packagesAround(directory: string): string[] {
  const folder = join(directory, "node_modules");
  const found = entriesOf(folder).flatMap((entry) =>
    entry.startsWith("@") ? entriesOf(join(folder, entry)).map((name) => `${entry}/${name}`) : [entry],
  );
  return directory === dirname(directory) ? found : [...found, ...packagesAround(dirname(directory))];
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).filter((entry) => !entry.startsWith("."));
  } catch {
    return [];
  }
}
