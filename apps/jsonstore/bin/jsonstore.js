#!/usr/bin/env node
// The command. Its modules are TypeScript, which jiti loads; they find the package in whose repository they are by its built files.
import { fileURLToPath } from "node:url";
import { createJiti } from "jiti";

const alias = { "tsgi/wsgi": fileURLToPath(new URL("../../../dist/wsgi/index.js", import.meta.url)) };
const { main } = await createJiti(import.meta.url, { alias }).import("../src/cli/main.ts");
process.exitCode = await main(process.argv.slice(2));
