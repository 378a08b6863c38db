// The finished responses of a batch that a process left behind when it exited, because they were to be sent together with later ones.
// Source: docs/lane-protocol.md, "The status file".
import type { Buffer } from "node:buffer";
import { FrameFlag, FrameType, type LaneFrame } from "../../protocols/lane/frame.ts";
import { LaneDecoder } from "../../protocols/lane/lane-decoder.ts";

/**
 * Parses them.
 *
 * @param bytes - the lane's part of the status file
 * @returns the responses by request id; some may have been sent already
 */
export function keptAnswers(bytes: Buffer): ReadonlyMap<number, LaneFrame> {
  const answers = new Map<number, LaneFrame>();
  const decoder = new LaneDecoder((frame) => {
    // Of an answer whose end is not there, the decoder hands over what there is, without the flag.
    const isWhole = (frame.flags & FrameFlag.end) !== 0;
    if (frame.type === FrameType.response && isWhole) answers.set(frame.id, frame);
  });
  try {
    decoder.push(bytes);
  } catch {
    // The process exited in the middle of writing; everything before that is valid.
  }
  return answers;
}
