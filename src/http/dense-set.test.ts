import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DenseSet } from "./dense-set.ts";

function member(name: string): { name: string; place: number } {
  return { name, place: -1 };
}

function namesIn(set: DenseSet<{ name: string; place: number }>): string[] {
  const names: string[] = [];
  set.forEach(({ name }) => names.push(name));
  return names.toSorted();
}

describe("a DenseSet", () => {
  test("holds what a Set would hold, whatever comes and goes", () => {
    const members = ["a", "b", "c", "d", "e"].map(member);
    const step = fc.tuple(fc.boolean(), fc.nat({ max: members.length - 1 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        for (const each of members) each.place = -1;
        const set = new DenseSet<(typeof members)[0]>();
        const expected = new Set<(typeof members)[0]>();
        for (const [isAdded, index] of steps) {
          const each = members[index]!;
          if (isAdded) set.add(each);
          else set.delete(each);
          if (isAdded) expected.add(each);
          else expected.delete(each);
          expect(set.size).toBe(expected.size);
          expect(namesIn(set)).toEqual([...expected].map(({ name }) => name).toSorted());
        }
      }),
    );
  });

  test("visits each one that stays while a visit deletes others", () => {
    const members = ["a", "b", "c", "d", "e", "f"].map(member);
    for (const leaving of members) {
      for (const leavesWith of members) {
        const set = new DenseSet<(typeof members)[0]>();
        for (const each of members) {
          each.place = -1;
          set.add(each);
        }
        const visited = new Set<string>();
        set.forEach((each) => {
          visited.add(each.name);
          if (each === leaving) {
            set.delete(leaving);
            set.delete(leavesWith);
          }
        });
        const staying = members.filter((each) => each !== leaving && each !== leavesWith);
        expect(staying.every(({ name }) => visited.has(name))).toBe(true);
        expect(namesIn(set)).toEqual(staying.map(({ name }) => name));
      }
    }
  });

  test("a member of another set, or of none, is not taken out", () => {
    const [one, other] = [new DenseSet<ReturnType<typeof member>>(), new DenseSet<ReturnType<typeof member>>()];
    const [a, b] = [member("a"), member("b")];
    one.add(a);
    other.add(b);
    other.delete(a);
    other.delete(member("c"));
    expect([namesIn(one), namesIn(other)]).toEqual([["a"], ["b"]]);
  });

  test("finds by a condition", () => {
    const set = new DenseSet<ReturnType<typeof member>>();
    set.add(member("a"));
    set.add(member("b"));
    expect(set.find(({ name }) => name === "b")?.name).toBe("b");
    expect(set.find(({ name }) => name === "c")).toBeUndefined();
  });
});
