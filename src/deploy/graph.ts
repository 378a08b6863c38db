// Draws the tree of a configuration, as text and as SVG: what wraps what, and what is mounted where.
import type { DeployError } from "./errors.ts";
import { referenceText, titleOf } from "./explain.ts";
import { loadContext, type LoadOptions } from "./load.ts";
import type { ObjectType } from "./object-type.ts";
import { treeOf, type TreeNode } from "./tree.ts";

/** A node as it is drawn. */
export interface GraphNode {
  readonly title: string;
  /** What kind of node, or which factory. */
  readonly detail: string;
  /** The key under which a composite mounts it. */
  readonly mount: string | null;
  readonly isBroken: boolean;
  readonly children: readonly GraphNode[];
}

/** Options of {@link graph}. */
export interface GraphOptions extends LoadOptions {
  /** Type of the object that is drawn. @default "application" */
  readonly wanted?: ObjectType;
}

/**
 * Resolves a configuration to the nodes of its graph. Mounts that do not load appear as broken nodes.
 *
 * @throws {DeployError} when the configuration cannot be resolved
 */
export function graph(uri: string, options: GraphOptions = {}): GraphNode {
  return drawn(treeOf(loadContext(options.wanted ?? "application", uri, { onWarning: () => {}, ...options })));
}

/** Draws a graph as text, with lines from each node to its parts. */
export function formatGraph(root: GraphNode): string {
  return [lineOf(root), ...branches(root, "")].join("\n");
}

const CHARACTER_WIDTH = 7.3;
const ROW_HEIGHT = 46;
const BOX_HEIGHT = 36;
const GAP = 56;
const MARGIN = 12;

interface Box {
  readonly node: GraphNode;
  readonly column: number;
  /** In rows, from the top. */
  readonly row: number;
  readonly children: readonly Box[];
}

/** Draws as an SVG document, a request passing from left to right. */
export function svgGraph(root: GraphNode): string {
  const rows = { count: 0 };
  const tree = place(root, 0, rows);
  const boxes = flattenBoxes(tree);
  const widths: number[] = [];
  for (const { node, column } of boxes) widths[column] = Math.max(widths[column] ?? 0, widthOf(node));
  const gaps = gapsBefore(boxes);
  const lefts = [MARGIN];
  for (const [column, width] of widths.entries()) lefts.push((lefts[column] ?? 0) + width + (gaps[column + 1] ?? GAP));
  const width = (lefts[widths.length - 1] ?? 0) + (widths.at(-1) ?? 0) + MARGIN;
  const height = rows.count * ROW_HEIGHT - (ROW_HEIGHT - BOX_HEIGHT) + 2 * MARGIN;
  const parts = boxes.flatMap((box) => [
    ...box.children.map((child) => edge(box, child, lefts, widths)),
    rectangle(box, lefts),
  ]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}" role="img" font-family="ui-monospace, monospace" font-size="12">`,
    `<title>${escape(root.title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

function drawn({ context, mount, children, errors }: TreeNode): GraphNode {
  const detail = context.kind === "factory" ? referenceText(context.reference) : context.kind;
  const broken = errors.map((error: DeployError) => ({
    title: error.message.split(" (", 1)[0] ?? "",
    detail: "does not load",
    mount: error.key ?? null,
    isBroken: true,
    children: [],
  }));
  return { title: titleOf(context), detail, mount, isBroken: false, children: [...children.map(drawn), ...broken] };
}

function lineOf({ title, detail, mount, isBroken }: GraphNode): string {
  const path = mount === null ? "" : `${mount} → `;
  return `${path}${isBroken ? "✗ " : ""}${title}${detail === title ? "" : `  ${detail}`}`;
}

function branches(parent: GraphNode, indent: string): string[] {
  return parent.children.flatMap((child, index) => {
    const isLast = index === parent.children.length - 1;
    return [
      `${indent}${isLast ? "└─ " : "├─ "}${lineOf(child)}`,
      ...branches(child, `${indent}${isLast ? "   " : "│  "}`),
    ];
  });
}

/** Leaves take a row each, from the top; a node stands in the middle of its children. */
function place(node: GraphNode, column: number, rows: { count: number }): Box {
  const children = node.children.map((child) => place(child, column + 1, rows));
  const first = children[0]?.row ?? rows.count++;
  const last = children.at(-1)?.row ?? first;
  return { node, column, row: (first + last) / 2, children };
}

function flattenBoxes(box: Box): Box[] {
  return [box, ...box.children.flatMap(flattenBoxes)];
}

/** Room before each column, so that the keys of mounts fit on their lines. */
function gapsBefore(boxes: readonly Box[]): number[] {
  const gaps: number[] = [];
  for (const { node, column } of boxes) {
    gaps[column] = Math.max(gaps[column] ?? GAP, (node.mount?.length ?? 0) * CHARACTER_WIDTH + GAP / 2);
  }
  return gaps;
}

function widthOf(node: GraphNode): number {
  return Math.max(node.title.length, node.detail.length) * CHARACTER_WIDTH + 20;
}

function edge(from: Box, to: Box, lefts: readonly number[], widths: readonly number[]): string {
  const left = lefts[from.column] ?? 0;
  const startX = left + widthOf(from.node);
  const x2 = lefts[to.column] ?? 0;
  const [y1, y2] = [middle(from), middle(to)];
  const bend = left + (widths[from.column] ?? 0) + GAP / 4;
  const label =
    to.node.mount === null
      ? ""
      : `<text x="${round(x2 - 4)}" y="${round(y2 - 5)}" text-anchor="end" fill="#555555">${escape(to.node.mount)}</text>`;
  return `<path d="M${round(startX)} ${round(y1)}H${round(bend)}V${round(y2)}H${round(x2)}" fill="none" stroke="#888888"/>${label}`;
}

function rectangle(box: Box, lefts: readonly number[]): string {
  const x = lefts[box.column] ?? 0;
  const y = middle(box) - BOX_HEIGHT / 2;
  const { node } = box;
  const [fill, stroke] = node.isBroken ? ["#fdecea", "#b3261e"] : ["#eef3fb", "#3a5f95"];
  return [
    `<rect x="${round(x)}" y="${round(y)}" width="${round(widthOf(node))}" height="${BOX_HEIGHT}" rx="5" fill="${fill}" stroke="${stroke}"/>`,
    `<text x="${round(x + 10)}" y="${round(y + 15)}" font-weight="bold">${escape(node.title)}</text>`,
    `<text x="${round(x + 10)}" y="${round(y + 29)}" fill="#555555">${escape(node.detail)}</text>`,
  ].join("");
}

function middle(box: Box): number {
  return MARGIN + box.row * ROW_HEIGHT + BOX_HEIGHT / 2;
}

function round(length: number): string {
  return String(Math.round(length * 10) / 10);
}

function escape(text: string): string {
  const printable = text.replace(/[\u0000-\u0008\u000b-\u001f]/g, "�");
  return printable.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
