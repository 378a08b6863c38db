// Changes the working directory, as a setting says.
import { messageOf, SettingError } from "../errors.ts";

/** @throws SettingError when there is no such directory, or it may not be entered */
export function enterDirectory(directory: string): void {
  try {
    process.chdir(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === "ENOENT" || code === "ENOTDIR" ? "there is none" : messageOf(error);
    throw new SettingError(`Cannot change to the directory "${directory}" (--chdir): ${reason}`, { cause: error });
  }
}
