// The connections to an upstream of one or several addresses: who gets which, who waits, what is kept, what is closed.
// Source: nginx's upstream module (keepalive, max_fails, least_conn); HAProxy's queues.
import { Ticker, type TickListener } from "../../http/ticker.ts";
import { occasionally } from "../../wsgi/occasionally.ts";
import { UpstreamError } from "./errors.ts";
import type { PoolSettings } from "./pool-options.ts";
import type { UpstreamAddress } from "./upstream-address.ts";
import { UpstreamConnection, type ConnectedPeer, type ConnectionOwner } from "./upstream-connection.ts";
import { queueMeter, type Meter, type QueueCounts } from "./upstream-meters.ts";
import { choosePeer, UpstreamPeer } from "./upstream-peer.ts";

/** A request that wants a connection. */
export interface ConnectionWaiter {
  /** False when it has given up. */
  readonly isWaiting: boolean;
  /** Asked of one in the queue before it gets a connection, or its place counts. @returns false when it gives up now, or has done so */
  stillWaits(): boolean;
  /** It has one. */
  granted(connection: UpstreamConnection): void;
  /** It gets none. */
  refused(error: UpstreamError): void;
}

/** What a pool has done so far, and does now. */
export interface UpstreamStats {
  /** Requests that got a connection. */
  readonly requests: number;
  /** Connections that were made. */
  readonly connects: number;
  /** Requests that were sent a second time. */
  readonly retries: number;
  /** Requests that the upstream failed. */
  readonly failures: number;
  /** Requests that got no connection. */
  readonly refused: number;
  /** Requests that wait for a connection now. */
  readonly queued: number;
  readonly addresses: readonly AddressStats[];
}

/** What it does at one address. */
export interface AddressStats {
  readonly address: string;
  /** Connections with a request, and without one. */
  readonly active: number;
  readonly idle: number;
  /** Connections that have gone over to another protocol. */
  readonly tunnels: number;
  readonly isDown: boolean;
}

interface QueuedWaiter {
  readonly waiter: ConnectionWaiter;
  readonly deadline: number;
  /** Addresses that have failed it. */
  readonly avoided: ReadonlySet<ConnectedPeer> | null;
}

/** A pool. Its clock ticks while it has connections or somebody waits. */
export class UpstreamPool implements ConnectionOwner, TickListener {
  place = -1;
  readonly settings: PoolSettings;
  readonly clock = new Ticker();
  /** All addresses, for messages. */
  readonly label: string;
  /** Whether to report now that there is no room: not for each request that is turned away. */
  readonly mayReport = occasionally();
  readonly #peers: readonly ConnectedPeer[];
  #queue: QueuedWaiter[] = [];
  readonly #meter: Meter<QueueCounts>;
  #toldQueued = 0;
  #requests = 0;
  #connects = 0;
  #retries = 0;
  #failures = 0;
  #refused = 0;
  #isClosed = false;

  /** @param addresses - at least one */
  constructor(addresses: readonly UpstreamAddress[], settings: PoolSettings) {
    this.settings = settings;
    this.#peers = addresses.map((address): ConnectedPeer => new UpstreamPeer(address));
    this.label = addresses.map(({ label }) => label).join(", ");
    this.#meter = queueMeter(this.label);
  }

  get stats(): UpstreamStats {
    return {
      requests: this.#requests,
      connects: this.#connects,
      retries: this.#retries,
      failures: this.#failures,
      refused: this.#refused,
      queued: this.#queue.filter(({ waiter }) => waiter.isWaiting).length,
      addresses: this.#peers.map((peer) => ({
        address: peer.address.label,
        active: peer.inFlight,
        idle: peer.idle.length,
        tunnels: peer.tunnels.size,
        isDown: peer.downUntil > this.clock.now,
      })),
    };
  }

  get addressCount(): number {
    return this.#peers.length;
  }

  /**
   * Gives a connection, now or later.
   *
   * @param isFresh - not one that was used before
   * @param avoided - addresses that have failed this request
   */
  acquire(waiter: ConnectionWaiter, isFresh = false, avoided: ReadonlySet<ConnectedPeer> | null = null): void {
    this.clock.add(this);
    const { maxConnections, maxQueue, queueSeconds } = this.settings;
    const peer = this.#isClosed
      ? null
      : choosePeer(this.#peers, this.clock.now, maxConnections, this.#requests, avoided);
    if (peer !== null) {
      this.#grant(waiter, this.#take(peer, isFresh));
      return;
    }
    if (this.#queue.length >= maxQueue) this.#queue = this.#queue.filter((queued) => queued.waiter.stillWaits());
    if (this.#isClosed || this.#queue.length >= maxQueue) {
      const problem = this.#isClosed ? "is closed" : `has ${maxConnections} requests, and ${maxQueue} wait for it`;
      this.#refuse(waiter, new UpstreamError(503, "BUSY", this.label, problem));
      return;
    }
    const deadline = queueSeconds === 0 ? Number.POSITIVE_INFINITY : this.clock.deadline(queueSeconds);
    this.#queue.push({ waiter, deadline, avoided });
    this.#noteQueue();
  }

  /**
   * Takes a connection back.
   *
   * @param keepSeconds - how long its protocol allows it to be kept; 0 when it must be closed, -1 when it does not say
   */
  release(connection: UpstreamConnection, keepSeconds: number): void {
    const { peer } = connection;
    const { idleSeconds, maxIdle } = this.settings;
    connection.user = null;
    // A second less than the upstream says, because its clock runs as long as the way of a request.
    const seconds = keepSeconds === -1 ? idleSeconds : Math.min(keepSeconds - 1, idleSeconds);
    if (this.#isClosed || seconds <= 0) {
      connection.destroy();
      return;
    }
    connection.isReused = true;
    const next = this.#next(peer, true);
    if (next !== null) {
      this.#grant(next, connection);
    } else if (peer.idle.length >= maxIdle) {
      connection.destroy();
    } else {
      connection.idleUntil = this.clock.deadline(seconds);
      peer.idle.push(connection);
      this.#note(peer);
    }
  }

  /** A request is sent again, because a connection that was kept was closed. */
  countRetry({ meter }: ConnectedPeer): void {
    this.#retries += 1;
    meter.retries += 1;
  }

  /** An address has failed a request. @param isFinal - no other is asked */
  countFailure({ meter }: ConnectedPeer, isFinal: boolean): void {
    meter.failures += 1;
    if (isFinal) this.#failures += 1;
  }

  /** A connection has gone over to another protocol: it lives as long as its client wants, and takes no place from requests. */
  switched(connection: UpstreamConnection): void {
    const { peer } = connection;
    peer.connections.delete(connection);
    peer.tunnels.add(connection);
    this.#note(peer);
    this.#refill(peer);
  }

  /** An address did not answer as it should: others are asked for a while. */
  failed(peer: ConnectedPeer): void {
    if (this.#peers.length > 1) peer.downUntil = this.clock.deadline(this.settings.failSeconds);
  }

  /** Closes what is idle, and lets nobody in. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const peer of this.#peers) for (const connection of peer.idle.slice()) connection.destroy();
    for (const { waiter } of this.#queue.splice(0)) {
      if (waiter.isWaiting) this.#refuse(waiter, new UpstreamError(503, "BUSY", this.label, "is closed"));
    }
    this.#noteQueue();
  }

  closed(connection: UpstreamConnection): void {
    const { peer } = connection;
    if (peer.tunnels.delete(connection)) {
      this.#note(peer);
      return;
    }
    peer.connections.delete(connection);
    const at = peer.idle.indexOf(connection);
    if (at !== -1) peer.idle.splice(at, 1);
    this.#note(peer);
    this.#refill(peer);
  }

  tick(now: number): void {
    let isNeeded = false;
    for (const peer of this.#peers) {
      // The one that was used least recently comes first.
      while (peer.idle[0] !== undefined && peer.idle[0].idleUntil <= now) peer.idle[0].destroy();
      for (const connection of peer.connections) connection.user?.tick(now);
      for (const connection of peer.tunnels) connection.user?.tick(now);
      isNeeded ||= peer.connections.size + peer.tunnels.size > 0;
    }
    const { queueSeconds } = this.settings;
    const late = this.#queue.filter(({ deadline }) => deadline <= now);
    if (late.length > 0) this.#queue = this.#queue.filter(({ deadline }) => deadline > now);
    for (const { waiter } of late) {
      if (!waiter.isWaiting) continue;
      this.#refuse(waiter, new UpstreamError(504, "QUEUE", this.label, `had no connection free for ${queueSeconds} s`));
    }
    this.#noteQueue();
    if (!isNeeded && this.#queue.length === 0) this.clock.delete(this);
  }

  /** There is room for one more connection: who waits may have it. */
  #refill(peer: ConnectedPeer): void {
    const next = this.#isClosed ? null : this.#next(peer, false);
    if (next !== null) this.#grant(next, this.#take(peer, true));
  }

  #take(peer: ConnectedPeer, isFresh: boolean): UpstreamConnection {
    const idle = isFresh ? undefined : peer.idle.pop();
    if (idle !== undefined) {
      this.#note(peer);
      return idle;
    }
    // One that is fresh takes the place of one that is not.
    if (peer.connections.size >= this.settings.maxConnections) peer.idle[0]?.destroy();
    this.#connects += 1;
    peer.meter.connects += 1;
    const connection = new UpstreamConnection(peer, this);
    peer.connections.add(connection);
    this.#note(peer);
    return connection;
  }

  #grant(waiter: ConnectionWaiter, connection: UpstreamConnection): void {
    this.#requests += 1;
    connection.peer.meter.requests += 1;
    waiter.granted(connection);
  }

  #refuse(waiter: ConnectionWaiter, error: UpstreamError): void {
    this.#refused += 1;
    this.#meter.refused += 1;
    waiter.refused(error);
  }

  /** Connections of a peer have come, gone, or changed their state. The process stays alive while one has a request. */
  #note(peer: ConnectedPeer): void {
    peer.note();
    this.clock.keepsAlive = this.#peers.some(({ inFlight, tunnels }) => inFlight + tunnels.size > 0);
  }

  #noteQueue(): void {
    this.#meter.queued += this.#queue.length - this.#toldQueued;
    this.#toldQueued = this.#queue.length;
  }

  /**
   * Who has waited longest for an address; null when nobody waits.
   *
   * @param isConnected - whether there is a connection. Without one, whom the address has failed waits on: it would fail again, and again
   */
  #next(peer: ConnectedPeer, isConnected: boolean): ConnectionWaiter | null {
    if (peer.connections.size > this.settings.maxConnections) return null;
    for (let at = 0; at < this.#queue.length;) {
      const { waiter, avoided } = this.#queue[at] as QueuedWaiter; // the index is below the length
      if (!isConnected && avoided?.has(peer) === true) at += 1;
      else {
        this.#queue.splice(at, 1);
        this.#noteQueue();
        if (waiter.stillWaits()) return waiter;
      }
    }
    return null;
  }
}
