"""The names of the server: a request for any other one comes from a page that gave its own name this address."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self

LOOPBACK = "127.0.0.1"


def is_loopback(address: str) -> bool:
    """Return whether only this computer can reach an IP address."""
    return ip_address(address).is_loopback


def in_address(host: str) -> str:
    """Return an IP address as it stands in an address of the web."""
    return f"[{host}]" if ":" in host else host


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNames:
    """The values of the header Host that are allowed.

    A server that other computers can reach is also requested by its IP addresses. These are always allowed: nobody else
    can give an IP address to this computer, as they can with a name.
    """

    names: frozenset[str]
    port: int
    allows_addresses: bool

    @classmethod
    def of(cls, listen: str, port: int, hosts: Iterable[str]) -> Self:
        """Return the names of a server at an address and a port, and the further ones by which a proxy knows it."""
        own = (f"{name}:{port}" for name in (LOOPBACK, "localhost", "[::1]"))
        return cls(
            names=frozenset({*own, *(host.lower() for host in hosts)}),
            port=port,
            allows_addresses=not is_loopback(listen),
        )

    def allow(self, host: str) -> bool:
        """Return whether a request for this host, with its port, is one for this server."""
        return host.lower() in self.names or (self.allows_addresses and self._is_own_address(host))

    def _is_own_address(self, host: str) -> bool:
        name, _, port = host.rpartition(":")
        try:
            ip_address(name.removeprefix("[").removesuffix("]"))
        except ValueError:
            return False
        return port == str(self.port)
