// The signals that end a server: the first asks for a graceful stop, the second for a quick one.
import type { ReloadChild } from "./reload-child.ts";

/** Listens from its construction on, so that a signal during loading is not lost, also as process 1 of a container. */
export class StopSignals {
  /** Resolves with the short name of the first signal, for example `term`. */
  readonly first: Promise<string>;
  /** Resolves with the short name of the second signal; SIGQUIT counts as both. */
  readonly second: Promise<string>;
  #count = 0;

  /** @param child - set below a reloading parent, which decides alone about Ctrl-C and whose end is ours */
  constructor(child: ReloadChild | undefined) {
    let resolveFirst: (name: string) => void = () => {};
    let resolveSecond: (name: string) => void = () => {};
    this.first = new Promise((resolve) => (resolveFirst = resolve));
    this.second = new Promise((resolve) => (resolveSecond = resolve));
    const ask = (name: string, weight: 1 | 2): void => {
      this.#count += weight;
      resolveFirst(name);
      if (this.#count >= 2) resolveSecond(name);
    };
    process.on("SIGTERM", () => ask("term", 1));
    process.on("SIGQUIT", () => ask("quit", 2));
    // A terminal sends Ctrl-C to parent and child alike; counting both would make each stop a quick one.
    process.on("SIGINT", child === undefined ? () => ask("int", 1) : () => {});
    child?.onParentGone(() => ask("parent gone", 2));
  }

  /** True when a stop was asked for. */
  get isAsked(): boolean {
    return this.#count > 0;
  }
}
