// Node as a language of guests: all that a test needs to run node-guest.ts behind the host's side of the lane.
import { fileURLToPath } from "node:url";
import type { GuestCommand, GuestLanguage } from "../../src/guests/lane/language.ts";

const GUEST = fileURLToPath(new URL("node-guest.ts", import.meta.url));
const LOADER = import.meta.resolve("jiti/register");

/** The language's part of the launch options. */
export interface NodeOptions {
  /** How the guest uses the status file. */
  readonly status: "write" | "none";
  /** Messages that it sends on its control channel instead of READY. */
  readonly says?: readonly (readonly [type: number, message: unknown])[];
}

/** Node, which runs one program. */
export class NodeLanguage implements GuestLanguage {
  readonly name = "Node";
  readonly interpreter = process.execPath;
  readonly isProgram: boolean;
  readonly #options: NodeOptions;

  constructor(options: NodeOptions, isProgram = false) {
    this.#options = options;
    this.isProgram = isProgram;
  }

  command(environment: Readonly<Record<string, string | undefined>>): GuestCommand {
    return { path: process.execPath, arguments: ["--import", LOADER, GUEST], environment };
  }

  launchOptions(): NodeOptions & Record<string, unknown> {
    return { ...this.#options };
  }

  stackOfThread(dump: string): string {
    return dump;
  }

  fatalReport(report: string): string {
    return report.includes("FATAL ERROR") ? report : "";
  }
}
