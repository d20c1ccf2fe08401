/**
 * Owns the marks around every change that a reader in another thread could
 * see. In the single-threaded table they are empty and cost nothing.
 *
 * @module
 */

/** The marks of an unshared shard: none. */
export class Stripes {
  /** Readers of keys with this hash must not trust what they see... */
  begin(_hash: number): void {}
  /** ...until here. */
  end(_hash: number): void {}
}
