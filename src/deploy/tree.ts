// The whole tree below a context, as far as files tell it: also what a composite probably mounts. A composite factory decides
// by itself what its keys mean; a value that names sections of the file is taken for a mount.
import { childrenOf, type Context, type FactoryContext } from "./context.ts";
import { DeployError } from "./errors.ts";
import { words } from "./python-text.ts";
import type { OriginValue } from "./origin-values.ts";

/** A node of the tree with what is below it. */
export interface TreeNode {
  readonly context: Context;
  /** The key of a composite under which this is mounted; null for a part of a pipeline or filter. */
  readonly mount: string | null;
  readonly children: readonly TreeNode[];
  /** Mounts that do not load. */
  readonly errors: readonly DeployError[];
}

const MOUNT_KEY = /^(?:\/|https?:|(?:domain|port)\s)/;

/**
 * Builds the tree below a context.
 *
 * @param context - the root
 * @param mount - the key under which it is mounted
 */
export function treeOf(context: Context, mount: string | null = null): TreeNode {
  return node(context, mount, []);
}

/** All nodes, the root first. */
export function flatten(tree: TreeNode): TreeNode[] {
  return [tree, ...tree.children.flatMap(flatten)];
}

function node(context: Context, mount: string | null, above: readonly string[]): TreeNode {
  const errors: DeployError[] = [];
  const identity = `${context.place.file ?? ""}[${context.section ?? ""}]`;
  const parts = childrenOf(context).map((child) => node(child, null, above));
  if (context.kind !== "factory" || !isComposite(context) || above.includes(identity)) {
    return { context, mount, children: parts, errors };
  }
  const mounts: TreeNode[] = [];
  for (const [key, setting] of context.locals) {
    for (const mounted of mountedBy(context, key, setting, errors)) {
      mounts.push(node(mounted, key, [...above, identity]));
    }
  }
  return { context, mount, children: mounts, errors };
}

function isComposite({ protocol, section }: FactoryContext): boolean {
  return (
    protocol === "paste.composite_factory" ||
    protocol === "paste.composit_factory" ||
    /^composite?:/.test(section ?? "")
  );
}

/** The applications (with filters before them, as OpenStack writes) that a value names; none if it names something else. */
function mountedBy(context: FactoryContext, key: string, setting: OriginValue, errors: DeployError[]): Context[] {
  const names = words(setting.value);
  const app = names.pop();
  if (app === undefined) return [];
  const isMount = MOUNT_KEY.test(key) && names.length === 0;
  const { loader, globals } = context;
  const areSections = loader.has("application", app) && names.every((name) => loader.has("filter", name));
  if (!areSections && !isMount) return [];
  try {
    const filters = names.map((name) => loader.resolve("filter", name, globals, setting.origin));
    return [...filters, loader.resolve("application", app, globals, setting.origin)];
  } catch (error) {
    if (!(error instanceof DeployError)) throw error;
    errors.push(error);
    return [];
  }
}
