// Types for the configuration file.
import type { Config } from "./table.ts";

/**
 * Returns the configuration unchanged. With it, an editor knows every setting.
 *
 * @example
 * // tsgi.config.ts
 * import { defineConfig } from "tsgi/server";
 * export default defineConfig({ bind: ":8080", workers: 4, timeout: "2m", maxWorkerMemory: "512M" });
 */
export function defineConfig(config: Config): Config {
  return config;
}
