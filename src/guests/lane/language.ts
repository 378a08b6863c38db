// What a language has to provide so that programs in it can be guests: its interpreter, how to start it, and how to read its reports.
// Everything else is the same for all languages; docs/lane-protocol.md describes the other side.

/** The role of a guest process. */
export interface LaunchRole {
  /** Number of the process. */
  readonly process: number;
  /** It loads the application and is then forked; it answers no requests. */
  readonly isTemplate: boolean;
  /** The application runs in our process, and the guest runs filters around it. */
  readonly hasInner: boolean;
}

/** The command that starts a process. */
export interface GuestCommand {
  /** The executable. */
  readonly path: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A language with the options of one guest. */
export interface GuestLanguage {
  /** Its name in messages, one word: `Python`. It is part of the names of errors and, in capitals, of their codes. */
  readonly name: string;
  /** Absolute path of the interpreter, for messages. */
  readonly interpreter: string;
  /** Whether the application is a program that may start processes of its own, which end with it. */
  readonly isProgram: boolean;

  /**
   * Returns the command that starts a process.
   *
   * @param environment - variables for the process; the interpreter may need more
   */
  command(environment: Readonly<Record<string, string | undefined>>): GuestCommand;

  /** The launch options of this language, sent as the member `language`: what to load, and how. */
  launchOptions(role: LaunchRole): Readonly<Record<string, unknown>>;

  /**
   * Finds the stack of one thread in a dump of all stacks.
   *
   * @param dump - the text from descriptor 3
   * @param thread - the name from its HELLO
   */
  stackOfThread(dump: string, thread: string): string;

  /**
   * Finds out why a process crashed.
   *
   * @param report - the text from descriptor 3
   * @returns lines for the log; empty if the report does not mention a crash
   */
  fatalReport(report: string): string;

  /**
   * Called when a process that had loaded the application has exited; not for templates.
   *
   * @param hooks - the names from its READY
   */
  processEnded?(pid: number, hooks: readonly string[]): void;

  /** Resolves when the work started by `processEnded` is done, or at the given time (on the clock of `performance.now()`). */
  whenSettled?(until: number): Promise<void>;
}
