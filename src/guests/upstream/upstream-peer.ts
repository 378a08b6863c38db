// One address of an upstream: its connections, and whether it is well.
import type { UpstreamAddress } from "./upstream-address.ts";
import { addressMeter, type AddressCounts, type Meter } from "./upstream-meters.ts";

/** One address. @typeParam Connection - what connects to it */
export class UpstreamPeer<Connection = unknown> {
  readonly address: UpstreamAddress;
  /** All connections, idle or not. */
  readonly connections = new Set<Connection>();
  /** Those that have gone over to another protocol; they are not among `connections`. */
  readonly tunnels = new Set<Connection>();
  /** Those without a request, the last used one last. */
  readonly idle: Connection[] = [];
  /** Until when it is left alone, of the pool's clock, in seconds; 0 when it is well. */
  downUntil = 0;
  /** What all pools of this process have counted for the address. */
  readonly meter: Meter<AddressCounts>;
  #toldActive = 0;
  #toldIdle = 0;
  #toldTunnels = 0;

  constructor(address: UpstreamAddress) {
    this.address = address;
    this.meter = addressMeter(address.label);
  }

  /** Tells the meter that connections have come, gone, or changed their state. */
  note(): void {
    const { inFlight, meter } = this;
    meter.active += inFlight - this.#toldActive;
    meter.idle += this.idle.length - this.#toldIdle;
    meter.tunnels += this.tunnels.size - this.#toldTunnels;
    this.#toldActive = inFlight;
    this.#toldIdle = this.idle.length;
    this.#toldTunnels = this.tunnels.size;
  }

  /** Requests that it has now. */
  get inFlight(): number {
    return this.connections.size - this.idle.length;
  }

  /** Whether it can be given a request. @param maxConnections - most that it may have */
  hasRoom(maxConnections: number): boolean {
    return this.idle.length > 0 || this.connections.size < maxConnections;
  }
}

/**
 * Chooses who gets a request: of those that are well and have room the one with the fewest, in turn where several have as few. When all
 * have failed, the one that may be well first is tried: the others would not do better.
 *
 * @param peers - at least one
 * @param now - of the clock that `downUntil` follows, in seconds
 * @param turn - any number that differs from request to request
 * @param avoided - not these, if there are others
 * @returns null when the request must wait
 */
export function choosePeer<Peer extends UpstreamPeer>(
  peers: readonly Peer[],
  now: number,
  maxConnections: number,
  turn: number,
  avoided: ReadonlySet<Peer> | null = null,
): Peer | null {
  const [only] = peers;
  if (peers.length === 1 && only !== undefined) return only.hasRoom(maxConnections) ? only : null;
  const others = avoided === null ? peers : peers.filter((peer) => !avoided.has(peer));
  const candidates = others.length > 0 ? others : peers;
  const well = candidates.filter((peer) => peer.downUntil <= now);
  if (well.length === 0) {
    const next = candidates.reduce((first, peer) => (peer.downUntil < first.downUntil ? peer : first));
    return next.hasRoom(maxConnections) ? next : null;
  }
  let chosen: Peer | null = null;
  for (let step = 0; step < well.length; step += 1) {
    const peer = well[(turn + step) % well.length] as Peer; // the index is below the length
    if (!peer.hasRoom(maxConnections)) continue;
    if (chosen === null || peer.inFlight < chosen.inFlight) chosen = peer;
  }
  return chosen;
}
