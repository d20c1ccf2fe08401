"""Owns driving a server through pylibmc, which is libmemcached: classic text
and binary, with and without buffering, blocking and replies.
Usage: pylibmc_checks.py <port>
"""

import sys
import threading
import time

import pylibmc

from checks import Checks
from lifetime import lifetime

ADDRESS = ("127.0.0.1", int(sys.argv[1]))
SERVER = f"127.0.0.1:{sys.argv[1]}"
ALL_BYTES = bytes(range(256)) * 3 + b"\r\nEND\r\nVALUE k 0 5\r\n"
UINT64_MAX = 2**64 - 1

checks = Checks()
same, fails, becomes = checks.same, checks.fails, checks.becomes


def connect(binary, **behaviors):
    behaviors = {"tcp_nodelay": True, "cas": True, **behaviors}
    return pylibmc.Client([SERVER], binary=binary, behaviors=behaviors)


def stores(binary):
    c = connect(binary)
    same("set", c.set("store", b"one"), True)
    same("get", c.get("store"), b"one")
    same("set again", c.set("store", b"two"), True)
    same("get again", c.get("store"), b"two")
    same("get, missing", c.get("store-none"), None)
    same("get, default", c.get("store-none", "default"), "default")
    same("contains", ("store" in c, "store-none" in c), (True, False))
    same("add, there", c.add("store", b"no"), False)
    same("add, new", c.add("store-added", b"yes"), True)
    same("replace, there", c.replace("store", b"mid"), True)
    if binary:
        refused = lambda: c.replace("store-none", b"no")
        fails("replace, missing", pylibmc.NotFound, refused)
    else:
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


def many(binary):
    c = connect(binary)
    values = {f"many-{i}": b"%d " % i * (i % 50) for i in range(2000)}
    same("set_multi", c.set_multi(values), [])
    same("get_multi", c.get_multi(list(values)), values)
    found = c.get_multi(["7", "none", "3"], key_prefix="many-")
    same("get_multi, prefix", found, {"7": values["many-7"], "3": values["many-3"]})
    same("get_multi, none", c.get_multi(["many-none", "many-nothing"]), {})
    refused = c.add_multi({"many-1": b"no", "many-added": b"yes"})
    same("add_multi", refused, ["many-1"])
    same("add_multi, stored", c.get("many-added"), b"yes")
    c.set_multi({"many-1": 1, "many-2": 10})
    c.incr_multi(["many-1", "many-2"], delta=5)
    same("incr_multi", c.get_multi(["many-1", "many-2"]), {"many-1": 6, "many-2": 15})
    same("delete_multi", c.delete_multi(list(values)[:1000]), True)
    same("delete_multi, missing", c.delete_multi(["many-1", "many-1999"]), False)
    same("get_multi, rest", len(c.get_multi(list(values))), 999)


def check_and_set(binary):
    c = connect(binary)
    same("gets, missing", c.gets("cas"), (None, None))
    fails("cas, missing", pylibmc.NotFound, lambda: c.cas("cas", b"no", 1))
    c.set("cas", b"one")
    value, first = c.gets("cas")
    same("gets", value, b"one")
    same("cas", c.cas("cas", b"two", first), True)
    same("cas, stale", c.cas("cas", b"no", first), False)
    value, second = c.gets("cas")
    same("gets, new", value, b"two")
    same("cas rises", second > first, True)
    same("cas, again", c.cas("cas", b"three", second), True)
    same("get, swapped", c.get("cas"), b"three")


def numbers(binary):
    c = connect(binary)
    fails("incr, missing", pylibmc.NotFound, lambda: c.incr("number"))
    fails("decr, missing", pylibmc.NotFound, lambda: c.decr("number"))
    c.set("number", 10)
    same("incr", c.incr("number", 5), 15)
    same("incr by 1", c.incr("number"), 16)
    same("decr", c.decr("number", 6), 10)
    same("get", c.get("number"), 10)
    same("decr below 0", c.decr("number", 100), 0)
    c.set("number", UINT64_MAX - 1)
    same("incr, 64 bits", c.incr("number"), UINT64_MAX)
    same("get, 64 bits", c.get("number"), UINT64_MAX)
    same("incr wraps", c.incr("number"), 0)
    same("incr, 31 bits", c.incr("number", 2**31 - 1), 2**31 - 1)
    c.set("number", "text")
    fails("incr, text", pylibmc.Error, lambda: c.incr("number"))
    same("get, still text", c.get("number"), "text")


def expiry(binary):
    c = connect(binary)
    same("touch, missing", c.touch("expiry-none", 100), False)
    c.set("expiry-short", b"x", time=2)
    c.set("expiry-kept", b"kept", time=1000)
    c.set("expiry-touched", b"x")
    same("touch, for ever", c.touch("expiry-kept", 0), True)
    same("touched, for ever", lifetime(ADDRESS, "expiry-kept"), b"HD t-1")
    same("touch, short", c.touch("expiry-touched", 1), True)
    becomes("expires", lambda: c.get("expiry-short"), None)
    becomes("expires, touched", lambda: c.get("expiry-touched"), None)
    same("kept", c.get("expiry-kept"), b"kept")
    same("add, expired", c.add("expiry-short", b"new"), True)
    c.set("expiry", b"x", time=int(time.time()) + 1000)
    same("unix time to come", c.get("expiry"), b"x")
    c.set("expiry", b"x", time=int(time.time()) - 1000)
    same("unix time that was", c.get("expiry"), None)
    c.set("expiry", b"x", time=60 * 60 * 24 * 30)
    same("30 days", c.get("expiry"), b"x")
    c.set("expiry", b"x", time=60 * 60 * 24 * 30 + 1)
    same("30 days and a second: 1970", c.get("expiry"), None)


def flags_and_values(binary):
    c = connect(binary)
    for value in (b"bytes", "text äöü €", 42, -1, 2.5, {"a": [1, None]}):
        same(f"set {value!r}", c.set("flags", value), True)
        same(f"get {value!r}", c.get("flags"), value)
    long = "long " * 100_000
    for level in (1, 9):
        stored = c.set("flags", long, min_compress_len=100, compress_level=level)
        same(f"set, compressed {level}", stored, True)
        same(f"get, compressed {level}", c.get("flags"), long)
    values = {f"flags-{i}": long[: i * 1000] for i in range(20)}
    same("set_multi, compressed", c.set_multi(values, min_compress_len=100), [])
    same("get_multi, compressed", c.get_multi(list(values)) == values, True)


def keys(binary):
    c = connect(binary)
    longest = "k" * 250
    same("set, 250", c.set(longest, 1), True)
    same("get, 250", c.get(longest), 1)
    same("incr, 250", c.incr(longest), 2)
    similar = [longest[:-1] + last for last in "abk"]
    same("get_multi, 250", c.get_multi(similar), {longest: 2})
    same("delete, 250", c.delete(longest), True)
    fails("251", ValueError, lambda: c.set("k" * 251, b""))
    unicode = "schlüssel-鍵-🔑"
    same("set, unicode", c.set(unicode, b"v"), True)
    same("get, unicode", c.get(unicode), b"v")
    same("get, as bytes", c.get(unicode.encode()), b"v")
    same("get_multi, unicode", c.get_multi([unicode, "鍵"]), {unicode: b"v"})
    same("set, unicode 250", c.set("é" * 125, b"v"), True)
    same("get, unicode 250", c.get("é" * 125), b"v")


def sizes(binary):
    c = connect(binary)
    for length in (1, 1024, 65536, 500_000, 1_000_000, 1024 * 1024 - 512):
        value = bytes([length % 251]) * length
        same(f"set, {length}", c.set("size", value), True)
        same(f"get, {length}", c.get("size") == value, True)
    large = b"x" * (1024 * 1024 + 1)
    fails("set, too large", pylibmc.TooBig, lambda: c.set("size", large))
    same("get, old value is gone", c.get("size"), None)
    same("set, thereafter", c.set("size", b"x" * 1_000_000), True)
    same("get, thereafter", len(c.get("size")), 1_000_000)


def without_replies(binary):
    c = connect(binary, _noreply=True)
    other = connect(binary)
    c.set("quiet", "one")
    c.add("quiet", "no")
    c.add("quiet-added", "yes")
    becomes("add", lambda: other.get("quiet-added"), "yes")
    same("add, there", other.get("quiet"), "one")
    c.replace("quiet", "2")
    c.append("quiet", "1")
    c.prepend("quiet", "3")
    becomes("replace, append, prepend", lambda: other.get("quiet"), "321")
    c.delete("quiet")
    c.delete("quiet-none")
    becomes("delete", lambda: other.get("quiet"), None)
    c.set_multi({f"quiet-{i}": i for i in range(1000)})
    names = [f"quiet-{i}" for i in range(1000)]
    becomes("set_multi", lambda: len(other.get_multi(names)), 1000)
    c.delete_multi(names[:999])
    becomes("delete_multi", lambda: other.get_multi(names), {"quiet-999": 999})


def without_waiting(binary):
    c = connect(binary, no_block=True)
    for i in range(1000):
        c.set(f"blocked-{i}", i)
    names = [f"blocked-{i}" for i in range(1000)]
    other = connect(binary)
    becomes("no_block, all", lambda: len(other.get_multi(names)), 1000)
    same("no_block", c.get_multi(names), {name: i for i, name in enumerate(names)})


def operation(binary):
    c = connect(binary)
    [(server, stats)] = c.get_stats()
    same("stats, server", server.startswith(SERVER.encode()), True)
    same("stats, version", stats["version"].count(b".") >= 2, True)
    c.set("stats", b"v")
    c.get_multi(["stats", "stats-none"])
    [(_, after)] = c.get_stats()
    hits = int(after["get_hits"]) - int(stats["get_hits"])
    same("stats, hits", hits, 1)
    same("stats, items", int(after["curr_items"]) > 0, True)
    for part in ("settings", "items", "slabs"):
        # The client shows only the names it knows; the reply must end.
        same(f"stats {part}", len(c.get_stats(part)), 1)
    copy = c.clone()
    same("clone", copy.get("stats"), b"v")
    c.disconnect_all()
    same("after disconnect", c.get("stats"), b"v")
    same("flush_all", c.flush_all(), True)
    same("flushed", c.get("stats"), None)
    same("set, flushed", c.set("stats", b"w"), True)
    same("get, flushed", c.get("stats"), b"w")


def pools(binary):
    master = connect(binary)
    master.set("pool", 0)
    pool = pylibmc.ThreadMappedPool(master)

    def count():
        with pool.reserve() as c:
            for _ in range(200):
                c.incr("pool")
        pool.relinquish()

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same("pool counts", master.get("pool"), 1600)
    pool = pylibmc.ClientPool(master, 2)
    with pool.reserve() as first, pool.reserve() as second:
        same("pool, set", first.set("pool", b"v"), True)
        same("pool, get", second.get("pool"), b"v")


for binary in (False, True):
    connect(binary).flush_all()
    for part in (
        stores,
        many,
        check_and_set,
        numbers,
        expiry,
        flags_and_values,
        keys,
        sizes,
        without_replies,
        without_waiting,
        operation,
        pools,
    ):
        name = f"{part.__name__}, {'binary' if binary else 'text'}"
        checks.section(name, lambda: part(binary))
checks.end()
