// Questions that cannot wait: two values where only one can be, and deletions that cannot be taken back.
import { pretty } from "../src/text/pretty.ts";
import { formatPointer, type Path } from "../src/text/pointer.ts";
import { element } from "./element.ts";

/** What a person wants to become of a conflict. */
export type Decision = "theirs" | "mine" | "edit";

/** Characters of a text that a dialog shows. */
const SHOWN = 100_000;

/**
 * Shows what was written and what is there.
 *
 * @param mine - null when it was no value
 * @param theirs - null when nothing is there any more
 */
export async function askConflict(path: Path, mine: string | null, theirs: string | null): Promise<Decision> {
  element("conflict-path", HTMLElement).textContent = path.length === 0 ? "The document" : formatPointer(path);
  element("conflict-mine", HTMLElement).textContent = mine === null ? "(a change of its place)" : readable(mine);
  element("conflict-theirs", HTMLElement).textContent = theirs === null ? "(nothing)" : readable(theirs);
  element("conflict-edit", HTMLElement).hidden = mine === null || theirs === null;
  const decision = await ask(element("conflict", HTMLDialogElement));
  return decision === "mine" || decision === "edit" ? decision : "theirs";
}

/** Asks whether something may be done. */
export async function confirmed(text: string): Promise<boolean> {
  element("confirm-text", HTMLElement).textContent = text;
  return (await ask(element("confirm", HTMLDialogElement))) === "yes";
}

/** Shows a dialog until it is closed. @returns the value of the button; "" when it was only closed */
export async function ask(dialog: HTMLDialogElement): Promise<string> {
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => {
    dialog.addEventListener("close", resolve, { once: true });
  });
  return dialog.returnValue;
}

function readable(text: string): string {
  const whole = text.length <= SHOWN ? pretty(text).trimEnd() : text;
  return whole.length > SHOWN ? `${whole.slice(0, SHOWN)}…` : whole;
}
