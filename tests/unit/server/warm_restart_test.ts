/**
 * Owns the tests of snapshots in files, in this process: whole or not at all,
 * once, and what is left on the disk.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Bytes } from "../../../src/base/bytes.ts";
import { Log } from "../../../src/observe/log.ts";
import { ServerClock } from "../../../src/server/clock.ts";
import { SnapshotPlaceError } from "../../../src/server/snapshot_file.ts";
import { WarmRestart } from "../../../src/server/warm_restart.ts";
import {
  createStore,
  HIT,
  type Store,
  STORED,
  StoreRequest,
} from "../../../src/store/store.ts";
import { inTemporaryDirectory } from "../../support/serving.ts";

const MIB = 1024 * 1024;
const CLOCK = new ServerClock();

interface Life {
  store: Store;
  restart: WarmRestart;
  lines: string[];
  flushAt: number;
}

/** A table with its snapshot at `path`, as a server would start with. */
function begin(path: string, store = createStore({ limitBytes: MIB })): Life {
  const lines: string[] = [];
  const life = { store, lines, flushAt: 0 } as unknown as Life;
  life.restart = new WarmRestart({
    path,
    store,
    clock: CLOCK,
    log: new Log(false, (line) => lines.push(line)),
    flushAt: () => life.flushAt,
    setFlushAt: (second) => life.flushAt = second,
    batches: () => 0,
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  life.restart.start();
  return life;
}

function put(store: Store, text: string, length: number, expiry = 0): void {
  const request = new StoreRequest();
  request.key = Bytes.fromLatin1(text);
  request.keyLength = text.length;
  request.hash = store.hash(request.key, 0, text.length);
  request.value = Bytes.allocate(length);
  request.valueLength = length;
  request.expiry = expiry;
  const { writer } = store.partitionOf(request.hash);
  assertEquals(writer.store(request, CLOCK.seconds()), STORED);
}

function has(store: Store, text: string): boolean {
  const key = Bytes.fromLatin1(text);
  const hash = store.hash(key, 0, text.length);
  const { shard } = store.partitionOf(hash);
  const now = CLOCK.seconds();
  return shard.lookup(hash, key, 0, text.length, now) === HIT;
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
}

/** Writes a snapshot of some items and returns its bytes. */
async function someSnapshot(path: string): Promise<Uint8Array> {
  const life = begin(path);
  for (let i = 0; i < 20; i++) put(life.store, `key${i}`, i * 5);
  assert(await life.restart.write());
  return Deno.readFileSync(path);
}

Deno.test("a snapshot is loaded once", async () => {
  await inTemporaryDirectory(async (folder) => {
    const path = `${folder}/s`;
    const bytes = await someSnapshot(path);
    assertEquals(names(folder), ["s"]);
    if (Deno.build.os !== "windows") {
      assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
    }
    const second = begin(path);
    assertEquals(names(folder), ["s.used"]);
    await second.restart.loaded;
    assertEquals(second.store.itemCount(), 20);
    assert(has(second.store, "key19"));
    assertEquals(Deno.readFileSync(`${path}.used`), bytes);
    // After a crash of the second.
    const third = begin(path);
    await third.restart.loaded;
    assertEquals(third.store.itemCount(), 0);
    assert(third.lines.join("\n").includes("no snapshot to load"));
    assertEquals(names(folder), ["s.used"]);
    assert(await third.restart.write());
    assertEquals(names(folder), ["s"]);
  });
});

Deno.test("an empty table has a snapshot, too", async () => {
  await inTemporaryDirectory(async (folder) => {
    const path = `${folder}/s`;
    assert(await begin(path).restart.write());
    const life = begin(path);
    await life.restart.loaded;
    assertEquals(life.store.itemCount(), 0);
    assert(life.lines.join("\n").includes("snapshot loaded"));
  });
});

/** Starts with a file of these bytes, which must be refused whole. */
async function refusal(path: string, bytes: Uint8Array): Promise<string> {
  Deno.writeFileSync(path, bytes);
  const life = begin(path);
  await life.restart.loaded;
  assertEquals(life.store.itemCount(), 0);
  assertEquals(Deno.readFileSync(`${path}.refused`), bytes);
  Deno.removeSync(`${path}.refused`);
  const line = life.lines.find((text) => text.includes("snapshot refused"));
  assert(line !== undefined, life.lines.join("\n"));
  return line;
}

Deno.test("a file cut off anywhere is refused, and kept aside", async () => {
  await inTemporaryDirectory(async (folder) => {
    const path = `${folder}/s`;
    const bytes = await someSnapshot(path);
    for (let length = 0; length < bytes.length; length++) {
      const line = await refusal(path, bytes.subarray(0, length));
      assert(/truncated|it is empty/.test(line), line);
    }
    assert(/truncated/.test(
      await refusal(
        path,
        new Uint8Array([
          ...bytes,
          0,
        ]),
      ),
    ));
    assertEquals(names(folder), []);
  });
});

Deno.test("a file with any byte changed is refused, and kept aside", async () => {
  await inTemporaryDirectory(async (folder) => {
    const path = `${folder}/s`;
    const bytes = await someSnapshot(path);
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] ^= 0x11;
      await refusal(path, changed);
    }
    assertEquals(names(folder), []);
  });
});

Deno.test("a frame that is missing is missed", async () => {
  await inTemporaryDirectory(async (folder) => {
    const path = `${folder}/s`;
    const life = begin(path, createStore({ limitBytes: 16 * MIB }));
    for (let i = 0; i < 3; i++) put(life.store, `key${i}`, 900_000);
    assert(await life.restart.write());
    const bytes = Deno.readFileSync(path);
    const view = new DataView(bytes.buffer);
    const first = 20 + view.getUint32(72, true);
    const cut = new Uint8Array(bytes.length - first);
    cut.set(bytes.subarray(0, 68));
    cut.set(bytes.subarray(68 + first), 68);
    assert(/truncated/.test(await refusal(path, cut)));
  });
});

Deno.test("CAS ids go on above those of a file that is refused", async () => {
  await inTemporaryDirectory(async (folder) => {
    const path = `${folder}/s`;
    const first = begin(path);
    first.store.raiseSequence(777);
    assert(await first.restart.write());
    const bytes = Deno.readFileSync(path);
    Deno.writeFileSync(path, bytes.subarray(0, bytes.length - 1));
    assertEquals(begin(path).store.sequence(), 777);
  });
});

Deno.test("expired items are not loaded, and TTLs go on", async () => {
  await inTemporaryDirectory(async (folder) => {
    const path = `${folder}/s`;
    const first = begin(path);
    const now = CLOCK.seconds();
    put(first.store, "gone", 1, now);
    put(first.store, "soon", 1, now + 1000);
    assert(await first.restart.write());
    const { store, restart } = begin(path);
    await restart.loaded;
    assertEquals(store.itemCount(), 1);
    const { shard } = store.partitions[0];
    assert(has(store, "soon"));
    assertEquals(shard.expiry(), now + 1000);
  });
});

Deno.test("a flush to come still comes, one that came meanwhile has come", async () => {
  await inTemporaryDirectory(async (folder) => {
    const path = `${folder}/s`;
    const first = begin(path);
    put(first.store, "key", 1);
    first.flushAt = CLOCK.seconds() + 5000;
    assert(await first.restart.write());
    const second = begin(path);
    await second.restart.loaded;
    assertEquals(second.flushAt, first.flushAt);
    assertEquals(second.store.itemCount(), 1);
    second.flushAt = CLOCK.seconds() - 1;
    assert(await second.restart.write());
    const third = begin(path);
    await third.restart.loaded;
    assertEquals([third.flushAt, third.store.itemCount()], [0, 0]);
  });
});

Deno.test("abandoned while loading or writing, nothing half done is left", async () => {
  await inTemporaryDirectory(async (folder) => {
    const path = `${folder}/s`;
    const first = begin(path, createStore({ limitBytes: 16 * MIB }));
    for (let i = 0; i < 50_000; i++) put(first.store, `key${i}`, 50);
    assert(await first.restart.write());
    const second = begin(path, createStore({ limitBytes: 16 * MIB }));
    second.restart.abandon();
    await second.restart.loaded;
    assert(second.store.itemCount() < 50_000);
    assert(second.lines.join("\n").includes("loading abandoned"));
    assertEquals(await second.restart.write(), false);
    assert(second.lines.join("\n").includes("snapshot not written"));
    assertEquals(names(folder), ["s.used"]);
  });
});

Deno.test("a place where nothing can be written is refused at the start", async () => {
  await inTemporaryDirectory((folder) => {
    Deno.mkdirSync(`${folder}/directory`);
    for (const path of [`${folder}/missing/s`, `${folder}/directory`]) {
      assertThrows(() => begin(path), SnapshotPlaceError);
    }
    assertEquals(names(folder), ["directory"]);
    return Promise.resolve();
  });
});
