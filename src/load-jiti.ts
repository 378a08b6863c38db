// jiti, which loads TypeScript where Node cannot. It is one large CommonJS file: `import` would read it once more, for the names of
// its exports, and take 20 ms of every start.
import { createRequire } from "node:module";
import type * as Jiti from "jiti";

const require = createRequire(import.meta.url);

/** The package, loaded when it is first needed. */
export function loadJiti(): Pick<typeof Jiti, "createJiti"> {
  return require("jiti") as typeof Jiti;
}
