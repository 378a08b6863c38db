// What can be copied of a node.
import { formatPointer, type Path } from "../src/text/pointer.ts";
import { nodeAddress } from "./node-address.ts";

/** Forms in which a node is copied. */
export type CopyForm = "pointer" | "url" | "curl";

/**
 * Returns the text to copy.
 *
 * @param base - origin and mount of the store
 */
export function textToCopy(form: CopyForm, base: string, path: Path): string {
  switch (form) {
    case "pointer":
      return formatPointer(path);
    case "url":
      return nodeAddress(base, path);
    case "curl":
      return `curl ${shellQuote(nodeAddress(base, path))}`;
  }
}

/** For a POSIX shell: between single quotes only the single quote means something. */
function shellQuote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Copies a text; also where the page has no secure context, which the newer interface asks for. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyFromField(text);
  }
}

function copyFromField(text: string): boolean {
  const field = document.createElement("textarea");
  const focused = document.activeElement;
  field.value = text;
  field.className = "off-screen";
  document.body.append(field);
  field.select();
  // Deprecated, and the only way without a secure context.
  const isCopied = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}
