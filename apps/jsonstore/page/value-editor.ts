// The form in which values, names and positions are typed, in place beside the row that they are of.
import { pretty } from "../src/text/pretty.ts";
import { element } from "./element.ts";
import { convertInput, inputOf, readInput, type InputKind, type Reading } from "./json-input.ts";

/** What is asked. */
export interface Question {
  readonly title: string;
  /** A name or a position; undefined when none is asked. */
  readonly name?: { readonly label: string; readonly value: string };
  /** The text that is edited; undefined when none is asked. */
  readonly text?: string;
  /** Name of the button. */
  readonly action: string;
  /** Takes what was typed. @returns what is wrong with it, or null */
  readonly answer: (name: string, text: string) => Promise<string | null>;
}

/** Characters of a text that is laid out for reading, and checked at each key. */
const SHORT = 256 * 1024;
const MOST_LINES = 18;

/** The form. */
export class ValueEditor {
  readonly #form = element("editor", HTMLFormElement);
  readonly #name = element("editor-name", HTMLInputElement);
  readonly #kind = element("editor-kind", HTMLSelectElement);
  readonly #content = element("editor-content", HTMLTextAreaElement);
  readonly #fault = element("editor-fault", HTMLElement);
  readonly #onClose: () => void;
  readonly #beside: () => number;
  #question: Question | null = null;
  /** The text as it was shown, and what was shown for it. */
  #untouched: { readonly kind: string; readonly content: string; readonly text: string } | null = null;
  #lastKind: InputKind = "text";
  #isBusy = false;

  /** @param beside - where the row is that it belongs to, in pixels */
  constructor(beside: () => number, onClose: () => void) {
    this.#beside = beside;
    this.#onClose = onClose;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#form.addEventListener("keydown", (event) => this.#pressed(event));
    this.#kind.addEventListener("change", () => this.#kindChanged());
    this.#content.addEventListener("input", () => this.#typed());
    element("editor-cancel", HTMLButtonElement).addEventListener("click", () => this.close());
  }

  get isOpen(): boolean {
    return !this.#form.hidden;
  }

  /** Puts the form below a row, as far as there is room. */
  place(): void {
    if (!this.isOpen) return;
    const room = (this.#form.parentElement?.clientHeight ?? 0) - this.#form.offsetHeight - 4;
    this.#form.style.top = `${Math.max(4, Math.min(this.#beside(), room))}px`;
  }

  /** Asks something. */
  ask(question: Question): void {
    this.#question = question;
    element("editor-title", HTMLElement).textContent = question.title;
    const button = this.#form.querySelector("button.main");
    if (button !== null) button.textContent = question.action;
    const nameLabel = element("editor-name-label", HTMLElement);
    nameLabel.hidden = question.name === undefined;
    nameLabel.firstElementChild?.replaceChildren(question.name?.label ?? "");
    this.#name.value = question.name?.value ?? "";
    const isValued = question.text !== undefined;
    element("editor-kind-label", HTMLElement).hidden = !isValued;
    element("editor-content-label", HTMLElement).hidden = !isValued;
    this.#fault.textContent = "";
    this.#form.hidden = false;
    if (isValued) this.#showText(question.text ?? "null");
    else this.#untouched = null;
    this.place();
    const first = question.name === undefined ? (this.#hasContent ? this.#content : this.#kind) : this.#name;
    first.focus();
    if (first instanceof HTMLInputElement) first.select();
  }

  close(): void {
    if (!this.isOpen) return;
    this.#form.hidden = true;
    this.#question = null;
    this.#content.value = "";
    this.#onClose();
  }

  get #hasContent(): boolean {
    return ["text", "number", "json"].includes(this.#kind.value);
  }

  #showText(text: string): void {
    const { kind, content } = inputOf(text);
    const isLaidOut = (text.startsWith("{") || text.startsWith("[")) && text.length <= SHORT;
    const shown = isLaidOut ? pretty(content).trimEnd() : content;
    this.#kind.value = kind;
    this.#lastKind = kind;
    this.#content.value = shown;
    this.#untouched = { kind, content: this.#content.value, text };
    this.#fit();
  }

  #fit(): void {
    const label = element("editor-content-label", HTMLElement);
    label.hidden = this.#untouched === null || !this.#hasContent;
    const lines = this.#content.value.length > SHORT ? MOST_LINES : this.#content.value.split("\n").length;
    this.#content.rows = Math.min(lines, MOST_LINES);
    this.place();
  }

  #kindChanged(): void {
    const kind = this.#kind.value as InputKind; // of its options
    this.#content.value = convertInput({ kind: this.#lastKind, content: this.#content.value }, kind);
    this.#lastKind = kind;
    this.#typed();
    if (this.#hasContent) this.#content.focus();
  }

  #typed(): void {
    this.#fit();
    if (this.#content.value.length > SHORT) return;
    const read = this.#read();
    this.#fault.textContent = "fault" in read ? this.#explain(read.fault, read.index) : "";
  }

  #read(): Reading {
    const kind = this.#kind.value as InputKind; // of its options
    const content = this.#content.value;
    const { kind: kindBefore, content: before, text } = this.#untouched ?? { kind: "", content: "", text: "" };
    return kind === kindBefore && content === before ? { text } : readInput({ kind, content });
  }

  #explain(fault: string, index: number): string {
    if (this.#kind.value !== "json") return fault;
    const lines = this.#content.value.slice(0, index).split("\n");
    return `Line ${lines.length}, column ${Array.from(lines.at(-1) ?? "").length + 1}: ${fault}`;
  }

  async #submit(): Promise<void> {
    const question = this.#question;
    if (question === null || this.#isBusy) return;
    const read = question.text === undefined ? { text: "" } : this.#read();
    if ("fault" in read) {
      this.#fault.textContent = this.#explain(read.fault, read.index);
      this.#content.focus();
      this.#content.setSelectionRange(read.index, read.index);
      return;
    }
    this.#isBusy = true;
    const complaint = await question.answer(this.#name.value, read.text);
    this.#isBusy = false;
    // Something else may have been asked meanwhile.
    if (this.#question !== question) return;
    if (complaint === null) this.close();
    else this.#fault.textContent = complaint;
  }

  #pressed(event: KeyboardEvent): void {
    // The keys of the tree are none here.
    event.stopPropagation();
    if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    }
    if (event.key !== "Enter" || event.isComposing || event.target !== this.#content) return;
    const isLong = this.#kind.value === "json";
    if (event.shiftKey || (isLong && !event.ctrlKey && !event.metaKey)) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }
}
