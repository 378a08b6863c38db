// Stacks for the author of an application: only the frames of their own code, and the source line of a syntax error.
import { readFileSync } from "node:fs";

const FOREIGN_FRAME =
  /\((?:node:|<anonymous>)|at (?:async )?node:|at async Promise\.|[\\/]node_modules[\\/](?:jiti|commander)[\\/]|\bdata:text\/javascript/;

/**
 * Removes the frames of Node, the loader and this package.
 *
 * @param error - what was thrown; anything may be
 * @param packageRoot - directory of this package, with a slash at the end; its bin, dist and src hold no code of the user's
 * @returns the frames of the user's code, followed by those of its causes; without the first line, which `describeThrown` returns
 */
export function userStack(error: unknown, packageRoot: string): string {
  if (!(error instanceof Error)) return "";
  const stack = typeof error.stack === "string" ? error.stack : "";
  const lines = stack.split("\n").filter((line) => !isForeignFrame(line, packageRoot));
  if (lines[0] === describeThrown(error)) lines.shift();
  if (error.cause !== undefined)
    lines.push(`Caused by ${describeThrown(error.cause)}`, userStack(error.cause, packageRoot));
  return lines
    .filter((line) => line !== "")
    .map((line) => line.replace("file://", ""))
    .join("\n");
}

/** Removes the frames of Node, the loader and this package from a text with one or more stacks. */
export function withoutForeignFrames(text: string, packageRoot: string): string {
  return text
    .split("\n")
    .filter((line) => !isForeignFrame(line, packageRoot))
    .join("\n");
}

/** One line about a thrown value: `TypeError: x is not a function`, or the value itself if it is not an error. */
export function describeThrown(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  try {
    return typeof error === "string" ? `the string ${JSON.stringify(error)}` : `the value ${String(error)}`;
  } catch {
    return "a value that cannot be shown";
  }
}

/**
 * Shows a line of a source file with a mark below the column.
 *
 * @param line - from 1
 * @param column - from 1
 * @returns two lines, or an empty text if the file has no such line
 */
export function sourceExcerpt(file: string, line: number, column: number): string {
  let text: string | undefined;
  try {
    text = readFileSync(file, "utf8").split("\n")[line - 1];
  } catch {
    return "";
  }
  if (text === undefined || text.length > 500) return "";
  const gutter = ` ${line} | `;
  const indent = text.slice(0, Math.max(0, column - 1)).replaceAll(/[^\t]/g, " ");
  return `${gutter}${text.trimEnd()}\n${" ".repeat(gutter.length - 2)}| ${indent}^`;
}

function isForeignFrame(line: string, packageRoot: string): boolean {
  if (!/^\s+at /.test(line)) return false;
  return (
    FOREIGN_FRAME.test(line) || ["bin/", "dist/", "src/"].some((directory) => line.includes(packageRoot + directory))
  );
}
