// The answers of one process that come on connections of their own. Source: docs/lane-protocol.md, "Connections of their own".
import type { Socket } from "node:net";
import type { GuestExchange } from "./guest-exchange.ts";
import { SeparateAnswer, type SeparateLimits } from "./separate-answer.ts";

/** A lane whose request may be answered elsewhere. */
export interface AnsweredLane {
  /** Its requests. Answers before this one may not have been read yet: they come on another connection. */
  readonly unanswered: readonly GuestExchange[];
  /** Nobody wants the response any more. */
  abandon(exchange: GuestExchange): void;
}

/** Those that are not over. */
export class SeparateAnswers {
  readonly #language: string;
  readonly #limits: SeparateLimits;
  readonly #answers = new Set<SeparateAnswer>();

  /** @param language - of the guest, for messages */
  constructor(language: string, limits: SeparateLimits) {
    this.#language = language;
    this.#limits = limits;
  }

  /** How many there are. */
  get count(): number {
    return this.#answers.size;
  }

  /** Their requests. */
  get exchanges(): GuestExchange[] {
    return [...this.#answers].map(({ exchange }) => exchange);
  }

  /**
   * Takes a connection for the answer to a request of a lane; closes it where that request has been answered, or nobody wants it.
   *
   * @param lane - undefined where there is none of its number
   * @param request - id of the request
   * @param socket - its HELLO read
   */
  attach(lane: AnsweredLane | undefined, request: number, socket: Socket): void {
    const exchange = lane?.unanswered.find(({ id }) => id === request);
    if (lane === undefined || exchange === undefined || !exchange.mayAnswerElsewhere) {
      socket.destroy();
      return;
    }
    const answer = new SeparateAnswer(exchange, socket, this.#language, this.#limits, {
      abandoned: () => lane.abandon(exchange),
      over: () => void this.#answers.delete(answer),
    });
    this.#answers.add(answer);
    answer.begin();
  }
}
