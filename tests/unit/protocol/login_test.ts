/**
 * Owns the tests of reading tokens and SASL PLAIN messages, with fuzzing.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { toLatin1 } from "../../../src/base/bytes.ts";
import { readPlain, readToken } from "../../../src/protocol/login.ts";
import {
  lengthFactor,
  Random,
  seedFromEnvironment,
} from "../../support/random.ts";

function token(text: string) {
  const claim = readToken(toLatin1(text), 0, text.length);
  return claim === null ? null : [claim.user, claim.password];
}

function plain(text: string) {
  const claim = readPlain(toLatin1(text), 0, text.length);
  return claim === null ? null : [claim.user, claim.password];
}

Deno.test("a token is user and password with a space between", () => {
  assertEquals(token("foo bar"), ["foo", "bar"]);
  assertEquals(token("foo b a r"), ["foo", "b a r"]);
  assertEquals(token(" bar"), ["", "bar"]);
  assertEquals(token("foo "), ["foo", ""]);
  assertEquals(token("foo"), null);
  assertEquals(token(""), null);
  assertEquals(token("f\0\xff \x80\0"), ["f\0\xff", "\x80\0"]);
});

Deno.test("only the given bytes are looked at", () => {
  const bytes = toLatin1("xx foo bar yy");
  assertEquals(readToken(bytes, 3, 10), { user: "foo", password: "bar" });
  assertEquals(readToken(bytes, 0, 2), null);
});

Deno.test("PLAIN is authorization, user and password (RFC 4616)", () => {
  assertEquals(plain("\0tim\0tanstaaftanstaaf"), ["tim", "tanstaaftanstaaf"]);
  assertEquals(plain("Ursel\0Kurt\0xipj3plmq"), ["Kurt", "xipj3plmq"]);
  assertEquals(plain("\0user@realm\0"), ["user@realm", ""]);
});

Deno.test("what is not of that form is nothing", () => {
  for (const text of ["", "a", "a\0b", "\0", "\0\0", "\0\0p", "\0u\0p\0x"]) {
    assertEquals(plain(text), null, JSON.stringify(text));
  }
});

Deno.test("any bytes are a claim or nothing", () => {
  const random = new Random(seedFromEnvironment(7));
  for (let round = 0; round < 30_000 * lengthFactor(); round++) {
    const bytes = new Uint8Array(random.below(24))
      .map(() => random.oneIn(3) ? random.below(2) * 32 : random.below(256));
    const from = random.below(bytes.length + 1);
    const to = from + random.below(bytes.length - from + 1);
    const messages = [readPlain(bytes, from, to), readToken(bytes, from, to)];
    for (const claim of messages) {
      if (claim === null) continue;
      assert(claim.user.length + claim.password.length < to - from);
    }
    if (messages[0] !== null) assert(!messages[0].password.includes("\0"));
    if (messages[1] !== null) assert(!messages[1].user.includes(" "));
  }
});
