// @ts-check
// The machine a result comes from, which of its cores serve and which make the load, and how busy it was with other things.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

const TICKS_PER_SECOND = 100;

/**
 * Runs a command for its answer.
 *
 * @param {string} command a program
 * @param {string[]} args its arguments
 * @returns {string | null} what it printed, trimmed; null when there is no such program or it fails
 */
export function answerOf(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return status === 0 ? stdout.trim() : null;
}

/**
 * Describes the machine for the record.
 *
 * @returns {{ cpu: string, cores: number, memoryBytes: number, kernel: string, node: string, v8: string }} facts
 */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    v8: process.versions.v8,
  };
}

/**
 * Divides the cores: the load on the first that we may use, the servers on the second; null where there is only one.
 *
 * @returns {{ load: number, server: number } | null} numbers of cores
 */
export function divideCores() {
  if (answerOf("taskset", ["--version"]) === null) return null;
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "0";
  const allowed = list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const [load, server] = allowed;
  return load === undefined || server === undefined ? null : { load, server };
}

/**
 * Prefixes a command so that it stays on one core.
 *
 * @param {number | undefined} core number of a core; undefined leaves the command as it is
 * @param {string[]} argv the command
 * @returns {string[]} the command to run instead
 */
export function pinned(core, argv) {
  return core === undefined ? argv : ["taskset", "-c", String(core), ...argv];
}

/**
 * Reads how much CPU time the whole machine has used, and how much of it our own ended children.
 *
 * @returns {{ machine: number, children: number }} seconds
 */
export function readUsage() {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = readFileSync("/proc/stat", "latin1")
    .split("\n", 1)
    .flatMap((line) => line.split(/\s+/).map(Number));
  const own = readFileSync("/proc/self/stat", "latin1");
  const fields = own.slice(own.lastIndexOf(")") + 2).split(" ");
  return {
    machine: (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND,
    children: (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND,
  };
}
