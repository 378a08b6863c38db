// @ts-check
// What a server costs, from the operating system's accounting: CPU time and resident memory of its whole process tree.
// Source: proc(5): /proc/PID/task/TID/schedstat (nanoseconds on a CPU), /proc/PID/stat (clock ticks), /proc/PID/status.
import { readdirSync, readFileSync } from "node:fs";

const NANOSECONDS_PER_TICK = 10_000_000; // USER_HZ is 100 on every Linux that Node runs on
const KILOBYTE = 1024;

/**
 * A reading of the CPU time which a process tree has used so far.
 *
 * @typedef {object} CpuReading
 * @property {Map<string, number>} threads nanoseconds on a CPU for each living thread, by `PID/TID`
 * @property {number} ticks clock ticks of all processes and of the children they have waited for
 * @property {number} waitedTicks those of the children alone
 */

/**
 * Lists a process, its descendants, and all that live in the session it leads.
 *
 * @param {number} root the process which the harness has started, leader of its session
 * @returns {number[]} process ids, the root first if it lives
 */
export function processTree(root) {
  /** @type {Map<number, { parent: number, session: number }>} */
  const all = new Map();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const fields = Number.isInteger(pid) ? statFields(pid) : null;
    if (fields) all.set(pid, { parent: Number(fields[1]), session: Number(fields[3]) });
  }
  const isInTree = (/** @type {number} */ pid) => {
    for (let at = pid; at > 1; at = all.get(at)?.parent ?? 0) {
      if (at === root || all.get(at)?.session === root) return true;
    }
    return false;
  };
  return [...all.keys()].filter(isInTree).toSorted((a, b) => Number(b === root) - Number(a === root));
}

/**
 * Reads the CPU time that a process tree has used so far.
 *
 * @param {number} root the process which the harness has started
 * @returns {CpuReading} to be given to `cpuBetween`
 */
export function readCpu(root) {
  /** @type {Map<string, number>} */
  const threads = new Map();
  let ticks = 0;
  let waitedTicks = 0;
  for (const pid of processTree(root)) {
    const fields = statFields(pid);
    if (!fields) continue;
    const waited = Number(fields[13]) + Number(fields[14]);
    ticks += Number(fields[11]) + Number(fields[12]) + waited;
    waitedTicks += waited;
    for (const tid of list(`/proc/${pid}/task`)) {
      const text = read(`/proc/${pid}/task/${tid}/schedstat`);
      if (text) threads.set(`${pid}/${tid}`, Number(text.split(" ", 1)[0]));
    }
  }
  return { threads, ticks, waitedTicks };
}

/**
 * Tells what was used between two readings: exact to the nanosecond while no thread or process has ended, to the clock tick otherwise.
 *
 * @param {CpuReading} before the earlier reading
 * @param {CpuReading} after the later one
 * @returns {{ nanoseconds: number, source: "schedstat" | "stat" }} CPU time, and which accounting gave it
 */
export function cpuBetween(before, after) {
  const hasLostThread = [...before.threads.keys()].some((key) => !after.threads.has(key));
  // CGI programs begin and end between two readings: no thread is lost that was seen.
  const hasLostProcess = after.waitedTicks > before.waitedTicks;
  if (hasLostThread || hasLostProcess || after.threads.size === 0) {
    return { nanoseconds: (after.ticks - before.ticks) * NANOSECONDS_PER_TICK, source: "stat" };
  }
  let nanoseconds = 0;
  for (const [key, value] of after.threads) nanoseconds += value - (before.threads.get(key) ?? 0);
  return { nanoseconds, source: "schedstat" };
}

/**
 * Reads the resident memory of a process tree.
 *
 * @param {number} root the process which the harness has started
 * @returns {number} bytes (VmRSS, summed over the processes)
 */
export function readResidentBytes(root) {
  let bytes = 0;
  for (const pid of processTree(root)) {
    const match = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`));
    if (match) bytes += Number(match[1]) * KILOBYTE;
  }
  return bytes;
}

/**
 * Reads the fields of /proc/PID/stat behind the command's name (which may hold spaces and brackets): state is 0, parent 1.
 *
 * @param {number} pid a process
 * @returns {string[] | null} the fields; null when the process has gone
 */
function statFields(pid) {
  const text = read(`/proc/${pid}/stat`);
  return text ? text.slice(text.lastIndexOf(")") + 2).split(" ") : null;
}

/** @param {string} path a file that may vanish at any moment @returns {string} its text, or nothing */
function read(path) {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** @param {string} path a folder that may vanish at any moment @returns {string[]} what it holds */
function list(path) {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
