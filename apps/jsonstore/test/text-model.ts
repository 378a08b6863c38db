// The document as a plain tree in memory that keeps the text of scalars: what the store must be equal to, byte for byte. It shares no
// code with the store.

/** A node of the model. */
export type ModelNode =
  | { readonly type: "object"; members: { key: string; value: ModelNode }[] }
  | { readonly type: "array"; items: ModelNode[] }
  | { readonly type: "scalar"; readonly text: string };

/** Reads a text, which must be valid. */
export function parseModel(text: string): ModelNode {
  let at = 0;
  const token = (): string => {
    const match = /\s*([{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+)\s*/y;
    match.lastIndex = at;
    const found = match.exec(text);
    if (found === null) throw new Error(`Cannot read the model at ${at}`);
    at = match.lastIndex;
    return found[1] ?? "";
  };
  const value = (first = token()): ModelNode => {
    if (first === "[") {
      const items: ModelNode[] = [];
      for (let next = token(); next !== "]"; next = token()) items.push(value(next === "," ? token() : next));
      return { type: "array", items };
    }
    if (first !== "{") return { type: "scalar", text: first };
    const members: { key: string; value: ModelNode }[] = [];
    for (let next = token(); next !== "}"; next = token()) {
      const key = JSON.parse(next === "," ? token() : next) as string;
      token();
      members.push({ key, value: value() });
    }
    return { type: "object", members };
  };
  return value();
}

/** Writes a node in compact form. */
export function modelText(node: ModelNode): string {
  if (node.type === "scalar") return node.text;
  if (node.type === "array") return `[${node.items.map(modelText).join(",")}]`;
  return `{${node.members.map(({ key, value }) => `${JSON.stringify(key)}:${modelText(value)}`).join(",")}}`;
}

/** The document of the model, changed in place. */
export class TextModel {
  root: ModelNode | null = null;

  find(path: readonly string[]): ModelNode | null {
    let node = this.root;
    for (const token of path) node = node === null ? null : childOf(node, token);
    return node;
  }

  text(path: readonly string[]): string | null {
    const node = this.find(path);
    return node === null ? null : modelText(node);
  }

  /** @returns the status of the answer */
  put(path: readonly string[], value: ModelNode, hasParents: boolean): number {
    const token = path.at(-1);
    if (token === undefined) {
      const isNew = this.root === null;
      this.root = value;
      return isNew ? 201 : 204;
    }
    if (hasParents) this.#makeParents(path.slice(0, -1));
    const parent = this.find(path.slice(0, -1));
    if (parent === null || parent.type === "scalar") return 409;
    if (parent.type === "object") {
      const member = parent.members.find(({ key }) => key === token);
      if (member === undefined) parent.members.push({ key: token, value });
      else member.value = value;
      return member === undefined ? 201 : 204;
    }
    const index = token === "-" ? parent.items.length : indexOf(token);
    if (index === null || index > parent.items.length) return 409;
    const isNew = index === parent.items.length;
    parent.items[index] = value;
    return isNew ? 201 : 204;
  }

  /** Only for paths whose missing part can be made; the caller makes sure. */
  #makeParents(path: readonly string[]): void {
    for (let depth = 0; depth <= path.length; depth += 1) {
      if (this.find(path.slice(0, depth)) !== null) continue;
      if (this.put(path.slice(0, depth), { type: "object", members: [] }, false) >= 400) return;
    }
  }

  append(path: readonly string[], value: ModelNode, at: number | null): number {
    const parent = this.find(path);
    if (parent === null) return 404;
    if (parent.type !== "array") return 409;
    if (at !== null && at > parent.items.length) return 409;
    parent.items.splice(at ?? parent.items.length, 0, value);
    return 201;
  }

  remove(path: readonly string[]): number {
    if (this.find(path) === null) return 404;
    const token = path.at(-1);
    if (token === undefined) {
      this.root = null;
      return 204;
    }
    const parent = this.find(path.slice(0, -1));
    if (parent?.type === "object") parent.members = parent.members.filter(({ key }) => key !== token);
    if (parent?.type === "array") parent.items.splice(Number(token), 1);
    return 204;
  }

  /** All paths that lead to something. */
  paths(): string[][] {
    const found: string[][] = [];
    const visit = (node: ModelNode, path: string[]): void => {
      found.push(path);
      if (node.type === "array") node.items.forEach((item, index) => visit(item, [...path, String(index)]));
      if (node.type === "object") for (const { key, value } of node.members) visit(value, [...path, key]);
    };
    if (this.root !== null) visit(this.root, []);
    return found;
  }
}

function childOf(node: ModelNode, token: string): ModelNode | null {
  if (node.type === "object") return node.members.find(({ key }) => key === token)?.value ?? null;
  const index = node.type === "array" ? indexOf(token) : null;
  return index === null || node.type !== "array" ? null : (node.items[index] ?? null);
}

function indexOf(token: string): number | null {
  return /^(?:0|[1-9]\d*)$/.test(token) ? Number(token) : null;
}
