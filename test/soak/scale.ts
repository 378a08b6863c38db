// How long the soak tests are.

const scale = Number(process.env["TSGI_SOAK_SCALE"] ?? 1);

/** A number of rounds, made smaller by TSGI_SOAK_SCALE; at least one. */
export function rounds(full: number): number {
  return Math.max(1, Math.round(full * scale));
}

/** Writes what a test has measured, for the person who reads it. */
export function report(text: string): void {
  process.stdout.write(`${text}\n`);
}
