/**
 * Owns the subset of @std/testing/bdd that the tests use, over Deno's
 * node:test. Never adds to it.
 *
 * @module
 */
export {
  after as afterAll,
  afterEach,
  before as beforeAll,
  beforeEach,
  describe,
  it,
} from "node:test";
