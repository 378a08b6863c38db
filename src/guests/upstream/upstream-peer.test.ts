// Which address gets a request.
import { describe, expect, test } from "vitest";
import { parseUpstreamAddress } from "./upstream-address.ts";
import { choosePeer, UpstreamPeer } from "./upstream-peer.ts";

const NOW = 100;

/** Addresses by what they have to do: requests, idle connections, until when they are left alone. */
function peersOf(
  ...states: readonly (readonly [requests: number, idle?: number, downUntil?: number])[]
): UpstreamPeer[] {
  return states.map(([requests, idle = 0, downUntil = 0], index) => {
    const peer = new UpstreamPeer(parseUpstreamAddress(`host-${index}:80`, null));
    for (let count = 0; count < requests + idle; count += 1) peer.connections.add({ count });
    for (let count = 0; count < idle; count += 1) peer.idle.push({ count });
    peer.downUntil = downUntil;
    return peer;
  });
}

const chosen = (peers: readonly UpstreamPeer[], turn = 0, avoided: readonly number[] = []): number | null => {
  const found = choosePeer(peers, NOW, 4, turn, new Set(avoided.map((index) => peers[index] as UpstreamPeer)));
  return found === null ? null : peers.indexOf(found);
};

describe("choosePeer", () => {
  test("takes the one with the fewest requests, and turns where they have as many", () => {
    expect(chosen(peersOf([3], [1], [2]))).toBe(1);
    expect([0, 1, 2, 3].map((turn) => chosen(peersOf([1], [1], [1]), turn))).toEqual([0, 1, 2, 0]);
    expect(chosen(peersOf([2, 2], [1], [3]))).toBe(1);
  });

  test("has a request wait when there is no room, an idle connection being room", () => {
    expect(chosen(peersOf([4]))).toBeNull();
    expect(chosen(peersOf([4], [4]))).toBeNull();
    expect(chosen(peersOf([4], [3, 1]))).toBe(1);
    expect(chosen(peersOf([3, 1]))).toBe(0);
  });

  test("leaves those alone that failed, but tries the one that may be well first when all did", () => {
    expect(chosen(peersOf([0, 0, NOW + 1], [3]))).toBe(1);
    expect(chosen(peersOf([0, 0, NOW], [3]))).toBe(0);
    expect(chosen(peersOf([0, 0, NOW + 9], [0, 0, NOW + 5]))).toBe(1);
    expect(chosen(peersOf([0, 0, NOW + 9]))).toBe(0);
  });

  test("avoids those that have failed this request, if there are others", () => {
    expect(chosen(peersOf([0], [3]), 0, [0])).toBe(1);
    expect(chosen(peersOf([0], [3]), 0, [0, 1])).toBe(0);
  });
});

describe("parseUpstreamAddress", () => {
  test.each([
    ["127.0.0.1:80", { host: "127.0.0.1", port: 80 }, "127.0.0.1:80"],
    ["//[::1]:81", { host: "::1", port: 81 }, "[::1]:81"],
    ["unix:/run/a b", { path: "/run/a b" }, "localhost"],
    ["unix:///run/a", { path: "/run/a" }, "localhost"],
  ])("%s", (text, connect, authority) => {
    expect(parseUpstreamAddress(text, null)).toMatchObject({ connect, authority });
  });

  test.each([
    "",
    "a",
    "a:",
    ":80",
    "a:b",
    "a:0",
    "a:65536",
    "a b:80",
    "u@a:80",
    "a:80/x",
    "::1:80",
    "unix:",
    "unix:\0",
  ])("%j is none", (text) => {
    expect(() => parseUpstreamAddress(text, null)).toThrow(/Cannot connect to ".*": expected/s);
  });

  test("leaves the usual port out of Host", () => {
    expect(parseUpstreamAddress("//a:80", 80).authority).toBe("a");
    expect(parseUpstreamAddress("//a", 80).connect).toEqual({ host: "a", port: 80 });
  });
});
