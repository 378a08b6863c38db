// @ts-check
// The few numbers a series of rounds is told by.

/**
 * @typedef {object} Summary
 * @property {number} median
 * @property {number} min
 * @property {number} max
 */

/**
 * Summarises a series.
 *
 * @param {number[]} values at least one number
 * @returns {Summary} median, smallest and largest
 */
export function summarise(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  const median = (pick(sorted, Math.floor(half)) + pick(sorted, Math.ceil(half))) / 2;
  return { median, min: pick(sorted, 0), max: pick(sorted, sorted.length - 1) };
}

/**
 * Takes a percentile by the nearest rank.
 *
 * @param {number[]} values at least one number
 * @param {number} percent between 0 and 100
 * @returns {number} the value below or at which that share lies
 */
export function percentile(values, percent) {
  const sorted = values.toSorted((a, b) => a - b);
  return pick(sorted, Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1));
}

/** @param {number[]} values a series @param {number} index a place in it @returns {number} the value there */
function pick(values, index) {
  const value = values[index];
  if (value === undefined) throw new RangeError("A summary needs at least one value");
  return value;
}
