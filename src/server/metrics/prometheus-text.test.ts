import { describe, expect, test } from "vitest";
import { histogramSamples, prometheusText } from "./prometheus-text.ts";
import { parsePrometheusText } from "../../../test/watching/prometheus-parser.ts";

describe("prometheusText", () => {
  test("renders families with type, help, labels and escapes", () => {
    const text = prometheusText([
      { name: "a_total", type: "counter", help: "One\\two\nthree", samples: [{ value: 3 }] },
      {
        name: "b",
        type: "gauge",
        help: "B",
        samples: [
          { labels: { path: 'a"b\\c\nd', x: "ü" }, value: 0.5 },
          { labels: { path: "-", x: "" }, value: Number.POSITIVE_INFINITY },
        ],
      },
      { name: "empty", type: "gauge", help: "left out", samples: [] },
    ]);
    expect(text).toBe(
      "# HELP a_total One\\\\two\\nthree\n# TYPE a_total counter\na_total 3\n" +
        '# HELP b B\n# TYPE b gauge\nb{path="a\\"b\\\\c\\nd",x="ü"} 0.5\nb{path="-",x=""} +Inf\n',
    );
    expect(parsePrometheusText(text).map(({ name, type }) => [name, type])).toEqual([
      ["a_total", "counter"],
      ["b", "gauge"],
    ]);
    expect(parsePrometheusText(text)[1]?.samples[0]?.labels).toEqual({ path: 'a"b\\c\nd', x: "ü" });
  });

  test("cumulates the buckets of a histogram", () => {
    const samples = histogramSamples([0.1, 1], [2, 3, 4], 12.5);
    const text = prometheusText([{ name: "d_seconds", type: "histogram", help: "D", samples }]);
    expect(text.split("\n").slice(2, -1)).toEqual([
      'd_seconds_bucket{le="0.1"} 2',
      'd_seconds_bucket{le="1"} 5',
      'd_seconds_bucket{le="+Inf"} 9',
      "d_seconds_sum 12.5",
      "d_seconds_count 9",
    ]);
    expect(() => parsePrometheusText(text)).not.toThrow();
  });
});

describe("parsePrometheusText refuses", () => {
  test.each([
    ["a sample without type", "a 1\n"],
    ["no line feed at the end", "# HELP a A\n# TYPE a gauge\na 1"],
    ["a repeated sample", "# HELP a A\n# TYPE a gauge\na 1\na 2\n"],
    [
      "a family in two places",
      "# HELP a A\n# TYPE a gauge\na 1\n# HELP b B\n# TYPE b gauge\nb 1\n# TYPE a gauge\na 2\n",
    ],
    ["a raw quote in a label", '# HELP a A\n# TYPE a gauge\na{x="""} 1\n'],
    ["a bad name", "# HELP a-b A\n# TYPE a-b gauge\na-b 1\n"],
    ["a bad value", "# HELP a A\n# TYPE a gauge\na one\n"],
    ["a counter that is not called total", "# HELP a A\n# TYPE a counter\na 1\n"],
    [
      "falling buckets",
      '# HELP h H\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
    ],
    ["a histogram without its end", '# HELP h H\n# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n'],
  ])("%s", (_, text) => expect(() => parsePrometheusText(text)).toThrow(Error));
});
