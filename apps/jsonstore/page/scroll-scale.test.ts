import { describe, expect, test } from "vitest";
import { ScrollScale } from "./scroll-scale.ts";

const ROW = 28;
const VIEW = 560;

function scaleOf(rows: number): ScrollScale {
  const scale = new ScrollScale();
  scale.resize(rows * ROW, VIEW);
  return scale;
}

describe("ScrollScale of a short list", () => {
  test("is the bar itself", () => {
    const scale = scaleOf(1000);
    expect(scale.barHeight).toBe(28_000);
    scale.moved(12_345);
    expect([scale.top, scale.barTop]).toEqual([12_345, 12_345]);
  });

  test("does not move when everything is seen", () => {
    const scale = scaleOf(3);
    scale.goTo(500);
    expect([scale.top, scale.barTop]).toEqual([0, 0]);
  });
});

describe("ScrollScale of ten million rows", () => {
  test("has a bar that browsers can make, and both ends can be reached", () => {
    const scale = scaleOf(10_000_000);
    expect(scale.barHeight).toBeLessThan(17_000_000);
    scale.goTo(Number.MAX_SAFE_INTEGER);
    expect(scale.top).toBe(10_000_000 * ROW - VIEW);
    expect(scale.barTop).toBe(scale.barHeight - VIEW);
    scale.moved(0);
    expect(scale.top).toBe(0);
  });

  test("a wheel moves by rows, and dragging the bar by its share", () => {
    const scale = scaleOf(10_000_000);
    scale.moved(100);
    expect(scale.top).toBe(100);
    scale.moved(Math.round((scale.barHeight - VIEW) / 2));
    expect(scale.top / (10_000_000 * ROW)).toBeCloseTo(0.5, 4);
  });

  test("every row can be shown", () => {
    const scale = scaleOf(10_000_000);
    for (const row of [0, 1, 499_999, 500_000, 9_999_979]) {
      scale.goTo(row * ROW);
      expect(scale.top).toBe(row * ROW);
    }
  });
});
