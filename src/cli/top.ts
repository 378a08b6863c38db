// `tsgi top`: the workers of a running server, live in a terminal; printed once where the output is no terminal.
import type { Command } from "../commander.ts";
import { fetchStats, type StatsDocument } from "./stats-client.ts";
import { renderTop } from "./top-view.ts";
import { UsageError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";

interface TopOptions {
  readonly stats?: string;
  readonly interval: string;
  readonly once?: boolean;
}

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
const CONTROL_C = "\x03";

/**
 * Adds `top` to the program.
 *
 * @param program - of commander
 */
export function registerTopCommand(program: Command): void {
  program
    .command("top")
    .description("Shows the workers of a running server, live; press q to quit.")
    .option("-a, --stats <address>", "private listener of the server: HOST:PORT or unix:PATH (default: $TSGI_STATS)")
    .option("-i, --interval <seconds>", "time between two updates", "1")
    .option("--once", "print once and exit, as if the output is not a terminal")
    .action(async (options: TopOptions) => process.exit(await top(options)));
}

async function top({ stats, interval, once = false }: TopOptions): Promise<number> {
  const address = stats ?? process.env["TSGI_STATS"] ?? "";
  if (address === "") throw new UsageError("Name the private listener of the server with --stats ADDRESS");
  const seconds = Number(interval);
  if (!(seconds >= 0.1 && seconds <= 3600)) throw new UsageError("Expected --interval from 0.1 to 3600 seconds");
  const first = await fetchStats(address);
  if (once || !process.stdout.isTTY) {
    process.stdout.write(`${renderTop(null, first, viewOf(process.stdout.columns ?? 120)).join("\n")}\n`);
    return EXIT_CODES.success;
  }
  await watch(address, first, seconds);
  return EXIT_CODES.success;
}

/** Draws until q or Ctrl-C. */
async function watch(address: string, first: StatsDocument, seconds: number): Promise<void> {
  const quit = untilQuit();
  process.stdout.write(ENTER);
  try {
    let before: StatsDocument | null = null;
    let now = first;
    for (;;) {
      draw(before, now, "");
      if (await Promise.race([quit.then(() => true), pause(seconds)])) return;
      before = now;
      try {
        now = await fetchStats(address);
      } catch (error) {
        draw(null, now, error instanceof Error ? error.message : String(error));
      }
    }
  } finally {
    process.stdout.write(LEAVE);
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
  }
}

function draw(before: StatsDocument | null, now: StatsDocument, complaint: string): void {
  // A terminal that does not know its size says 0.
  const columns = process.stdout.columns || 80;
  const rows = process.stdout.rows || 24;
  const lines = renderTop(before, now, viewOf(columns));
  if (complaint !== "") lines.push("", complaint.slice(0, columns));
  const visible = lines.slice(0, Math.max(1, rows - 1));
  process.stdout.write(`${HOME}${visible.map((line) => `${line}${CLEAR_LINE}`).join("\r\n")}${CLEAR_BELOW}`);
}

function viewOf(columns: number): { columns: number; isColoured: boolean } {
  return { columns, isColoured: process.stdout.isTTY && process.env["NO_COLOR"] === undefined };
}

function untilQuit(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(true);
    process.stdin.on("data", (keys: Buffer) => {
      const text = keys.toString("latin1");
      if (/[qQ]/.test(text) || text.includes(CONTROL_C)) resolve();
    });
  });
}

function pause(seconds: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), seconds * 1000);
  });
}
