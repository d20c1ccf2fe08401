/**
 * Owns the checks of how a memory limit becomes pages and tables.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  computeGeometry,
  fixedTableBytes,
  GHOST_BUCKET_BYTES,
  PAGE_COLUMN_BYTES,
} from "../../../src/store/geometry.ts";
import { SlabClasses } from "../../../src/store/slab_classes.ts";
import { sizeClassOf, ttlClassOf } from "../../../src/store/segments.ts";

const MIB = 1024 * 1024, GIB = 1024 * MIB;

function layOut(limitBytes: number, itemBytesMax = MIB, threads = 1) {
  return computeGeometry({ limitBytes, itemBytesMax, threads, growable: true });
}

Deno.test("everything of a table fits inside -m, with less than a page lost", () => {
  for (const limit of [2, 3, 8, 64, 100, 256, 1024, 4000, 65536]) {
    const g = layOut(limit * MIB);
    const shard = g.pagesUsable * (g.pageBytes + PAGE_COLUMN_BYTES) +
      fixedTableBytes(g.stripeCopies) + g.ghostBuckets * GHOST_BUCKET_BYTES;
    assert(shard * g.shardCount <= limit * MIB, `-m ${limit}`);
    const lost = limit * MIB / g.shardCount - shard;
    assert(lost <= g.pageBytes + PAGE_COLUMN_BYTES, `-m ${limit}: ${lost}`);
    assert(g.pagesMax * g.pageBytes <= 2 * GIB);
    assert(g.pagesMax > g.pagesUsable);
  }
});

Deno.test("pages are a thousandth of the shard, within 16 KiB and 1 MiB", () => {
  assertEquals(layOut(2 * MIB).pageBytes, 16 * 1024);
  assertEquals(layOut(64 * MIB).pageBytes, 64 * 1024);
  assertEquals(layOut(64 * GIB).pageBytes, MIB);
});

Deno.test("threads get shards of their own when memory allows", () => {
  assertEquals(layOut(64 * MIB, MIB, 4).shardCount, 1);
  assertEquals(layOut(GIB, MIB, 8).shardCount, 16);
  assertEquals(layOut(GIB, MIB, 4).shardCount, 8);
  assertEquals(layOut(GIB, MIB, 2).shardCount, 4);
  // With little memory there are fewer.
  for (const [megabytes, shards] of [[127, 1], [128, 2], [191, 2], [192, 4]]) {
    assertEquals(layOut(megabytes * MIB, MIB, 8).shardCount, shards);
  }
});

Deno.test("a shard is given 1 GiB, and has addresses for 2 to grow to", () => {
  const counts = [512, 1024, 2048, 4096, 16384].map((megabytes) =>
    layOut(megabytes * MIB).shardCount
  );
  assertEquals(counts, [1, 2, 4, 8, 16]);
  // Two pieces of what 100 KB take in a page are rare.
  assertEquals(layOut(GIB).pageBytes, 512 * 1024);
  for (const growable of [false, true]) {
    for (const megabytes of [1023, 1024, 1025, 2048, 2049, 65536]) {
      const limitBytes = megabytes * MIB;
      const options = { limitBytes, itemBytesMax: MIB, threads: 1, growable };
      const { shardCount, pagesMax, pageBytes } = computeGeometry(options);
      assert(limitBytes / shardCount <= GIB, `${megabytes}`);
      assert(pagesMax * pageBytes <= 2 * GIB, `${megabytes}`);
    }
  }
});

Deno.test("a shard holds several of the largest items", () => {
  for (const item of [1, 8, 100, 256, 512, 1024]) {
    const g = layOut(2 * item * MIB, item * MIB, 4);
    assertEquals(g.shardCount, 1);
    assert(g.pagesUsable * g.pageBytes > 1.9 * item * MIB);
  }
});

Deno.test("size and TTL classes are a factor four wide", () => {
  const sizes = [1, 255, 256, 1023, 1024, 4095, 4096, 1 << 30];
  assertEquals(sizes.map(sizeClassOf), [0, 0, 1, 1, 2, 2, 3, 11]);
  const ttl = (seconds: number) => ttlClassOf(1000 + seconds, 1000);
  assertEquals([1, 15, 16, 63, 64, 255, 65536, 1e8].map(ttl), [
    0,
    0,
    1,
    1,
    2,
    2,
    7,
    7,
  ]);
  assertEquals(ttlClassOf(0, 1000), 8);
  assertEquals(ttlClassOf(999, 1000), 0);
});

Deno.test("SlabClasses is memcached 1.6's table", () => {
  const slabs = new SlabClasses();
  assertEquals(slabs.chunkBytes.slice(1, 8), [
    96,
    120,
    152,
    192,
    240,
    304,
    384,
  ]);
  assertEquals(slabs.largest, 39);
  assertEquals(slabs.chunkBytes.slice(-3), [315872, 394840, 524288]);
  assertEquals(slabs.chunksPerPage(1), 10922);
  for (let c = 1; c < slabs.largest; c++) {
    assertEquals(slabs.classOf(slabs.chunkBytes[c]), c);
    assertEquals(slabs.classOf(slabs.chunkBytes[c] + 1), c + 1);
  }
  assertEquals(slabs.classOf(1 << 30), 39);
});
