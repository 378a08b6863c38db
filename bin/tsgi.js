#!/usr/bin/env node
// The command `tsgi`: starts the compiled program, and says what is missing where it was not compiled.
import { existsSync, lstatSync, mkdirSync } from "node:fs";
import * as nodeModule from "node:module";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

const program = new URL("../dist/cli/main.js", import.meta.url);

if (existsSync(program)) {
  // Keeps compiled code between starts where Node can (22.8 and later). Not in the directory for temporary files, Node's default: code
  // is run from there, and other users may write to it.
  const cache = fileURLToPath(new URL("../.cache/compiled", import.meta.url));
  if (isOwn(cache)) nodeModule.enableCompileCache?.(cache);
  const { main } = await import(program.href);
  // A link that is called like another server is the command of that name.
  const called = basename(process.argv[1] ?? "");
  const words = process.argv.slice(2);
  await main(["gunicorn", "uwsgi", "pserve"].includes(called) ? [called, ...words] : words);
} else {
  const directory = fileURLToPath(new URL("../", import.meta.url));
  process.stderr.write(`tsgi: Cannot start: the package in ${directory} is not built; run "npm run build" there\n`);
  process.exitCode = 1;
}

/** Whether a directory, made if need be, is this user's, and nobody else may write to it. As in src/server/worker/worker-main.ts. */
function isOwn(directory) {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(directory);
    return (mode & 0o170022) === 0o040000 && uid === process.geteuid?.();
  } catch {
    return false;
  }
}
