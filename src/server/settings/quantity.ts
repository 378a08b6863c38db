// Numbers with units: times in seconds, sizes in bytes.

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };
const BYTES: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/**
 * Reads a time.
 *
 * @param text - `30`, `30s`, `1.5m`, `2h`, `1d`, `500ms`
 * @returns seconds; undefined when the text has another form
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|m|h|d)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const unit = (match[2] ?? "s").toLowerCase();
  // Divided rather than multiplied, so that 500ms is 0.5 and not a neighbour of it.
  return unit === "ms" ? Number(match[1]) / 1000 : Number(match[1]) * (SECONDS[unit] ?? 1);
}

/**
 * Reads a size; K, M, G and T are powers of 1024.
 *
 * @param text - `8190`, `64K`, `10M`, `1.5G`, also `64KB` and `64KiB`
 * @returns whole bytes; undefined when the text has another form
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(?:i?b)?|b)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const unit = match[2]?.toLowerCase();
  const bytes = Number(match[1]) * (unit === undefined ? 1 : (BYTES[unit] ?? 1));
  return Number.isInteger(bytes) || unit !== undefined ? Math.round(bytes) : undefined;
}

/** A number of seconds for a reader: `30 s`, `5 min`, `2 h`. */
export function formatDuration(seconds: number): string {
  if (seconds === 0) return "0";
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 && seconds > 60 ? `${seconds / 60} min` : `${seconds} s`;
}

/** A number of bytes for a reader: `8190 B`, `64 KiB`. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return "0";
  const units = ["TiB", "GiB", "MiB", "KiB"];
  for (const [index, unit] of units.entries()) {
    const factor = 1024 ** (units.length - index);
    if (bytes % factor === 0) return `${bytes / factor} ${unit}`;
  }
  return `${bytes} B`;
}
