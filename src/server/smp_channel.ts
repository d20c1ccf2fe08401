/**
 * Owns calls between the main thread and a worker: a call is posted, and its
 * result comes back. Never knows what the calls mean.
 *
 * @module
 */

/** What travels for the sake of calls. */
export type CallMessage<Call> =
  | { type: "call"; id: number; call: Call }
  | { type: "result"; id: number; result: unknown };

/** Runs a call that has arrived. */
export type CallHandler<Call> = (call: Call) => unknown;

/** One end: it makes calls of kind `Out` and answers those of kind `In`. */
export class Channel<Out, In> {
  readonly #post: (message: CallMessage<Out>) => void;
  readonly #handle: CallHandler<In>;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #nextId = 1;

  constructor(
    post: (message: CallMessage<Out>) => void,
    handle: CallHandler<In>,
  ) {
    this.#post = post;
    this.#handle = handle;
  }

  /** Resolves to what the other side returns; to undefined if it is gone. */
  call(call: Out): Promise<unknown> {
    const id = this.#nextId++;
    const result = new Promise((resolve) => this.#waiting.set(id, resolve));
    this.#post({ type: "call", id, call });
    return result;
  }

  /** Takes a message of the other side. */
  async receive(message: CallMessage<In>): Promise<void> {
    if (message.type === "result") {
      this.#waiting.get(message.id)?.(message.result);
      this.#waiting.delete(message.id);
      return;
    }
    const result = await this.#handle(message.call);
    this.#post({ type: "result", id: message.id, result } as CallMessage<Out>);
  }

  /** Ends every call that waits: nobody answers any more. */
  abandon(): void {
    for (const resolve of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }
}
