"""Find out quickly whether a cluster answers at an address."""

from __future__ import annotations

import os
import socket

from ..errors import BackendError, SettingsError

AUTO = "auto"  # start Ray on this machine
_CLIENT = "ray://"
_LONGEST_WAIT = 10.0  # seconds
# A gRPC server answers the start of an HTTP/2 connection with a frame of settings, and Ray's own
# attempts to connect to another server take minutes.
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
_TYPE, _SETTINGS = 3, 4  # place of the type in a frame, and the type of a frame of settings


def check_address(address: str) -> None:
    """Check that a cluster answers within ten seconds.

    Args:
        address: `ray://host:port` or `host:port`.

    Raises:
        SettingsError: The address has another form.
        BackendError: No cluster answers.
    """
    host, _, port = address.removeprefix(_CLIENT).rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise SettingsError(
            f"--cluster must be auto, ray://HOST:10001 or HOST:6379, got {address!r}"
        )
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _LONGEST_WAIT) as connection:
            if os.environ.get("RAY_USE_TLS", "0") != "0":
                return
            connection.sendall(_HELLO)
            answer = connection.recv(_TYPE + 1, socket.MSG_WAITALL)
        if answer[_TYPE:] != bytes([_SETTINGS]):
            raise BackendError(f"what answers at {address} is not a Ray cluster; check the address")
    except OSError as error:
        raise BackendError(
            f"no Ray cluster answers at {address} ({error}); check the address, or start one there "
            "with ray start --head"
        ) from error
