// One request on a connection of FastCGI: what has come of it, and the records of its answer.
import {
  ALIGNED_CONTENT_BYTES,
  endRecord,
  ProtocolStatus,
  recordHeader,
  RecordType,
} from "../../protocols/fastcgi/record.ts";
import { PairCollector } from "../../protocols/fastcgi/pairs.ts";
import type { Answer } from "../answer.ts";
import type { AnswerCarrier } from "../front/front-wire.ts";
import type { FrontRequest } from "../front/front-request.ts";
import type { GatewayEnviron } from "../gateway-environ.ts";
import type { FrontSocket } from "../front/front-socket.ts";
import type { IncomingBody } from "../front/incoming-body.ts";

/** What a request needs of its connection. */
export interface FastCGIRequestOwner {
  /** The last record of a request has been sent. */
  completed(request: FastCGIRequest): void;
  /** Told of the size of each head, in bytes. */
  headSent(bytes: number): void;
}

const EMPTY = new Uint8Array(0);

/** A request. */
export class FastCGIRequest implements AnswerCarrier {
  readonly id: number;
  /** Its variables as they come; null when all have come. */
  params: PairCollector | null = new PairCollector();
  /** When its variables have to be there, in seconds. */
  readonly paramsBy: number;
  /** What was understood of it, until its application is called. */
  understood: FrontRequest<GatewayEnviron> | null = null;
  answer: Answer | null = null;
  /** Null when it has none. */
  body: IncomingBody | null = null;
  /** The front has sent all of it. */
  isAllRead = false;
  readonly #socket: FrontSocket;
  readonly #owner: FastCGIRequestOwner;

  constructor(id: number, paramsBy: number, socket: FrontSocket, owner: FastCGIRequestOwner) {
    this.id = id;
    this.paramsBy = paramsBy;
    this.#socket = socket;
    this.#owner = owner;
  }

  sendHead(head: string, body: Uint8Array, isWhole: boolean): boolean {
    const tail = isWhole ? endOf(this.id) : "";
    let hasRoom: boolean;
    if (head.length + body.length <= ALIGNED_CONTENT_BYTES) {
      const start = recordHeader(RecordType.stdout, this.id, head.length + body.length);
      hasRoom = this.#socket.writeWithHead(start + head, body, tail);
    } else {
      this.#sendText(head);
      hasRoom = this.sendMore(body);
      if (isWhole) hasRoom = this.#socket.writeWithHead(tail, EMPTY);
    }
    if (isWhole) this.#owner.completed(this);
    return hasRoom;
  }

  sendMore(chunk: Uint8Array): boolean {
    let hasRoom = true;
    for (let start = 0; start < chunk.length; start += ALIGNED_CONTENT_BYTES) {
      const part = chunk.subarray(start, start + ALIGNED_CONTENT_BYTES);
      hasRoom = this.#socket.writeWithHead(recordHeader(RecordType.stdout, this.id, part.length), part);
    }
    return hasRoom;
  }

  endAnswer(): void {
    this.#socket.writeWithHead(endOf(this.id), EMPTY);
    this.#owner.completed(this);
  }

  /** A front takes END_REQUEST for a whole answer whatever its status, so only the end of the connection says that something is missing. */
  breakOff(): void {
    this.#socket.breakOff();
  }

  drained(): Promise<void> {
    return this.#socket.drained();
  }

  headSent(bytes: number): void {
    this.#owner.headSent(bytes);
  }

  /** A head of any length; an empty record would be the end of the stream. */
  #sendText(text: string): void {
    for (let start = 0; start < text.length; start += ALIGNED_CONTENT_BYTES) {
      const part = text.slice(start, start + ALIGNED_CONTENT_BYTES);
      this.#socket.writeWithHead(recordHeader(RecordType.stdout, this.id, part.length) + part, EMPTY);
    }
  }
}

/** Fronts use the id 1, or few. */
const KEPT_ENDS = 32;
const ends = new Map<number, string>();

/** The end of STDOUT and of the request, as text of one code point per byte. */
function endOf(id: number): string {
  const known = ends.get(id);
  if (known !== undefined) return known;
  const end = recordHeader(RecordType.stdout, id, 0) + endRecord(id, ProtocolStatus.requestComplete);
  if (ends.size < KEPT_ENDS) ends.set(id, end);
  return end;
}
