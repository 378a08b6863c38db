// What a person can do with the selected node.
import { formatPointer, type Path } from "../src/text/pointer.ts";
import type { ChangeGate } from "./change-gate.ts";
import { copy, textToCopy, type CopyForm } from "./clipboard.ts";
import { askConflict, confirmed } from "./dialogs.ts";
import { Conflict, LONGEST_TEXT, type DocumentEditing, type Seen, type Written } from "./document-editing.ts";
import { readJson } from "./json-input.ts";
import { isContainer } from "./listing.ts";
import { Refusal, TooLong, type StoreClient } from "./store-client.ts";
import type { Level } from "./level.ts";
import type { Place, TreeModel } from "./tree-model.ts";
import type { UndoStack } from "./undo-stack.ts";
import type { ValueEditor } from "./value-editor.ts";

/** What the commands work with. */
export interface Workplace {
  readonly model: TreeModel;
  readonly client: StoreClient;
  readonly editing: DocumentEditing;
  readonly undo: UndoStack;
  readonly gate: ChangeGate;
  readonly editor: ValueEditor;
  /** Tells the person something. */
  readonly say: (text: string, isFault?: boolean) => void;
  /** Begins the tree at another node. */
  readonly open: (path: Path) => void;
  /** Selects a row. */
  readonly select: (place: Place, isCentred?: boolean) => void;
  /** Makes changes of one's own visible. */
  readonly show: (written: Written) => void;
}

/** Names of the commands, as the buttons have them. */
export type CommandName =
  | "edit"
  | "add"
  | "rename"
  | "delete"
  | "up"
  | "down"
  | "paste"
  | "copy-value"
  | "copy-pointer"
  | "copy-url"
  | "copy-curl"
  | "focus"
  | "find"
  | "undo";

/** The commands. */
export class TreeCommands {
  readonly #place: Workplace;
  readonly #commands: Readonly<Record<CommandName, () => Promise<void> | void>> = {
    edit: () => this.#edit(),
    add: () => this.#add('""'),
    rename: () => this.#rename(),
    delete: () => this.#delete(),
    up: () => this.#move(-1),
    down: () => this.#move(1),
    paste: () => this.#pasteFromClipboard(),
    "copy-value": () => this.#copyValue(),
    "copy-pointer": () => this.#copy("pointer"),
    "copy-url": () => this.#copy("url"),
    "copy-curl": () => this.#copy("curl"),
    focus: () => this.#focus(),
    find: () => this.#find(),
    undo: () => this.#undo(),
  };

  constructor(place: Workplace) {
    this.#place = place;
  }

  /** Does something. What fails is told. */
  async run(name: CommandName): Promise<void> {
    try {
      await this.#commands[name]();
    } catch (error) {
      this.#place.say(messageOf(error), true);
    }
  }

  /** Which commands mean something now. */
  isPossible(name: CommandName): boolean {
    const { model, undo } = this.#place;
    const { level, position } = model.selected;
    switch (name) {
      case "undo":
        return undo.label !== null;
      case "add":
      case "paste":
        return true;
      case "rename":
        return level?.type === "object";
      case "up":
        return level?.type === "array" && position > 0;
      case "down":
        return level?.type === "array" && position + 1 < level.count;
      case "find":
        return this.#levelToSearch() !== null;
      case "edit":
      case "delete":
      case "copy-value":
      case "copy-pointer":
      case "copy-url":
      case "copy-curl":
      case "focus":
        return model.root !== null;
    }
  }

  /** Adds what was copied elsewhere. */
  async paste(content: string): Promise<void> {
    const read = readJson(content);
    if ("fault" in read) this.#place.say(`What you paste is not JSON: ${read.fault}`, true);
    else await this.#add(read.text);
  }

  async #edit(): Promise<void> {
    const { model, editing, editor, say } = this.#place;
    const path = model.pathOf(model.selected);
    if (path === null || model.root === null) return;
    let seen: Seen;
    try {
      seen = await editing.see(path);
    } catch (error) {
      if (!(error instanceof TooLong)) throw error;
      say("This is too long to be edited here; open it and edit what is in it", true);
      return;
    }
    editor.ask({
      title: nameOf(path),
      text: seen.text,
      action: "Save",
      answer: async (_, text) => {
        if (text === seen.text) return null;
        return await this.#perform(
          `Changed ${nameOf(path)}`,
          () => editing.replace(seen, text),
          async () => {
            seen = await editing.see(path);
          },
        );
      },
    });
  }

  async #add(text: string): Promise<void> {
    const { model, editing, editor } = this.#place;
    if (model.root === null) {
      editor.ask({
        title: `Make ${nameOf(model.path)}`,
        text: text === '""' ? "{}" : text,
        action: "Add",
        answer: (_, value) => this.#perform(`Made ${nameOf(model.path)}`, () => editing.add(model.path, value)),
      });
      return;
    }
    const target = this.#containerForNew();
    if (target === null) return;
    const { path, type, position } = target;
    const tag = type === "array" ? await editing.tagOf(path) : undefined;
    editor.ask({
      title: `Add to ${nameOf(path)}`,
      name:
        type === "array" ? { label: "Position (empty: at the end)", value: position } : { label: "Name", value: "" },
      text,
      action: "Add",
      answer: async (name, value) => {
        if (type === "object") {
          if (/\p{Surrogate}/u.test(name)) return "A name has to be Unicode text";
          return await this.#perform(`Added ${name}`, () => editing.add([...path, name], value));
        }
        if (name.trim() === "") return await this.#perform("Added an element", () => editing.insert(path, null, value));
        if (!/^(?:0|[1-9][0-9]*)$/.test(name.trim())) return "Expected a position: 0 or more";
        return await this.#perform("Added an element", () => editing.insert(path, Number(name), value, tag));
      },
    });
  }

  #containerForNew(): { readonly path: Path; readonly type: "object" | "array"; readonly position: string } | null {
    const { model } = this.#place;
    const { selected } = model;
    const row = model.rowAt(selected);
    const path = model.pathOf(selected);
    if (row !== null && path !== null && isContainer(row.type)) return { path, type: row.type, position: "" };
    const { level, position } = selected;
    if (level === null) return null;
    return { path: level.path, type: level.type, position: position + 1 < level.count ? String(position + 1) : "" };
  }

  #rename(): void {
    const { model, editing, editor } = this.#place;
    const path = model.pathOf(model.selected);
    const name = path?.at(-1);
    if (path === null || name === undefined || model.selected.level?.type !== "object") return;
    editor.ask({
      title: `Rename ${nameOf(path)}`,
      name: { label: "Name", value: name },
      action: "Rename",
      answer: async (given) => {
        if (given === name) return null;
        if (/\p{Surrogate}/u.test(given)) return "A name has to be Unicode text";
        return await this.#perform(`Renamed ${nameOf(path)}`, () => editing.rename(path, given));
      },
    });
  }

  async #delete(): Promise<void> {
    const { model, editing, say, open } = this.#place;
    const path = model.pathOf(model.selected);
    if (path === null || model.root === null) return;
    let seen: Seen | null = null;
    try {
      seen = await editing.see(path);
    } catch (error) {
      if (!(error instanceof TooLong)) throw error;
      const isMeant = await confirmed(`${nameOf(path)} is too long to be kept: you cannot take this back. Delete it?`);
      if (!isMeant) return;
    }
    const known = seen;
    const complaint = await this.#perform(`Deleted ${nameOf(path)}`, () => editing.remove(path, known));
    if (complaint !== null) say(complaint, true);
    else if (path.length > 0 && path.length === model.path.length) open(path.slice(0, -1));
  }

  async #move(step: -1 | 1): Promise<void> {
    const { model, editing, say, select } = this.#place;
    const { level, position, depth } = model.selected;
    const to = position + step;
    if (level?.type !== "array" || to < 0 || to >= level.count) return;
    const complaint = await this.#perform("Moved", () => editing.move(level.path, position, to));
    if (complaint === null) select({ level, position: to, depth });
    else say(complaint, true);
  }

  async #pasteFromClipboard(): Promise<void> {
    let content = "";
    try {
      content = await navigator.clipboard.readText();
    } catch {
      // Not allowed, or no secure context: it is pasted into the form.
    }
    if (content === "") await this.#add("{}");
    else await this.paste(content);
  }

  async #copyValue(): Promise<void> {
    const { model, client, say } = this.#place;
    const path = model.pathOf(model.selected);
    if (path === null) return;
    const { value } = await client.text(path, LONGEST_TEXT);
    say((await copy(value)) ? `Copied the value of ${nameOf(path)}` : "The browser does not let this page copy");
  }

  async #copy(form: CopyForm): Promise<void> {
    const { model, client, say } = this.#place;
    const path = model.pathOf(model.selected);
    if (path === null) return;
    const text = textToCopy(form, client.base, path);
    say(
      (await copy(text))
        ? `Copied ${text === "" ? "the empty pointer" : text}`
        : "The browser does not let this page copy",
    );
  }

  #focus(): void {
    const { model, open } = this.#place;
    const path = model.pathOf(model.selected);
    if (path !== null) open(path);
  }

  /** The level of the selected node, or that which it is in. */
  #levelToSearch(): Level | null {
    const { model } = this.#place;
    return model.childOf(model.selected) ?? model.selected.level;
  }

  #find(): void {
    const { model, editor, select } = this.#place;
    const level = this.#levelToSearch();
    if (level === null) return;
    const isArray = level.type === "array";
    editor.ask({
      title: nameOf(level.path),
      name: isArray
        ? { label: `Go to index (0 to ${level.count - 1})`, value: "" }
        : { label: "Keys that begin with (empty: all)", value: level.prefix ?? "" },
      action: isArray ? "Go" : "Filter",
      answer: async (given) => {
        if (!isArray) {
          await model.filter(level, given === "" ? null : given);
          return null;
        }
        const index = Number(given.replaceAll(/[,_\s]/g, ""));
        if (!Number.isInteger(index) || index < 0 || index >= level.count) return "There is no such index";
        select({ level, position: index, depth: level.path.length - model.path.length + 1 }, true);
        return null;
      },
    });
  }

  async #undo(): Promise<void> {
    const { undo, say, gate, show } = this.#place;
    const { label } = undo;
    if (label === null) return;
    try {
      const written = await gate.during(async () => {
        const undone = await undo.undo();
        if (undone === null) throw new Error("There is nothing to take back");
        return undone;
      });
      show(written);
      say(`Taken back: ${label}`);
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      const complaint = await this.#settle(`Taken back: ${label}`, error);
      if (complaint !== null) say(complaint, true);
    }
  }

  /** @returns what is wrong, or null */
  async #perform(
    label: string,
    change: () => Promise<Written>,
    seeAgain?: () => Promise<void>,
  ): Promise<string | null> {
    const { gate, undo, show, say } = this.#place;
    try {
      const written = await gate.during(change);
      show(written);
      undo.push(label, written);
      say(label);
      return null;
    } catch (error) {
      return error instanceof Conflict ? await this.#settle(label, error, seeAgain) : messageOf(error);
    }
  }

  async #settle(label: string, conflict: Conflict, seeAgain?: () => Promise<void>): Promise<string | null> {
    const { model, say } = this.#place;
    const { path, mine, insist } = conflict;
    const decision = await askConflict(path, mine, await this.#textOf(path));
    if (decision === "mine") return await this.#perform(label, insist, seeAgain);
    await model.refresh();
    if (decision === "edit" && seeAgain !== undefined) {
      await seeAgain();
      return "If you save now, you write over what is there";
    }
    say("Nothing was changed");
    return null;
  }

  /** Null when nothing is there. */
  async #textOf(path: Path): Promise<string | null> {
    try {
      return (await this.#place.client.text(path, LONGEST_TEXT)).value;
    } catch (error) {
      if (error instanceof Refusal && error.status === 404) return null;
      if (error instanceof TooLong) return '"(too long to be shown)"';
      throw error;
    }
  }
}

/** What a person is told of an error. */
export function messageOf(error: unknown): string {
  if (error instanceof TypeError) return "The server cannot be reached";
  return error instanceof Error ? error.message : String(error);
}

function nameOf(path: Path): string {
  return path.length === 0 ? "the document" : formatPointer(path);
}
