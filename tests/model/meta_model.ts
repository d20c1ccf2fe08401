/**
 * Owns the meta commands of the protocol model.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { arithmetic, changeNumber } from "./classic_model.ts";
import type { ModelItem, ProtocolModel } from "./protocol_model.ts";
import { VALUE_MAX } from "./protocol_model.ts";

/** Sends random meta commands and checks the replies. */
export class MetaModel {
  readonly #model: ProtocolModel;

  constructor(model: ProtocolModel) {
    this.#model = model;
  }

  step(): void {
    const kind = this.#model.random.below(100);
    if (kind < 50) this.#get();
    else if (kind < 75) this.#set();
    else if (kind < 88) this.#delete();
    else this.#arithmetic();
  }

  // A key as it is written: sometimes in base64.
  #written(key: string): { text: string; flag: string } {
    // In base64, too, a key has 250 bytes at most.
    return this.#model.random.oneIn(8) && key.length < 180
      ? { text: btoa(key), flag: " b" }
      : { text: key, flag: "" };
  }

  #get(): void {
    const model = this.#model;
    const { random } = model;
    const key = model.key();
    const { text, flag } = this.#written(key);
    const flags = ["v", "t", "f", "s", "h", "l", "u", "q", "c", "Oabc"].filter(
      () => random.oneIn(3),
    );
    const [sent, second] = model.exptime();
    if (random.oneIn(8)) flags.push(`T${sent}`);
    if (random.oneIn(10)) flags.push("N100");
    if (random.oneIn(10)) flags.push("R50");
    const line = flags.map((f) => " " + f).join("");
    const reply = model.text.send(`mg ${text}${flag}${line}\r\n`);
    let item = model.live(key);
    const vivifies = flags.includes("N100");
    const created = item === undefined && vivifies;
    if (created) item = model.put(key, "", 0, model.now + 100);
    if (item === undefined) return this.#expectMiss(reply, flags);
    this.#expectHit(reply, key, item, flags, created);
    const retimed = flags.find((f) => f.startsWith("T"));
    // T and N set the same: the later one counts.
    if (retimed !== undefined && (!created || !laterThan(flags, "N", "T"))) {
      item.expiry = second;
    }
    if (!flags.includes("u")) model.fetch(item);
    model.live(key);
  }

  #expectMiss(reply: string, flags: string[]): void {
    if (flags.includes("q")) return assertEquals(reply, "");
    const opaque = flags.includes("Oabc") ? " Oabc" : "";
    assertEquals(reply, `EN${opaque}\r\n`);
  }

  #expectHit(
    reply: string,
    key: string,
    item: ModelItem,
    flags: string[],
    created: boolean,
  ): void {
    const model = this.#model;
    const sends = flags.includes("v");
    let expected = sends ? `VA ${item.value.length}` : "HD";
    let expiry = created ? 0 : item.expiry;
    let recaches = false;
    for (const flag of flags) {
      if (flag.startsWith("T")) {
        const sent = Number(flag.slice(1));
        expiry = sent < 0 ? 1 : sent === 0 ? 0 : model.now + sent;
      } else if (flag === "N100") {
        if (created) expiry = model.now + 100;
      } else if (flag === "R50") {
        recaches = !created && !item.tokenSent && expiry !== 0 &&
          expiry < model.now + 50;
      } else if (flag === "c") {
        const shown = / c([0-9]+)/.exec(reply.split("\r\n")[0]);
        assert(shown !== null, reply);
        model.sawCas(key, item, BigInt(shown[1]));
        expected += ` c${shown[1]}`;
      } else if (flag === "l") {
        expected += ` l${this.#idleSeconds(reply, item)}`;
      } else expected += returned(flag, item, expiry, model.now);
    }
    const wins = created || recaches || (item.stale && !item.tokenSent);
    if (item.tokenSent) expected += " Z";
    if (item.stale) expected += " X";
    if (wins) expected += " W";
    expected += "\r\n";
    if (sends) expected += `${item.value}\r\n`;
    assertEquals(reply, expected, `mg ${key} ${flags.join(" ")}`);
    if (wins) item.tokenSent = true;
  }

  // A reader of a shared table notes an access only if the one noted before
  // is old.
  #idleSeconds(reply: string, item: ModelItem): number {
    const { now, accessLagSeconds } = this.#model;
    const idle = (now - item.accessed) & 0xffff;
    const shown = Number(/ l([0-9]+)/.exec(reply.split("\r\n")[0])?.[1]);
    if (!(shown > idle && shown < idle + accessLagSeconds)) return idle;
    item.accessed = now - shown;
    return shown;
  }

  #set(): void {
    const model = this.#model;
    const { random } = model;
    const key = model.key(), value = model.value();
    const { text, flag } = this.#written(key);
    const mode = random.pick(["", "", "", "MS", "ME", "MR", "MA", "MP"]);
    const [sent, second] = model.exptime();
    const quiet = random.oneIn(4);
    const old = model.live(key);
    const body = mode === "MA" || mode === "MP" ? value.slice(0, 400) : value;
    const reply = model.text.send(
      `ms ${text} ${body.length}${flag} F9 T${sent}` +
        `${mode === "" ? "" : ` ${mode}`}${quiet ? " q" : ""}\r\n${body}\r\n`,
    );
    const outcome = this.#outcome(mode, old, body);
    const said = outcome === "HD" && quiet ? "" : `${outcome}\r\n`;
    const done = model.expect(key, reply, said, ["NS\r\n"]);
    if (mode === "ME" && old !== undefined) old.accessed = model.now;
    if (outcome !== "HD" || !done) return;
    if ((mode === "MA" || mode === "MP") && old !== undefined) {
      const joined = mode === "MA" ? old.value + body : body + old.value;
      model.put(key, joined, old.flags, old.expiry);
    } else model.put(key, body, 9, second);
  }

  #outcome(mode: string, old: ModelItem | undefined, body: string): string {
    if (mode === "ME") return old === undefined ? "HD" : "NS";
    if (mode === "MR") return old === undefined ? "NS" : "HD";
    if (mode !== "MA" && mode !== "MP") return "HD";
    const fits = old !== undefined &&
      old.value.length + body.length <= VALUE_MAX;
    return fits ? "HD" : "NS";
  }

  #delete(): void {
    const model = this.#model;
    const { random } = model;
    const key = model.key();
    const { text, flag } = this.#written(key);
    const item = model.live(key);
    const stale = random.oneIn(2), clears = random.oneIn(4);
    const known = item !== undefined && item.cas !== null;
    const cas = known && random.oneIn(2) ? item.cas! : 5n;
    const compares = random.oneIn(4);
    const reply = model.text.send(
      `md ${text}${flag}${stale ? " I" : ""}${clears ? " x" : ""}` +
        `${compares ? ` C${cas}` : ""}\r\n`,
    );
    if (item === undefined) return assertEquals(reply, "NF\r\n");
    if (compares && cas !== item.cas) return assertEquals(reply, "EX\r\n");
    assertEquals(reply, "HD\r\n");
    if (!stale && !clears) return model.forget(key);
    this.#mark(key, item, stale, clears);
  }

  #mark(key: string, item: ModelItem, stale: boolean, clears: boolean): void {
    const model = this.#model;
    let marked = item;
    if (clears) {
      const { cas } = item;
      marked = model.put(key, "", 0, 0);
      // A tombstone keeps the CAS id, unless it is also marked stale.
      marked.cas = cas;
    }
    if (!stale) return;
    marked.stale = true;
    marked.tokenSent = false;
    marked.cas = null;
  }

  #arithmetic(): void {
    const model = this.#model;
    const { random } = model;
    const key = model.key();
    const decrements = random.oneIn(2);
    const vivifies = random.oneIn(3);
    const delta = BigInt(random.uint32());
    const item = model.live(key);
    const reply = model.text.send(
      `ma ${key} v D${delta}${decrements ? " MD" : ""}` +
        `${vivifies ? " N0 J77" : ""}\r\n`,
    );
    if (item === undefined) {
      if (!vivifies) return assertEquals(reply, "NF\r\n");
      assertEquals(reply, "VA 2\r\n77\r\n");
      model.put(key, "77", 0, 0);
      return;
    }
    const result = arithmetic(item.value, delta, decrements);
    if (result === null) {
      return assertEquals(
        reply,
        "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n",
      );
    }
    const digits = String(result);
    const expected = `VA ${digits.length}\r\n${digits}\r\n`;
    if (model.expect(key, reply, expected, ["NF\r\n"])) {
      changeNumber(model, key, item, result);
    }
  }
}

function laterThan(flags: string[], first: string, second: string): boolean {
  const at = (letter: string) =>
    flags.findIndex((flag) => flag.startsWith(letter));
  return at(first) > at(second);
}

// What a return flag adds to the line.
function returned(
  flag: string,
  item: ModelItem,
  expiry: number,
  now: number,
): string {
  switch (flag) {
    case "t":
      return ` t${expiry === 0 ? -1 : Math.max(0, expiry - now)}`;
    case "f":
      return ` f${item.flags}`;
    case "s":
      return ` s${item.value.length}`;
    case "h":
      return ` h${item.fetched ? 1 : 0}`;
    case "Oabc":
      return " Oabc";
  }
  return "";
}
