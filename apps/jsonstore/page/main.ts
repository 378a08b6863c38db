// The page: one tree, its address, its keys, and what others change in it.
import { formatPointer, parsePointer, type Path } from "../src/text/pointer.ts";
import { ChangeGate } from "./change-gate.ts";
import { ask } from "./dialogs.ts";
import { DocumentEditing, type Written } from "./document-editing.ts";
import { element } from "./element.ts";
import { LiveUpdates } from "./live-updates.ts";
import { Marks } from "./marks.ts";
import { nodeAddress, pathOfAddress } from "./node-address.ts";
import { Refusal, StoreClient } from "./store-client.ts";
import { messageOf, TreeCommands, type CommandName, type Workplace } from "./tree-commands.ts";
import { TreeModel, type Change, type Place } from "./tree-model.ts";
import { TreeView } from "./tree-view.ts";
import { UndoStack } from "./undo-stack.ts";
import { ValueEditor } from "./value-editor.ts";

const TOKEN = "jsonstore.token";
const MOUNT = document.documentElement.dataset["mount"] ?? "";
const BASE = location.origin + MOUNT;

/** Keys that are commands, while the tree has the focus. */
const KEYS: Readonly<Record<string, CommandName>> = {
  Insert: "add",
  "+": "add",
  F2: "rename",
  Delete: "delete",
  "Alt+ArrowUp": "up",
  "Alt+ArrowDown": "down",
  "Ctrl+c": "copy-value",
  "Ctrl+z": "undo",
  "Shift+Enter": "edit",
  p: "copy-pointer",
  u: "copy-url",
  c: "copy-curl",
  o: "focus",
  f: "find",
  g: "find",
};

class Page implements Workplace {
  readonly client = new StoreClient(BASE, () => sessionStorage.getItem(TOKEN));
  readonly editing = new DocumentEditing(this.client);
  readonly undo = new UndoStack();
  readonly gate = new ChangeGate((changes) => this.#othersChanged(changes));
  readonly editor: ValueEditor;
  model: TreeModel;
  readonly #view: TreeView;
  readonly #commands: TreeCommands;
  readonly #marks: Marks;
  #live: LiveUpdates | null = null;

  constructor() {
    this.#view = new TreeView(
      () => void this.#commands.run("edit"),
      () => this.editor.place(),
    );
    this.editor = new ValueEditor(
      () => this.#view.besideSelected,
      () => this.#view.focus(),
    );
    this.#marks = new Marks((marks) => {
      this.#view.marks = marks;
      this.#view.update();
    });
    this.#commands = new TreeCommands(this);
    this.model = this.#makeModel([]);
  }

  /** Shows what the address says. */
  start(): void {
    this.#listen();
    this.#openAddress();
    this.#view.focus();
  }

  readonly say = (text: string, isFault = false): void => {
    const status = element("status", HTMLElement);
    status.textContent = text;
    status.classList.toggle("fault", isFault);
  };

  readonly open = (path: Path): void => {
    history.pushState(null, "", nodeAddress(BASE, path));
    this.#show(path);
  };

  readonly select = (place: Place, isCentred = false): void => {
    this.model.selected = place;
    this.#view.reveal(isCentred);
    this.#changed();
  };

  readonly show = ({ version, changes }: Written): void => {
    const { path } = this.model;
    const below = changes.filter((change) => isWithin(change.path, path));
    if (below.length < changes.length || this.model.root === null) void this.model.refresh();
    else this.model.apply(below.map((change) => ({ ...change, version, path: change.path.slice(path.length) })));
  };

  #openAddress(): void {
    const path = pathOfAddress(MOUNT, location.pathname, location.search);
    if (path === null) this.say("This address is of no node", true);
    this.#show(path ?? []);
  }

  #show(path: Path): void {
    this.editor.close();
    this.#live?.stop();
    this.model = this.#makeModel(path);
    this.#view.show(this.model);
    const live = new LiveUpdates(this.client, path, {
      changed: (changes) => this.gate.take(changes),
      reset: (version) => {
        if (version > this.model.version || this.model.root === null) void this.model.refresh();
      },
      state: (isLive) => this.#showLive(isLive),
    });
    this.#live = live;
    // What changes between the two is seen by its number.
    void this.model.start().then(() => live.run());
    this.#showCrumbs();
  }

  #makeModel(path: Path): TreeModel {
    const model: TreeModel = new TreeModel(
      path,
      (of, query) => this.client.listing(of, query),
      () => {
        if (model === this.model) this.#changed();
      },
      (error) => {
        if (model === this.model) this.#failed(error);
      },
    );
    return model;
  }

  #changed(): void {
    this.#view.update();
    if (this.model.root !== null) element("empty", HTMLElement).hidden = true;
    for (const button of document.querySelectorAll<HTMLButtonElement>("[data-command]")) {
      button.disabled = !this.#commands.isPossible(button.dataset["command"] as CommandName); // of index.html
    }
    const find = document.querySelector('[data-command="find"]');
    const { selected } = this.model;
    const level = this.model.childOf(selected) ?? selected.level;
    if (find !== null) find.textContent = level?.type === "array" ? "Go to index" : "Filter";
  }

  #failed(error: unknown): void {
    this.say(messageOf(error), true);
    if (this.model.root !== null) return;
    const empty = element("empty", HTMLElement);
    empty.hidden = false;
    empty.textContent = emptyText(error, this.model.path);
  }

  #othersChanged(changes: readonly Change[]): void {
    this.model.apply(changes);
    const pointers = changes.map(({ path }) => [...this.model.path, ...path]);
    this.#marks.add(pointers, this.model.path.length);
    const [last = []] = pointers.slice(-1);
    this.say(`Others have changed ${last.length === 0 ? "the document" : formatPointer(last)}`);
  }

  #showLive(isLive: boolean): void {
    const live = element("live", HTMLElement);
    live.dataset["state"] = isLive ? "on" : "off";
    live.textContent = isLive ? "live" : "not live";
  }

  #showCrumbs(): void {
    const { path } = this.model;
    document.title = `${path.length === 0 ? "/" : formatPointer(path)} · JSONStore`;
    const links = [[], ...path.map((_, depth) => path.slice(0, depth + 1))].map((target) => {
      const link = document.createElement("a");
      link.href = nodeAddress(BASE, target);
      const name = target.at(-1);
      link.textContent = name === undefined ? "document" : name === "" ? '""' : name;
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.open(target);
      });
      return link;
    });
    element("crumbs", HTMLElement).replaceChildren(...links);
  }

  #listen(): void {
    addEventListener("popstate", () => this.#openAddress());
    const tree = element("tree", HTMLElement);
    tree.addEventListener("keydown", (event) => this.#pressed(event));
    tree.addEventListener("click", () => this.#changed());
    document.addEventListener("paste", (event) => {
      if (document.activeElement !== tree) return;
      event.preventDefault();
      void this.#commands.paste(event.clipboardData?.getData("text/plain") ?? "");
    });
    element("tools", HTMLElement).addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-command]") : null;
      if (button === null) return;
      button.closest("details")?.removeAttribute("open");
      void this.#commands.run(button.dataset["command"] as CommandName); // of index.html
    });
    element("search", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#search(element("search-field", HTMLInputElement).value.trim());
    });
    element("help-button", HTMLButtonElement).addEventListener("click", () => void this.#help());
    this.#listenToToken();
  }

  #listenToToken(): void {
    const token = element("token", HTMLInputElement);
    token.value = sessionStorage.getItem(TOKEN) ?? "";
    token.addEventListener("change", () => {
      if (token.value === "") sessionStorage.removeItem(TOKEN);
      else sessionStorage.setItem(TOKEN, token.value);
      this.#show(this.model.path);
    });
  }

  #pressed(event: KeyboardEvent): void {
    const { key, altKey, shiftKey } = event;
    const isControl = event.ctrlKey || event.metaKey;
    const modifiers = `${isControl ? "Ctrl+" : ""}${altKey ? "Alt+" : ""}${shiftKey && key.length > 1 ? "Shift+" : ""}`;
    const command = KEYS[modifiers + key];
    let isUsed = true;
    if (command !== undefined) void this.#commands.run(command);
    else if (modifiers !== "") isUsed = false;
    else if (key === "Enter") this.#enter();
    else if (key === "Backspace") this.#up();
    else if (key === "/") element("search-field", HTMLInputElement).focus();
    else if (key === "?") void this.#help();
    else isUsed = this.#view.press(key);
    if (!isUsed) return;
    event.preventDefault();
    this.#changed();
  }

  #enter(): void {
    const { model } = this;
    const row = model.rowAt(model.selected);
    if (row?.count === null) void this.#commands.run("edit");
    else if (row === null && model.root === null) void this.#commands.run("add");
    else if (model.childOf(model.selected) === null) void model.expand(model.selected);
    else model.collapse(model.selected);
  }

  #up(): void {
    const { path } = this.model;
    if (path.length > 0) this.open(path.slice(0, -1));
  }

  async #help(): Promise<void> {
    await ask(element("help", HTMLDialogElement));
    this.#view.focus();
  }

  /** Shows a node in the tree if it is below, else begins there. */
  async #search(text: string): Promise<void> {
    const path = parsePointer(text === "/" ? "" : text);
    if (path === null) {
      this.say("Expected a path such as /users/0/name", true);
      return;
    }
    const { model } = this;
    this.#view.focus();
    if (!isWithin(path, model.path) || model.root === null) {
      this.open(path);
      return;
    }
    if (await model.reveal(path.slice(model.path.length))) this.#view.reveal(true);
    else this.say(`Nothing is at ${text}`, true);
    this.#changed();
  }
}

function isWithin(path: Path, above: Path): boolean {
  return above.every((token, depth) => path[depth] === token);
}

function emptyText(error: unknown, path: Path): string {
  if (!(error instanceof Refusal)) return messageOf(error);
  if (error.code === "no-document") return "There is no document yet. Press Enter, or the button Add, to make one.";
  if (error.status === 404) return `Nothing is at ${formatPointer(path)}.`;
  if (error.status === 401 || error.status === 403) return `${error.message}. A token can be given under Access.`;
  return error.message;
}

new Page().start();
