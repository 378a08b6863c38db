import { describe, expect, test } from "vitest";
import { frontSizes } from "./front-sizes.ts";

describe("frontSizes", () => {
  test.each([
    [0, []],
    [1, [1]],
    [4, [4]],
    [8, [8]],
    [9, [5, 4]],
    [17, [6, 6, 5]],
    [64, [8, 8, 8, 8, 8, 8, 8, 8]],
  ])("%i", (processes, sizes) => {
    expect(frontSizes(processes)).toEqual(sizes);
  });
});
