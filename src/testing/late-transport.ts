// A transport that is made with its first request.

import type { Transport, WireRequest, WireResponse } from "./transport.ts";

/** Stands for a transport whose module is not loaded yet. */
export class LateTransport implements Transport {
  readonly #make: () => Promise<Transport>;
  #transport: Promise<Transport> | null = null;

  /** @param make - loads and makes it */
  constructor(make: () => Promise<Transport>) {
    this.#make = make;
  }

  async send(request: WireRequest): Promise<WireResponse> {
    this.#transport ??= this.#make();
    return (await this.#transport).send(request);
  }

  close(): void {
    void this.#transport?.then((transport) => transport.close());
  }
}
