/**
 * Owns what the driver knows of one connection: the requests laid out to be
 * sent, how many are unanswered, and bytes of a reply that is not complete.
 * Never touches a socket.
 *
 * @module
 */

/** Longest piece of a reply that is kept until the rest of it arrives. */
export const REST_BYTES_MAX = 4096;

/** One connection. Invariant: 0 <= answered <= asked; requests
 * answered..asked are in flight. */
export class Client {
  readonly index: number;
  /** The requests of one batch, one after the other. */
  readonly out: Uint8Array<ArrayBuffer>;
  readonly outView: DataView;
  outBytes = 0;
  sentBytes = 0;

  /** Where each request of the batch has the digits of its first key. */
  readonly digitsAt: Int32Array;
  /** 1 for a request of a mix that stores. */
  readonly stores: Uint8Array;
  asked = 0;
  answered = 0;
  /** Keys of the oldest unanswered request that were answered. */
  keyIndex = 0;

  /** Bytes of a value that have not arrived, its line end included. */
  skipBytes = 0;
  readonly rest = new Uint8Array(REST_BYTES_MAX);
  restBytes = 0;

  constructor(index: number, outCapacity: number, pipe: number) {
    this.index = index;
    this.out = new Uint8Array(outCapacity);
    this.outView = new DataView(this.out.buffer);
    this.digitsAt = new Int32Array(pipe);
    this.stores = new Uint8Array(pipe);
  }

  get isIdle(): boolean {
    return this.answered === this.asked;
  }
}
