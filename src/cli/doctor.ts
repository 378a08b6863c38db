// `tsgi doctor`: its options. What does the work is imported only then.
import type { Command } from "../commander.ts";
import type { DoctorOptions } from "./doctor/examine.ts";

/**
 * Adds `doctor` to the program.
 *
 * @param program - of commander
 * @param version - of this package
 */
export function registerDoctorCommand(program: Command, version: string): void {
  program
    .command("doctor")
    .description("Looks for what could keep a server from working here.")
    .option("--python <path>", "interpreter or virtual environment (default: as a server would find it)")
    .option("--json", "print JSON, for a bug report")
    .action(async (options: DoctorOptions) => {
      const { examine } = await import("./doctor/examine.ts");
      process.exit(examine(version, options));
    });
}
