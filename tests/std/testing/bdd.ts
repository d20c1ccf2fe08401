// The subset of @std/testing/bdd that the tests use, over Deno's node:test.
export {
  after as afterAll,
  afterEach,
  before as beforeAll,
  beforeEach,
  describe,
  it,
} from "node:test";
