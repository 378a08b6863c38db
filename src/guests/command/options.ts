// Options of a guest that somebody has written, and their defaults.
import { guestSettings, type GuestOptions, type GuestSettings } from "../lane/guest-options.ts";

/** Options of a guest of any language. */
export interface CommandOptions extends GuestOptions {
  /** The program that speaks the lane protocol, and its arguments. A name without a slash is looked for in the PATH. */
  readonly command: readonly string[];
  /** Name of the language in messages, one word. @default "Guest" */
  readonly name?: string;
  /** What the launch options have under `language`: what to load, and how. @default {} */
  readonly language?: Readonly<Record<string, unknown>>;
}

/** Options with every default filled in. */
export type CommandSettings = CommandOptions &
  GuestSettings & { readonly name: string; readonly language: Readonly<Record<string, unknown>> };

/**
 * Fills in the defaults.
 *
 * @param options - as the user gave them
 */
export function commandSettings(options: CommandOptions): CommandSettings {
  const { name = "Guest", language = {} } = options;
  return { ...guestSettings(options, name), name, language };
}
