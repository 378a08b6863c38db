// Errors of the lane protocol.
import { TSGIError } from "../../errors.ts";

/** The peer of a lane sent bytes that are not the protocol; the lane and its process cannot be trusted further. */
export class LaneProtocolError extends TSGIError {
  /** What a client whose request was on this lane is answered with. */
  readonly status = 502;

  constructor(message: string) {
    super("internal", "ERR_TSGI_LANE_PROTOCOL", message);
  }
}
