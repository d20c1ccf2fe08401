"""Owns driving a server with -S through pylibmc: who may come in.
Usage: pylibmc_sasl_checks.py <port> <user> <password>
"""

import sys

import pylibmc

from checks import Checks

SERVER = f"127.0.0.1:{sys.argv[1]}"
USER, PASSWORD = sys.argv[2:4]

checks = Checks()
same, fails = checks.same, checks.fails


def connect(**login):
    return pylibmc.Client([SERVER], binary=True, **login)


def allowed():
    c = connect(username=USER, password=PASSWORD)
    same("set", c.set("key", b"value"), True)
    same("get", c.get("key"), b"value")
    same("set_multi", c.set_multi({"a": b"1", "b": b"2"}), [])
    same("get_multi", c.get_multi(["a", "b"]), {"a": b"1", "b": b"2"})
    same("incr", c.set("n", 1) and c.incr("n", 41), 42)
    same("delete", c.delete("key"), True)
    other = c.clone()
    same("clone", other.get("a"), b"1")
    [(_, stats)] = c.get_stats()
    same("stats", stats["curr_items"], b"3")


def refused():
    for name, login in (
        ("wrong password", {"username": USER, "password": PASSWORD + "x"}),
        ("no password", {"username": USER, "password": ""}),
        ("wrong user", {"username": USER + "x", "password": PASSWORD}),
    ):
        c = connect(**login)
        fails(f"{name}, get", pylibmc.Error, lambda: c.get("a"))
        fails(f"{name}, set", pylibmc.Error, lambda: c.set("a", b"bad"))
    c = connect()
    same("no login, get", c.get("a"), None)
    fails("no login, set", pylibmc.Error, lambda: c.set("a", b"bad"))
    c = connect(username=USER, password=PASSWORD)
    same("nothing was changed", c.get("a"), b"1")


checks.section("allowed", allowed)
checks.section("refused", refused)
checks.end()
