"""Owns asking a server how long an item has still to live, past the client
that is tested.
"""

import socket


def lifetime(address, key, tls_context=None):
    """The reply to `mg <key> t`: b"HD t<seconds>", b"HD t-1" for ever."""
    connection = socket.create_connection(address, timeout=60)
    if tls_context is not None:
        connection = tls_context.wrap_socket(
            connection, server_hostname=address[0]
        )
    with connection, connection.makefile("rb") as replies:
        connection.sendall(f"mg {key} t\r\n".encode())
        return replies.readline().rstrip()
