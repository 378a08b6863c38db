// The requests in progress: workers are asked for them only when an operator wants to see them.
import type { RequestsSnapshot } from "../control/arbiter-control.ts";
import type { RequestsMessage } from "../channel/messages.ts";
import type { WorkerHandle } from "./worker-handle.ts";

/** Asks workers, and brings their answers together. */
export class RequestLists {
  /** Those who wait for the answer of a worker; one answer is good for all. */
  readonly #waiting = new Map<WorkerHandle, ((answer: RequestsMessage) => void)[]>();

  /** Takes in an answer; nobody has asked for one that has come too late. */
  heard(worker: WorkerHandle, answer: RequestsMessage): void {
    const waiting = this.#waiting.get(worker) ?? [];
    this.#waiting.delete(worker);
    for (const take of waiting) take(answer);
  }

  /** Asks all that have requests, and waits for them, at most `maxSeconds`. */
  async ask(workers: Iterable<WorkerHandle>, maxSeconds: number): Promise<RequestsSnapshot> {
    const asked = [...workers].filter(({ phase }) => phase === "serving" || phase === "draining");
    const answers = await Promise.all(asked.map((worker) => this.#askOne(worker, maxSeconds)));
    const requests = answers.flatMap(
      (answer, index) =>
        answer?.requests.map(({ method, path, ageSeconds, state, python, requestId }) => {
          const { id, pid } = asked[index] as WorkerHandle; // one for one
          return { ageSeconds, method, path, state, worker: id, pid, python, requestId };
        }) ?? [],
    );
    return {
      requests: requests.toSorted((a, b) => b.ageSeconds - a.ageSeconds),
      leftOut: answers.reduce((sum, answer) => sum + (answer?.leftOut ?? 0), 0),
      silentWorkers: asked.flatMap(({ id }, index) => (answers[index] === null ? [id] : [])),
    };
  }

  #askOne(worker: WorkerHandle, maxSeconds: number): Promise<RequestsMessage | null> {
    return new Promise((resolve) => {
      const take = (answer: RequestsMessage): void => {
        clearTimeout(timer);
        resolve(answer);
      };
      const timer = setTimeout(() => {
        const others = (this.#waiting.get(worker) ?? []).filter((other) => other !== take);
        if (others.length === 0) this.#waiting.delete(worker);
        else this.#waiting.set(worker, others);
        resolve(null);
      }, maxSeconds * 1000);
      this.#waiting.set(worker, [...(this.#waiting.get(worker) ?? []), take]);
      worker.send({ type: "list-requests" });
    });
  }
}
