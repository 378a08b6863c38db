// The soak tests: one after another, because each of them wants the whole machine.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const HOUR = 3_600_000;

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("../../", import.meta.url)),
    include: ["test/soak/**/*.soak.ts"],
    pool: "forks",
    fileParallelism: false,
    testTimeout: HOUR,
    hookTimeout: 60_000,
  },
});
