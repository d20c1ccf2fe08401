/**
 * Owns the marks around every change that a reader in another thread could
 * see, or that a writer which dies could leave half done. In the
 * single-threaded table they are empty and cost nothing.
 *
 * @module
 */

/** The marks of an unshared shard: none. */
export class Stripes {
  /** Readers of keys with this hash must not trust what they see... */
  begin(_hash: number): void {}
  /** ...until here. */
  end(_hash: number): void {}
  /** As `begin`, but until the lock is released: several changes of an item
   * are then seen as one. */
  hold(_hash: number): void {}
  /** As `begin`, for bytes of this record that change where they are. */
  beginInPlace(_hash: number, _reference: number): void {}
  /** This record was appended and is not complete. */
  writing(_reference: number): void {}
}
