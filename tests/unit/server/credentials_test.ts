/**
 * Owns the tests of password files and of hashed passwords. The hashes were
 * made by Python's hashlib.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { toLatin1 } from "../../../src/base/bytes.ts";
import {
  Credentials,
  type FileForm,
  SASL_FILE,
  TOKEN_FILE,
} from "../../../src/server/credentials.ts";
import { parseHash } from "../../../src/server/password_hash.ts";
import {
  lengthFactor,
  Random,
  seedFromEnvironment,
} from "../../support/random.ts";

const SALT = "c2FsdHNhbHRzYWx0c2FsdA";
const SCRYPT_KEY = "8QnbqxnWftopcVJgUwCpa5tl4EuJwqIm91lIh9n00kY";
/** All of the password "pencil". */
const HASHES = [
  `$scrypt$ln=10,r=8,p=1$${SALT}$${SCRYPT_KEY}`,
  `$pbkdf2-sha256$1000$${SALT}$` +
  "L2H31ELbEkEp/VPKxICbyp1Ohp7bT8BKnp3zAdQqqwU",
  `$pbkdf2-sha512$1000$${SALT}$uiOvoeKbG0t7DO0jnrIx8zlCjSBrsb79JP21m9fAVo` +
  "kr.AOUsRCfemVRHnK.nyyEHiHPsl52.lKWblycUOleVA",
];

function read(text: string, form: FileForm = TOKEN_FILE): Credentials {
  return new Credentials(toLatin1(text), form);
}

for (const hash of HASHES) {
  Deno.test(`${hash.split("$")[1]} is compared as other programs do`, async () => {
    const parsed = parseHash(hash)!;
    assertEquals(await parsed.matches(toLatin1("pencil")), true);
    for (const wrong of ["Pencil", "pencil ", "penci", ""]) {
      assertEquals(await parsed.matches(toLatin1(wrong)), false, wrong);
    }
  });
}

Deno.test("a hash that costs too much, or is none, is refused", () => {
  const scrypt = (parameters: string, key = SCRYPT_KEY) =>
    parseHash(`$scrypt$${parameters}$${SALT}$${key}`);
  assert(scrypt("ln=16,r=8,p=1") !== null);
  assert(scrypt("ln=17,r=8,p=1") === null);
  assert(scrypt("ln=10,r=8,p=16") !== null);
  assert(scrypt("ln=10,r=8,p=17") === null);
  assert(scrypt("ln=0,r=8,p=1") === null);
  assert(scrypt("ln=99999999999,r=8,p=1") === null);
  assert(scrypt("ln=10,r=8,p=1", "c2hvcnQ") === null);
  const pbkdf2 = (rounds: number) =>
    parseHash(`$pbkdf2-sha256$${rounds}$${SALT}$${SCRYPT_KEY}`);
  assert(pbkdf2(10_000_000) !== null);
  assert(pbkdf2(10_000_001) === null);
  assert(pbkdf2(0) === null);
  assert(parseHash("$2b$12$abcdefghijklmnopqrstuv") === null);
});

Deno.test("any text is a hash or is not", () => {
  const random = new Random(seedFromEnvironment(5));
  for (let round = 0; round < 20_000 * lengthFactor(); round++) {
    const characters = [...HASHES[random.below(HASHES.length)]];
    for (let i = random.below(4); i >= 0; i--) {
      const at = random.below(characters.length);
      characters[at] = String.fromCharCode(random.below(128));
    }
    parseHash(characters.join(""));
  }
});

Deno.test("a file is lines user:password", async () => {
  const users = read("foo:bar\n\nbaaaz:quux:x\r\nlast:one");
  assertEquals(users.count, 3);
  assertEquals(await users.check("foo", "bar"), true);
  assertEquals(await users.check("foo", "quux:x"), false);
  assertEquals(await users.check("foo", "bar "), false);
  assertEquals(await users.check("baaaz", "quux:x"), true);
  assertEquals(await users.check("last", "one"), true);
  assertEquals(await users.check("foo@realm", "bar"), false);
  assertEquals(await users.check("", ""), false);
});

Deno.test("a user may have several passwords, of any bytes", async () => {
  const users = read("u:one\nu:two\nw:p\xe4\xff\x00\n");
  assertEquals(await users.check("u", "one"), true);
  assertEquals(await users.check("u", "two"), true);
  assertEquals(await users.check("u", "three"), false);
  assertEquals(await users.check("w", "p\xe4\xff\x00"), true);
});

Deno.test("hashes and texts stand side by side", async () => {
  const users = read(`a:${HASHES[0]}\nb:plain\nc:${HASHES[1]}\n`);
  assertEquals(await users.check("a", "pencil"), true);
  assertEquals(await users.check("a", "pencil"), true, "remembered");
  assertEquals(await users.check("a", "plain"), false);
  assertEquals(await users.check("a", HASHES[0]), false, "the hash itself");
  assertEquals(await users.check("b", "plain"), true);
  assertEquals(await users.check("b", "pencil"), false, "somebody else's");
  assertEquals(await users.check("nobody", "pencil"), false);
  assertEquals(await users.check("c", "pencil"), true);
});

Deno.test("many hashes at once all get their answer", async () => {
  const users = read(`a:${HASHES[0]}\nb:${HASHES[1]}\n`);
  const answers = await Promise.all(
    Array.from(
      { length: 20 },
      (_, i) =>
        users.check(i % 2 === 0 ? "a" : "b", i < 10 ? "pencil" : "wrong"),
    ),
  );
  assertEquals(answers, Array.from({ length: 20 }, (_, i) => i < 10));
});

Deno.test("no hash is computed for somebody who is refused meanwhile", async () => {
  const users = read(`a:${HASHES[0]}\n`);
  assertEquals(await users.check("a", "pencil", () => true), false);
  assertEquals(await users.check("a", "pencil", () => false), true);
});

Deno.test("a line that is neither is named", () => {
  for (
    const [text, part] of [
      ["a:b\nno colon\n", "line 2"],
      [":password", "line 1"],
      ["a:$scrypt$ln=10$x$y", "line 1: a hash"],
      ["a:b\nc:$pbkdf2-md5$1$x$y", "line 2: a hash"],
    ]
  ) assertThrows(() => read(text), Error, part);
});

Deno.test("SASL: realms and further fields as libsasl and memcached", async () => {
  const users = read("a@here:one:x\nb:two\na@there:three\n", SASL_FILE);
  assertEquals(await users.check("a@here", "one"), true);
  assertEquals(await users.check("a", "one"), true);
  assertEquals(await users.check("a", "three"), true);
  assertEquals(await users.check("a@there", "one"), false);
  assertEquals(await users.check("a@here", "one:x"), false);
  assertEquals(await users.check("b", "two"), true);
  assertEquals(await users.check("b@anywhere", "two"), true);
});
