/**
 * Owns the comparison of this engine with a real memcached on random
 * commands, valid and nearly valid: every reply must be the same.
 *
 * Run: MEMCACHED=/path/to/memcached deno run -A tests/fuzz/differential.ts
 *      [seed] [commands]
 *
 * @module
 */
import { type Client, startMemcached } from "../support/memcached.ts";
import {
  type MemoryConnection,
  MemoryServer,
} from "../support/memory_server.ts";
import { Random } from "../support/random.ts";

const KEYS = ["a", "b", "key", "n", "num:1", "x".repeat(250)];
const BAD_KEYS = ["y".repeat(251), "tab\tkey", "\x01"];

/** Makes commands; `{cas}` stands for the CAS id of the key seen last. Ids of
 * other keys are not used: they only order the versions of one key. */
export class CommandMaker {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  key(): string {
    const random = this.#random;
    return random.oneIn(25) ? random.pick(BAD_KEYS) : random.pick(KEYS);
  }

  #number(): string {
    const random = this.#random;
    const edges = ["0", "1", "-1", "10", "4294967295", "4294967296", "abc", ""];
    const big = ["18446744073709551615", "18446744073709551616", "1x", "+5"];
    const list = random.oneIn(6) ? big : edges;
    return random.oneIn(3) ? random.pick(list) : String(random.below(1000));
  }

  #value(): string {
    const random = this.#random;
    if (random.oneIn(3)) return String(random.below(100000));
    if (random.oneIn(9)) return "18446744073709551615";
    if (random.oneIn(9)) return " 12 ";
    return random.oneIn(30)
      ? "v".repeat(random.below(70000))
      : "v".repeat(random.below(60));
  }

  #exptime(): string {
    return this.#random.pick([
      "0",
      "0",
      "0",
      "100",
      "1000",
      "-1",
      "2592000",
      "2592001",
      "abc",
    ]);
  }

  #cas(): string {
    const random = this.#random;
    if (random.oneIn(2)) return "{cas}";
    return random.pick(["1", "0", "abc", "18446744073709551615"]);
  }

  #noreply(): string {
    return this.#random.oneIn(12) ? " noreply" : "";
  }

  command(): string {
    const random = this.#random;
    const kind = random.below(100);
    if (kind < 20) return this.#store();
    if (kind < 35) return this.#get();
    if (kind < 45) return this.#short();
    if (kind < 62) return this.#metaGet();
    if (kind < 78) return this.#metaSet();
    if (kind < 86) return this.#metaDelete();
    if (kind < 95) return this.#metaArithmetic();
    return this.#other();
  }

  #store(): string {
    const random = this.#random;
    const verb = random.pick([
      "set",
      "set",
      "set",
      "add",
      "replace",
      "append",
      "prepend",
      "cas",
    ]);
    const value = this.#value();
    const length = this.#length(value);
    const end = random.oneIn(40) ? random.pick(["x\r\n", "\n\n"]) : "\r\n";
    const cas = verb === "cas" ? ` ${this.#cas()}` : "";
    const flags = random.oneIn(4) ? this.#number() || "7" : "5";
    return `${verb} ${this.key()} ${flags} ${this.#exptime()} ${length}` +
      `${cas}${this.#noreply()}\r\n${value}${end}`;
  }

  // A wrong length must not be longer than what follows: the peer would wait.
  #length(value: string): string {
    const random = this.#random;
    if (value.length > 1500 || !random.oneIn(30)) return String(value.length);
    return random.oneIn(2)
      ? random.pick(["abc", "-1", "1x", "4294967296"])
      : String(random.below(value.length + 1));
  }

  #get(): string {
    const random = this.#random;
    const verb = random.pick(["get", "get", "gets", "gat", "gats"]);
    const keys = Array.from({ length: random.below(4) }, () => this.key());
    const exptime = verb.startsWith("gat") ? ` ${this.#exptime()}` : "";
    return `${verb}${exptime} ${keys.join(random.oneIn(9) ? "  " : " ")}\r\n`;
  }

  #short(): string {
    const verb = this.#random.pick(["incr", "decr", "touch", "delete"]);
    const number = verb === "delete" ? "" : ` ${this.#number()}`;
    return `${verb} ${this.key()}${number}${this.#noreply()}\r\n`;
  }

  #flags(letters: string, most: number): string {
    const random = this.#random;
    let text = "";
    const count = random.below(most);
    for (let i = 0; i < count; i++) {
      const letter = random.pick([...letters]);
      text += " " + letter + this.#argument(letter);
    }
    return text;
  }

  #argument(letter: string): string {
    const random = this.#random;
    switch (letter) {
      case "T":
      case "N":
      case "R":
        return random.pick(["0", "30", "100", "-1", "1000", "", "x"]);
      case "O":
        return random.pick(["", "abc", "1234567890", "z".repeat(31)]);
      case "C":
      case "E":
        return this.#cas();
      case "F":
      case "D":
      case "J":
        return this.#number();
      case "M":
        return random.pick(["S", "E", "A", "P", "R", "I", "D", "+", "-", "s"]);
    }
    return random.oneIn(30) ? "9" : "";
  }

  #metaKey(): string {
    return this.#random.oneIn(6) ? btoa(this.key()) : this.key();
  }

  #metaGet(): string {
    return `mg ${this.#metaKey()}${this.#flags("vvvtfcskOqhuTNREbC", 7)}\r\n`;
  }

  #metaSet(): string {
    const random = this.#random;
    const value = this.#value();
    const length = this.#length(value);
    const end = random.oneIn(60) ? "x\r\n" : "\r\n";
    const flags = this.#flags("cCkOqsTFMENb", 6);
    return `ms ${this.#metaKey()} ${length}${flags}\r\n${value}${end}`;
  }

  #metaDelete(): string {
    return `md ${this.#metaKey()}${this.#flags("qkOCITxEb", 5)}\r\n`;
  }

  #metaArithmetic(): string {
    return `ma ${this.#metaKey()}${this.#flags("qvktcONJDTMCEb", 6)}\r\n`;
  }

  #other(): string {
    return this.#random.pick([
      "flush_all\r\n",
      "mn\r\n",
      "bogus\r\n",
      "\r\n",
      "get\r\n",
      "mg\r\n",
      "ms x\r\n",
      "verbosity 0\r\n",
      "touch a\r\n",
      "incr\r\n",
      "  mn\r\n",
      "GET a\r\n",
      "stats foo\r\n",
      "slabs automove 1\r\n",
      "lru foo\r\n",
      "mx a\r\n",
      "delete\r\n",
      "cache_memlimit x\r\n",
      "lru_crawler x\r\n",
      "shutdown\r\n",
      "gat 1\r\n",
    ]);
  }
}

/** Remembers the CAS ids that one server has shown, and hides them. */
class CasView {
  readonly seen = new Map<string, string>();

  fill(command: string): string {
    const key = command.split(" ")[1];
    return command.replaceAll("{cas}", () => this.seen.get(key) ?? "77777");
  }

  /** CAS ids become {c}; those of classic and meta replies are noted. */
  hide(command: string, reply: string): string {
    const meta = /^m[gsa] ([^ ]+)/.exec(command);
    return reply
      // memcached forgets that a key was given in base64 when incr or append
      // make a new item; we do not.
      .replace(/ k([A-Za-z0-9+/=]+) b\b/g, (_, k) => ` k${atob(k)}`)
      // Our clock stands still, the peer's does not.
      .replace(/^((?:HD|VA \d+)[^\r]*) t\d+/gm, "$1 t{n}")
      .replace(/^VALUE ([^ ]+) (\d+) (\d+) (\d+)\r$/gm, (_, k, f, n, cas) => {
        this.seen.set(k, cas);
        return `VALUE ${k} ${f} ${n} {c}\r`;
      })
      .replace(/^((?:HD|VA \d+)[^\r]*) c(\d+)/gm, (_, head, cas) => {
        if (meta !== null) this.seen.set(meta[1], cas);
        return `${head} ${cas === "0" ? "c0" : "{c}"}`;
      });
  }
}

class DifferenceError extends Error {}

// The last commands on the key of this one.
function ofSameKey(history: string[], command: string): string[] {
  const key = command.split(/[ \r]/)[1] ?? "";
  const shown = key === KEYS[5] ? "X" : key === btoa(KEYS[5]) ? "X64" : key;
  return history.filter((h) => h.split(/[ \\]/)[1] === shown).slice(-9);
}

/** Compares `count` commands; throws with the history at a difference. */
export async function compare(
  peer: Client,
  mine: MemoryConnection,
  seed: number,
  count: number,
): Promise<void> {
  const maker = new CommandMaker(new Random(seed));
  const theirs = new CasView(), ours = new CasView();
  const history: string[] = [];
  for (let i = 0; i < count; i++) {
    const command = maker.command();
    const asked = theirs.fill(command);
    // memcached ends this one error with an empty line too many.
    const reply = (await peer.ask(asked)).replace(
      /^(CLIENT_ERROR bad command line format\r\n)\r\n/,
      "$1",
    );
    const expected = theirs.hide(asked, reply);
    const mineAsked = ours.fill(command);
    const raw = await mine.send(mineAsked + "version\r\n");
    const got = ours.hide(
      mineAsked,
      raw.replace(/VERSION [0-9.]+\r\n$/, ""),
    );
    const shown = JSON.stringify(asked).replaceAll(KEYS[5], "X").replaceAll(
      btoa(KEYS[5]),
      "X64",
    ).slice(0, 90);
    history.push(`${shown} => ${JSON.stringify(got).slice(0, 100)}`);
    if (peer.isClosed) {
      throw new DifferenceError(`memcached closed at ${shown}`);
    }
    if (got === expected) continue;
    throw new DifferenceError(
      `seed ${seed}, command ${i}: they differ\n` +
        ofSameKey(history, command).join("\n") +
        `\n memcached: ${JSON.stringify(expected).slice(0, 400)}` +
        `\n ours:      ${JSON.stringify(got).slice(0, 400)}`,
    );
  }
}

if (import.meta.main) {
  const [seed = "1", count = "20000"] = Deno.args;
  const server = await startMemcached(["-o", "no_lru_maintainer"]);
  try {
    const peer = await server.connect();
    const mine = new MemoryServer().connect();
    try {
      await compare(peer, mine, Number(seed), Number(count));
      console.log(`${count} commands from seed ${seed}: no difference`);
    } catch (error) {
      if (!(error instanceof DifferenceError)) throw error;
      console.log(error.message);
      Deno.exitCode = 1;
    }
    peer.close();
  } finally {
    await server.stop();
  }
}
