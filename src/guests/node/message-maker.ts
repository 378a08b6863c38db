// Makes the requests and responses of a listener. Express gives each the prototype of its application, `app.request` and `app.response`.
// V8 shares no shape among objects that get properties after their prototype was replaced, so that all code of Express which sees them is
// slow (measured: most of the time of a small answer). Objects that are born with that prototype share theirs, and giving it to them
// again changes nothing. Source: express's lib/application.js, `app.handle`.
import { IncomingMessage, ServerResponse } from "node:http";
import type { GuestSocket } from "./guest-socket.ts";

/** Prototypes that an application of Express keeps. */
interface Prototypes {
  readonly request?: unknown;
  readonly response?: unknown;
}

/** Makes objects of one prototype. */
interface Maker<Argument, Made> {
  readonly prototype: unknown;
  readonly make: (argument: Argument) => Made;
}

/** Makes messages of one listener. */
export class MessageMaker {
  readonly #listener: Prototypes;
  #requests: Maker<GuestSocket, IncomingMessage> = {
    prototype: undefined,
    make: (socket) => new IncomingMessage(socket as never), // a Duplex has all that a request needs of its socket
  };
  #responses: Maker<IncomingMessage, ServerResponse> = {
    prototype: undefined,
    make: (request) => new ServerResponse(request),
  };

  /** @param listener - whose messages get the prototypes that it keeps, if it does */
  constructor(listener: object) {
    this.#listener = listener;
  }

  request(socket: GuestSocket): IncomingMessage {
    const { request } = this.#listener;
    if (request !== this.#requests.prototype && request instanceof IncomingMessage && isFunction(IncomingMessage))
      this.#requests = { prototype: request, make: makeWith(IncomingMessage, request) };
    return this.#requests.make(socket);
  }

  response(request: IncomingMessage): ServerResponse {
    const { response } = this.#listener;
    if (response !== this.#responses.prototype && response instanceof ServerResponse && isFunction(ServerResponse))
      this.#responses = { prototype: response, make: makeWith(ServerResponse, response) };
    return this.#responses.make(request);
  }
}

/** Whether a constructor of Node is a function that can be called on an object, as all were so far. */
function isFunction(constructor: Function): boolean {
  return !Function.prototype.toString.call(constructor).startsWith("class");
}

/** Objects of `Reflect.construct` would share no shape either. */
function makeWith<Argument, Made extends object>(constructor: Function, prototype: Made): (argument: Argument) => Made {
  function Message(this: Made, argument: Argument): void {
    constructor.call(this, argument);
  }
  Message.prototype = prototype;
  // V8 leaves room for the properties that the constructors of this chain set.
  Object.setPrototypeOf(Message, constructor);
  const Made = Message as unknown as new (argument: Argument) => Made; // a function that is called with `new` is one
  return (argument) => new Made(argument);
}
