"""Owns driving a server through pymemcache: classic text, with and without
noreply, by TLS if there is a file of authorities to trust.
Usage: pymemcache_checks.py <port> [authorities]
"""

import ssl
import sys
import threading
import time
import zlib

from pymemcache import serde
from pymemcache.client.base import Client, KeepaliveOpts, PooledClient
from pymemcache.client.hash import HashClient
from pymemcache.client.retrying import RetryingClient
from pymemcache.exceptions import (
    MemcacheClientError,
    MemcacheIllegalInputError,
    MemcacheServerError,
)

from checks import Checks
from lifetime import lifetime

SERVER = ("127.0.0.1", int(sys.argv[1]))
ALL_BYTES = bytes(range(256)) * 3 + b"\r\nEND\r\nVALUE k 0 5\r\n"
UINT64_MAX = 2**64 - 1
UINT32_MAX = 2**32 - 1

TLS = {}
if len(sys.argv) > 2:
    TLS["tls_context"] = ssl.create_default_context(cafile=sys.argv[2])

checks = Checks()
same, fails, becomes = checks.same, checks.fails, checks.becomes


def connect(**options):
    options.setdefault("default_noreply", False)
    return Client(SERVER, timeout=60, no_delay=True, **TLS, **options)


class FlagsSerde:
    """Shows the flags that came with a value."""

    def serialize(self, key, value):
        return value, 0

    def deserialize(self, key, value, flags):
        return value, flags


class CompressedSerde:
    """Compresses long values, and marks them by a flag."""

    def serialize(self, key, value):
        return (zlib.compress(value), 8) if len(value) > 100 else (value, 0)

    def deserialize(self, key, value, flags):
        return zlib.decompress(value) if flags & 8 else value


def stores():
    c = connect()
    same("set", c.set("store", b"one"), True)
    same("get", c.get("store"), b"one")
    same("set again", c.set("store", b"two"), True)
    same("get again", c.get("store"), b"two")
    same("get, missing", c.get("store-none"), None)
    same("get, default", c.get("store-none", "default"), "default")
    same("add, there", c.add("store", b"no"), False)
    same("add, new", c.add("store-added", b"yes"), True)
    same("replace, there", c.replace("store", b"mid"), True)
    same("replace, missing", c.replace("store-none", b"no"), False)
    same("append", c.append("store", b">"), True)
    same("prepend", c.prepend("store", b"<"), True)
    same("append, missing", c.append("store-none", b">"), False)
    same("prepend, missing", c.prepend("store-none", b"<"), False)
    same("get, joined", c.get("store"), b"<mid>")
    same("set, empty", c.set("store-empty", b""), True)
    same("get, empty", c.get("store-empty"), b"")
    same("set, any byte", c.set("store-bytes", ALL_BYTES), True)
    same("get, any byte", c.get("store-bytes"), ALL_BYTES)
    same("delete", c.delete("store"), True)
    same("delete, missing", c.delete("store"), False)
    same("get, deleted", c.get("store"), None)
    c["store-item"] = b"item"
    same("item", c["store-item"], b"item")
    del c["store-item"]
    fails("item, deleted", KeyError, lambda: c["store-item"])
    c.close()


def many():
    c = connect()
    values = {f"many-{i}": b"%d " % i * (i % 50) for i in range(2000)}
    same("set_many", c.set_many(values), [])
    same("get_many", c.get_many(list(values)), values)
    some = ["many-7", "many-none", "many-3", "many-7"]
    found = {key: values[key] for key in some if key in values}
    same("get_many, some", c.get_many(some), found)
    same("get_many, none", c.get_many(["many-none", "many-nothing"]), {})
    found = c.gets_many(["many-1", "many-2", "many-none"])
    same("gets_many", sorted(found), ["many-1", "many-2"])
    same("gets_many, cas", c.cas("many-1", b"new", found["many-1"][1]), True)
    same("gets_many, cas again", c.cas("many-1", b"no", found["many-1"][1]), False)
    same("gets_many, other", c.cas("many-2", b"new", found["many-2"][1]), True)
    same("delete_many", c.delete_many(list(values)[:1000]), True)
    same("get_many, rest", len(c.get_many(list(values))), 1000)
    c.close()


def check_and_set():
    c = connect()
    same("gets, missing", c.gets("cas"), (None, None))
    same("cas, missing", c.cas("cas", b"no", b"1"), None)
    c.set("cas", b"one")
    value, first = c.gets("cas")
    same("gets", value, b"one")
    same("cas", c.cas("cas", b"two", first), True)
    same("cas, stale", c.cas("cas", b"no", first), False)
    value, second = c.gets("cas")
    same("gets, new", value, b"two")
    same("cas rises", int(second) > int(first), True)
    same("cas, number", c.cas("cas", b"three", int(second)), True)
    fails("cas, text", MemcacheIllegalInputError, lambda: c.cas("cas", b"", b"x"))
    same("cas, largest", c.cas("cas", b"no", UINT64_MAX), False)
    same("get, swapped", c.get("cas"), b"three")
    c.close()


def numbers():
    c = connect()
    same("incr, missing", c.incr("number", 1), None)
    same("decr, missing", c.decr("number", 1), None)
    c.set("number", b"10")
    same("incr", c.incr("number", 5), 15)
    same("decr", c.decr("number", 6), 9)
    same("get, shorter", c.get("number"), b"9 ")
    same("decr below 0", c.decr("number", 100), 0)
    same("incr, 64 bits", c.incr("number", UINT64_MAX), UINT64_MAX)
    same("get, 64 bits", c.get("number"), b"18446744073709551615")
    same("incr wraps", c.incr("number", 1), 0)
    same("incr wraps by more", c.incr("number", UINT64_MAX), UINT64_MAX)
    same("incr wraps far", c.incr("number", UINT64_MAX), UINT64_MAX - 1)
    same("decr, 64 bits", c.decr("number", UINT64_MAX - 2), 1)
    c.set("number", b"text")
    error = MemcacheClientError
    text = "cannot increment or decrement non-numeric value"
    fails("incr, text", error, lambda: c.incr("number", 1), text)
    fails("decr, text", error, lambda: c.decr("number", 1), text)
    text = "invalid numeric delta argument"
    fails("incr, negative", error, lambda: c.incr("number", -1), text)
    fails("incr, above", error, lambda: c.incr("number", 2**64), text)
    same("get, still text", c.get("number"), b"text")
    c.close()


def expiry():
    c = connect()
    same("touch, missing", c.touch("expiry-none", 100), False)
    c.set("expiry-short", b"x", expire=2)
    c.set("expiry-kept", b"kept", expire=1000)
    c.set("expiry-touched", b"x")
    same("touch, for ever", c.touch("expiry-kept", 0), True)
    left = lifetime(SERVER, "expiry-kept", TLS.get("tls_context"))
    same("touched, for ever", left, b"HD t-1")
    same("touch, short", c.touch("expiry-touched", 1), True)
    becomes("expires", lambda: c.get("expiry-short"), None)
    becomes("expires, touched", lambda: c.get("expiry-touched"), None)
    same("kept", c.get("expiry-kept"), b"kept")
    same("add, expired", c.add("expiry-short", b"new"), True)
    c.set("expiry", b"x", expire=-1)
    same("expired at once", c.get("expiry"), None)
    c.set("expiry", b"x", expire=int(time.time()) + 1000)
    same("unix time to come", c.get("expiry"), b"x")
    c.set("expiry", b"x", expire=int(time.time()) - 1000)
    same("unix time that was", c.get("expiry"), None)
    c.set("expiry", b"x", expire=60 * 60 * 24 * 30)
    same("30 days", c.get("expiry"), b"x")
    c.set("expiry", b"x", expire=60 * 60 * 24 * 30 + 1)
    same("30 days and a second: 1970", c.get("expiry"), None)
    same("touch, at once", c.touch("expiry-kept", -1), True)
    same("touched, gone", c.get("expiry-kept"), None)
    c.close()


def flags_and_values():
    c = connect(serde=FlagsSerde())
    for flags in (0, 1, 65535, 65536, UINT32_MAX):
        same(f"set, flags {flags}", c.set("flags", b"v", flags=flags), True)
        same(f"get, flags {flags}", c.get("flags"), (b"v", flags))
    c.add("flags-added", b"v", flags=7)
    same("add, flags", c.get("flags-added"), (b"v", 7))
    c.append("flags-added", b"w", flags=9)
    same("append keeps flags", c.get("flags-added"), (b"vw", 7))
    c.close()
    c = connect(serde=serde.pickle_serde)
    for value in (b"bytes", "text äöü €", 42, -1, {"a": [1, 2.5, None]}, None):
        c.set("pickle", value)
        same(f"pickled {value!r}", c.get("pickle"), value)
    c.close()
    c = connect(serde=CompressedSerde())
    for value in (b"short", b"long " * 100_000):
        c.set("compressed", value)
        same(f"compressed {len(value)}", c.get("compressed"), value)
    c.close()


def keys():
    c = connect()
    longest = "k" * 250
    same("set, 250", c.set(longest, b"v"), True)
    same("get, 250", c.get(longest), b"v")
    same("incr, 250", (c.set(longest, b"1"), c.incr(longest, 1)), (True, 2))
    similar = [longest[:-1] + last for last in "abk"]
    same("get_many, 250", c.get_many(similar), {longest: b"2"})
    same("delete, 250", c.delete(longest), True)
    fails("251", MemcacheIllegalInputError, lambda: c.set("k" * 251, b""))
    c.close()
    c = connect(allow_unicode_keys=True)
    unicode = "schlüssel-鍵-🔑"
    same("set, unicode", c.set(unicode, b"v"), True)
    same("get, unicode", c.get(unicode), b"v")
    same("get_many, unicode", c.get_many([unicode, "鍵"]), {unicode: b"v"})
    long = "é" * 125
    same("set, unicode 250", c.set(long, b"v"), True)
    same("get, unicode 250", c.get(long), b"v")
    c.close()
    c = connect(key_prefix=b"prefix:")
    same("set, prefix", c.set("k", b"v"), True)
    same("get_many, prefix", c.get_many(["k", "l"]), {"k": b"v"})
    c.close()
    c = connect()
    same("get, prefix", c.get("prefix:k"), b"v")
    c.close()


def sizes():
    c = connect()
    for length in (1, 1024, 65536, 500_000, 1_000_000, 1024 * 1024 - 512):
        value = bytes([length % 251]) * length
        same(f"set, {length}", c.set("size", value), True)
        same(f"get, {length}", c.get("size") == value, True)
    large = b"x" * (1024 * 1024 + 1)
    text = "object too large for cache"
    fails("set, too large", MemcacheServerError, lambda: c.set("size", large), text)
    same("get, old value is gone", c.get("size"), None)
    same("set, too large, noreply", c.set("size", large, noreply=True), True)
    same("set, thereafter", c.set("size", b"x" * 1_000_000), True)
    same("append, too large", c.append("size", b"y" * 100_000), False)
    same("append, refused", len(c.get("size") or b""), 1_000_000)
    c.close()


def noreply():
    c = connect(default_noreply=True)
    c.set("quiet", b"one")
    c.add("quiet", b"no")
    c.add("quiet-added", b"yes")
    c.replace("quiet", b"two")
    c.append("quiet", b">")
    c.prepend("quiet", b"<")
    wanted = {"quiet": b"<two>", "quiet-added": b"yes"}
    same("all stored", c.get_many(list(wanted)), wanted)
    _, cas = c.gets("quiet")
    c.cas("quiet", b"5", cas, noreply=True)
    c.cas("quiet", b"no", cas, noreply=True)
    c.incr("quiet", 10, noreply=True)
    c.decr("quiet", 1, noreply=True)
    same("cas, incr, decr", c.get("quiet"), b"14")
    c.touch("quiet", -1)
    same("touch", c.get("quiet"), None)
    c.delete("quiet-added")
    c.delete("quiet-none")
    same("delete", c.get("quiet-added"), None)
    c.set_many({f"quiet-{i}": b"%d" % i for i in range(1000)})
    names = [f"quiet-{i}" for i in range(1000)]
    same("set_many", len(c.get_many(names)), 1000)
    c.delete_many(names[:999])
    same("delete_many", c.get_many(names), {"quiet-999": b"999"})
    c.flush_all()
    same("flush_all", c.get("quiet-999"), None)
    c.close()


def operation():
    c = connect()
    version = c.version()
    same("version", version.count(b".") >= 2, True)
    same("stats, version", c.stats()[b"version"], version)
    c.set("stats", b"v")
    before = c.stats()
    c.get_many(["stats", "stats-none"])
    after = c.stats()
    same("stats, hits", after[b"get_hits"] - before[b"get_hits"], 1)
    same("stats, misses", after[b"get_misses"] - before[b"get_misses"], 1)
    same("stats, items", after[b"curr_items"] > 0, True)
    same("stats settings", c.stats("settings")[b"maxconns"], 1024)
    found = any(b":number" in name for name in c.stats("items"))
    same("stats items", found, True)
    same("stats slabs", b"total_malloced" in c.stats("slabs"), True)
    same("stats conns", len(c.stats("conns")) > 0, True)
    same("cache_memlimit", c.cache_memlimit(65), True)
    same("cache_memlimit, seen", c.stats()[b"limit_maxbytes"], 65 * 1024 * 1024)
    c.quit()
    same("after quit", c.get("stats"), b"v")
    fails("shutdown", MemcacheServerError, c.shutdown, "shutdown not enabled")
    same("flush_all, delayed", c.flush_all(delay=2), True)
    becomes("flush_all, came", lambda: c.get("stats"), None)
    c.set("stats", b"v")
    same("flush_all", c.flush_all(), True)
    same("flushed", c.get("stats"), None)
    same("set, flushed", (c.set("stats", b"w"), c.get("stats")), (True, b"w"))
    c.close()


def pools():
    pool = PooledClient(
        SERVER, max_pool_size=8, timeout=60, default_noreply=False, **TLS
    )
    pool.set("pool", b"0")

    def count():
        for _ in range(200):
            pool.incr("pool", 1)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same("pool counts", pool.get("pool"), b"1600")
    same("pool, many", pool.get_many(["pool", "pool-none"]), {"pool": b"1600"})
    pool.close()
    ring = HashClient(
        [SERVER], use_pooling=True, timeout=60, default_noreply=False, **TLS
    )
    values = {f"ring-{i}": b"%d" % i for i in range(100)}
    same("ring, set_many", ring.set_many(values), [])
    same("ring, get_many", ring.get_many(list(values)), values)
    _, cas = ring.gets("ring-1")
    same("ring, cas", ring.cas("ring-1", b"new", cas), True)
    same("ring, incr", ring.incr("ring-2", 1), 3)
    same("ring, delete", ring.delete("ring-3"), True)
    ring.close()
    retrying = RetryingClient(connect(socket_keepalive=KeepaliveOpts()), attempts=2)
    same("retrying, set", retrying.set("retry", b"v"), True)
    same("retrying, get", retrying.get("retry"), b"v")
    retrying.close()


connect().flush_all()
for part in (
    stores,
    many,
    check_and_set,
    numbers,
    expiry,
    flags_and_values,
    keys,
    sizes,
    noreply,
    operation,
    pools,
):
    checks.section(part.__name__, part)
checks.end()
