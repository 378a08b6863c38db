// The finished answers of a batch that a process left behind when it ended, because they were to leave together with later ones.
// Source: docs/lane-protocol.md, "The status file".
import type { Buffer } from "node:buffer";
import { FrameType, type LaneFrame } from "../../protocols/lane/frame.ts";
import { LaneDecoder } from "../../protocols/lane/lane-decoder.ts";

/**
 * Reads them.
 *
 * @param bytes - what the lane's part of the status file holds
 * @returns the answers by the id of their request; those that were sent already may be among them
 */
export function keptAnswers(bytes: Buffer): ReadonlyMap<number, LaneFrame> {
  const answers = new Map<number, LaneFrame>();
  const decoder = new LaneDecoder((frame) => {
    if (frame.type === FrameType.response && frame.totalBytes >= 0) answers.set(frame.id, frame);
  });
  try {
    decoder.push(bytes);
  } catch {
    // The process ended in the middle of its notes; what was read before that holds.
  }
  return answers;
}
