#!/usr/bin/env node
// @ts-check
// Draws the record of a suite as bars, in SVG that reads on light and dark pages: node bench/picture.mjs results/NAME.json
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { short, starving } from "./harness/report.mjs";
import { summarise } from "./harness/statistics.mjs";

const WIDTH = 860;
const MARGIN = 20;
const GAP = 40;
const COLUMN = (WIDTH - 2 * MARGIN - GAP) / 2;
const LABEL = 118;
const VALUE = 92;
const BAR = 14;
const ROW = 22;
const TITLE = 30;
const NOTE = 16;
const BREAK_FROM_END = 16;
const LONGEST_IN_MEDIANS = 4; // a longer bar is drawn broken, so that one outlier does not flatten the rest
const HEAD = 62;
const FOOT = 34;
const OURS = "tsgi";

const STYLE = `
  text { font: 12px -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #57606a; }
  .title { font-size: 17px; font-weight: 600; fill: #24292f; }
  .panel { font-size: 13px; font-weight: 600; fill: #24292f; }
  .small { font-size: 11px; }
  .ours { font-weight: 600; fill: #24292f; }
  .bar { fill: #a9b4c0; }
  .bar-ours { fill: #2f7d6b; }
  .axis { stroke: #d0d7de; }
  .page { fill: #ffffff; stroke: #d8dee4; }
  .gap { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #9aa4ae; }
    .title, .panel, .ours { fill: #e6edf3; }
    .bar { fill: #56616d; }
    .bar-ours { fill: #4fb39a; }
    .axis { stroke: #3d444d; }
    .page { fill: #0d1117; stroke: #30363d; }
    .gap { fill: #0d1117; }
  }`;

/**
 * Draws one panel for each workload, lower being better.
 *
 * @param {import("./harness/report.mjs").Report} report the record
 * @returns {string} an SVG document
 */
export function draw(report) {
  const labels = new Map(report.servers.map(({ id, label }) => [id, label]));
  const panels = report.workloads.map((workload) => panelOf(workload, labels)).filter(({ bars }) => bars.length > 0);
  const heights = [HEAD, HEAD];
  const drawn = panels.map((panel, index) => {
    const column = index % 2;
    const x = MARGIN + column * (COLUMN + GAP);
    const y = heights[column] ?? HEAD;
    heights[column] = y + TITLE + panel.bars.length * ROW + panel.notes.length * NOTE + 16;
    return drawPanel(panel, x, y);
  });
  const bottom = Math.max(...heights);
  const { machine, date, settings } = report;
  const foot = `${machine.cpu}, ${machine.kernel}, Node ${machine.node}; median of ${settings.rounds} × ${settings.seconds} s; ${date.slice(0, 10)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + FOOT}" width="${WIDTH}" height="${bottom + FOOT}" role="img">`,
    `<title>${escapeXML(report.title)}: CPU time per request</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${bottom + FOOT - 1}" rx="6"/>`,
    text(MARGIN, 28, report.title, "title"),
    text(
      MARGIN,
      47,
      "CPU time of the whole server per request, in microseconds where not said otherwise. Shorter is better.",
    ),
    ...drawn,
    text(MARGIN, bottom + 14, foot, "small"),
    "</svg>",
    "",
  ].join("\n");
}

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {{ label: string, value: number, note: string, isOurs: boolean }[]} bars
 * @property {string[]} notes to be written below
 */

/**
 * @param {import("./harness/report.mjs").Report["workloads"][number]} workload measured
 * @param {Map<string, string>} labels by id
 * @returns {Panel} what to draw
 */
function panelOf({ title, metric, results }, labels) {
  /** @type {string[]} */
  const notes = [];
  const bars = results.flatMap((result) => {
    const { server, figures } = result;
    if (!figures) return [];
    const value = metric === "cpu" ? figures.cpu.median : figures.p99.median;
    const starves = starving(result);
    const isStarred = starves !== null && metric === "latency";
    const note = metric === "cpu" ? "" : isStarred ? " *" : ` (p50 ${short(figures.p50.median)})`;
    if (isStarred) notes.push(`* ${labels.get(server) ?? server} ${starves[0]}: the others wait`);
    return [{ label: labels.get(server) ?? server, value, note, isOurs: server === OURS }];
  });
  return { title: metric === "cpu" ? title : `${title}: p99 in ms`, bars, notes };
}

/** @param {Panel} panel what @param {number} x left @param {number} y top @returns {string} SVG */
function drawPanel({ title, bars, notes }, x, y) {
  const room = COLUMN - LABEL - VALUE;
  const { median, max } = summarise(bars.map(({ value }) => value));
  const scale = Math.min(max, median * LONGEST_IN_MEDIANS);
  const axis = x + LABEL;
  const top = y + TITLE - 6;
  const rows = bars.flatMap(({ label, value, note, isOurs }, index) => {
    const at = y + TITLE + index * ROW;
    const width = Math.max(1, Math.min(1, value / scale) * room);
    const ours = isOurs ? "ours" : "";
    return [
      text(axis - 8, at + 11, label, ours, "end"),
      `<rect class="${isOurs ? "bar-ours" : "bar"}" x="${axis}" y="${at}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>`,
      ...(value > scale ? [breakMark(axis + width - BREAK_FROM_END, at)] : []),
      text(axis + width + 6, at + 11, `${short(value)}${note}`, ours),
    ];
  });
  const line = `<line class="axis" x1="${axis}" x2="${axis}" y1="${top}" y2="${top + bars.length * ROW + 4}"/>`;
  const below = y + TITLE + bars.length * ROW + 8;
  const remarks = notes.map((note, index) => text(x, below + index * NOTE, note, "small"));
  return [text(x, y + 12, title, "panel"), line, ...rows, ...remarks].join("\n");
}

/** @param {number} x middle of the gap @param {number} y top of the bar @returns {string} SVG of a slanted gap */
function breakMark(x, y) {
  return `<path class="gap" d="M${(x - 5).toFixed(1)} ${y + BAR + 1}l6 -${BAR + 2}h5l-6 ${BAR + 2}z"/>`;
}

/** @param {number} x @param {number} y @param {string} content @param {string} [kind] @param {string} [anchor] @returns {string} SVG */
function text(x, y, content, kind = "", anchor = "start") {
  return `<text x="${x.toFixed(1)}" y="${y}"${kind && ` class="${kind}"`}${anchor === "start" ? "" : ` text-anchor="${anchor}"`}>${escapeXML(content)}</text>`;
}

/** @param {string} content plain @returns {string} for XML */
export function escapeXML(content) {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const files = process.argv.slice(2);
  if (files.length === 0) process.stderr.write("Usage: node bench/picture.mjs RESULT.json...\n");
  for (const file of files)
    writeFileSync(file.replace(/\.json$/, ".svg"), draw(JSON.parse(readFileSync(file, "utf8"))));
  process.exitCode = files.length === 0 ? 2 : 0;
}
