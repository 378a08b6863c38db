// Where and how long an application serves itself.

/** Where `run` serves. */
export interface RunOptions {
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** 0 takes a free one. @default 5000 */
  readonly port?: number;
  /** Ends the server. @default it serves until the process ends */
  readonly signal?: AbortSignal;
  /** Writes messages. @default to standard error */
  readonly write?: (text: string) => void;
}
