// What a language brings so that programs in it can be guests: its interpreter, how it is started, and how its reports read. All else
// is the same for every language; the other side is docs/lane-protocol.md.

/** What tells the processes of a guest apart. */
export interface LaunchRole {
  /** Number of the process. */
  readonly process: number;
  /** Loads the application and is then forked; it answers no requests. */
  readonly isTemplate: boolean;
  /** The application is in this process, and the guest has filters around it. */
  readonly hasInner: boolean;
}

/** What is run. */
export interface GuestCommand {
  /** The executable. */
  readonly path: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A language, with the options of one guest. */
export interface GuestLanguage {
  /** One word, as messages write it: `Python`. Errors have it in their names and, in capitals, in their codes. */
  readonly name: string;
  /** The interpreter's absolute path, for messages. It is found before the guest is made. */
  readonly interpreter: string;
  /** Whether the application is a program, which may start processes of its own: those end with it. */
  readonly isProgram: boolean;

  /**
   * What starts a process.
   *
   * @param environment - variables that it is to have; the interpreter may need others beside them
   */
  command(environment: Readonly<Record<string, string | undefined>>): GuestCommand;

  /** The language's own part of the launch options, their member `language`: what to load, and how. */
  launchOptions(role: LaunchRole): Readonly<Record<string, unknown>>;

  /**
   * Picks one thread out of a dump of all stacks.
   *
   * @param dump - what the process has written to descriptor 3
   * @param thread - as its HELLO named it
   */
  stackOfThread(dump: string, thread: string): string;

  /**
   * Why a process has crashed.
   *
   * @param report - what it has written to descriptor 3
   * @returns lines for the log; empty where it says nothing of a crash
   */
  fatalReport(report: string): string;

  /**
   * A process that had loaded the application has ended; a template has not.
   *
   * @param hooks - the names that its READY told
   */
  processEnded?(pid: number, hooks: readonly string[]): void;

  /** Resolves when what `processEnded` has begun is done, at the latest then (on the clock of `performance.now()`). */
  whenSettled?(until: number): Promise<void>;
}
