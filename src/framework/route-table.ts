// Finds the route of a path. A tree of segments names the rules that may match; the rules themselves decide, so that a slash at the end
// counts, and values are what their converters say. Source: Werkzeug's matcher for what the answers are.
import { compareWeights, Rule, type RuleValues } from "./rule.ts";
import { REST, SegmentTree, VALUE } from "./segment-tree.ts";

/** What the table needs to know of a route. */
export interface TableRoute {
  readonly rule: Rule;
  /** In upper case; HEAD and OPTIONS too where they are answered. */
  readonly methods: ReadonlySet<string>;
  /** Whether a slash at the end counts: otherwise the rule matches with and without it. */
  readonly isStrict: boolean;
}

/** What became of a path. */
export type Found<Route> =
  | { readonly kind: "route"; readonly route: Route; readonly values: RuleValues }
  /** The path lacks a slash at its end, or has several in a row; `path` is decoded. */
  | { readonly kind: "redirect"; readonly path: string }
  /** Rules match, but none for the method. */
  | { readonly kind: "method"; readonly allowed: readonly string[] }
  | { readonly kind: "none" };

const NONE = { kind: "none" } as const;
const NO_VALUES: RuleValues = {};

/** The routes of one shape. */
interface Group<Route> {
  /** In the order in which they are tried. */
  readonly entries: Entry<Route>[];
  /** Whether a route of another shape may go before these although the tree names it later. */
  isContested: boolean;
}

interface Entry<Route> {
  readonly route: Route;
  /** As the route says, but of two rules that differ by a slash at the end each is for its own paths. */
  readonly isStrict: boolean;
  /** Place among all routes. */
  readonly order: number;
}

/** The routes of one host, ready to be asked. */
export class RouteTable<Route extends TableRoute> {
  readonly #tree = new SegmentTree<Group<Route>>();

  constructor(routes: readonly Route[]) {
    const groups = new Map<string, Group<Route>>();
    const sorted = routes.toSorted((left, right) => Rule.compare(left.rule, right.rule));
    const branches = new Set(routes.filter(({ rule }) => rule.isBranch).map(({ rule }) => rule.key));
    for (const [order, route] of sorted.entries()) {
      const entry = { route, order, isStrict: route.isStrict || branches.has(`${route.rule.key}/`) };
      const shape = route.rule.shape.replace(/(?<=.)\/$/, "");
      const known = groups.get(shape);
      if (known === undefined) groups.set(shape, { entries: [entry], isContested: false });
      else known.entries.push(entry);
    }
    markContested(groups);
    for (const [shape, group] of groups) this.#tree.add(shape, group);
  }

  /**
   * Finds the route for a path.
   *
   * @param method - in upper case
   * @param path - decoded text, from "/"
   */
  find(method: string, path: string): Found<Route> {
    const group = this.#tree.first(path);
    if (group === null) return this.#findMerged(method, path);
    if (!group.isContested) {
      for (const entry of group.entries) {
        const found = entry.route.methods.has(method) ? tried(entry, path) : null;
        if (found !== null) return found;
      }
    }
    return this.#findAmongAll(method, path);
  }

  /** The group that the tree names first has no route for this request; there may be others. */
  #findAmongAll(method: string, path: string): Found<Route> {
    const entries = this.#tree.all(path).flatMap((group) => group.entries);
    entries.sort((left, right) => left.order - right.order);
    const allowed = new Set<string>();
    for (const entry of entries) {
      const { route } = entry;
      const found = tried(entry, path);
      if (found === null) continue;
      if (route.methods.has(method)) return found;
      if (found.kind === "route") for (const each of route.methods) allowed.add(each);
    }
    if (allowed.size > 0) return { kind: "method", allowed: [...allowed].toSorted() };
    return this.#findMerged(method, path);
  }

  /** Of several slashes in a row one is meant, if a rule matches then. */
  #findMerged(method: string, path: string): Found<Route> {
    if (!path.includes("//")) return NONE;
    const merged = path.replaceAll(/\/{2,}/g, "/");
    const found = this.find(method, merged);
    if (found.kind === "route") return { kind: "redirect", path: merged };
    return found.kind === "redirect" ? found : NONE;
  }
}

/** A rule that ends with a slash is meant by a path without it too: the client is sent there, unless the slash does not count. */
function tried<Route extends TableRoute>({ route, isStrict }: Entry<Route>, path: string): Found<Route> | null {
  const { rule } = route;
  const values = matched(rule, path);
  if (values !== null) return { kind: "route", route, values };
  if (rule.isBranch === path.endsWith("/") || (isStrict && !rule.isBranch)) return null;
  const meant = rule.isBranch ? `${path}/` : path.slice(0, -1);
  const meantValues = matched(rule, meant);
  if (meantValues === null) return null;
  return isStrict ? { kind: "redirect", path: meant } : { kind: "route", route, values: meantValues };
}

function matched(rule: Rule, path: string): RuleValues | null {
  if (!rule.isStatic) return rule.match(path);
  return rule.text === path ? NO_VALUES : null;
}

/** Routes that meet at one place of a path. */
interface Place<Route> {
  readonly groups: Set<Group<Route>>;
  /** The values there, in their order; those with slashes by themselves. */
  readonly values: Rule["weights"][number][];
  readonly paths: Rule["weights"][number][];
}

/**
 * Marks the groups of which the tree may name a wrong one first: of two values at one place the lighter goes first, whatever follows, and a
 * value with slashes may have more text behind it than the one beside it.
 */
function markContested<Route extends TableRoute>(groups: ReadonlyMap<string, Group<Route>>): void {
  const places = new Map<string, Place<Route>>();
  for (const [shape, group] of groups) {
    const segments = shape.split("/");
    for (const [index, segment] of segments.entries()) {
      if (segment !== VALUE && segment !== REST) continue;
      const prefix = segments.slice(0, index).join("/");
      const place = places.get(prefix) ?? { groups: new Set(), values: [], paths: [] };
      places.set(prefix, place);
      place.groups.add(group);
      const weights = group.entries.map(({ route }) => route.rule.weights[index]).filter((each) => each !== undefined);
      (segment === VALUE ? place.values : place.paths).push(...weights);
    }
  }
  for (const { groups: meeting, values, paths } of places.values()) {
    if (meeting.size < 2) continue;
    const [first] = values;
    const [least] = paths.toSorted(compareWeights);
    const areValuesAlike = values.every((each) => first !== undefined && compareWeights(each, first) === 0);
    const isPathFirst = least !== undefined && values.some((each) => compareWeights(least, each) < 0);
    if (!areValuesAlike || isPathFirst) for (const group of meeting) group.isContested = true;
  }
}
