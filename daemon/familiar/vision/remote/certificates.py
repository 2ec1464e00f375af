"""The certificates by which scheduler, workers and clients of Dask know each other: one authority, and one for each.

Dask asks both sides of a connection for a certificate of the authority, and for nothing else: names are not compared.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from familiar.errors import UsageError

CA = "ca.pem"
_CA_KEY = "ca-key.pem"
_CA_DAYS = 3650
_REMAKE = "make all of them in a new folder with `familiar workers certificates`, and copy them to all machines"
_EARLIER = timedelta(days=1)
"""A certificate is valid for machines whose clocks are slow, too."""

_Key: TypeAlias = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Role:
    """Who has a certificate."""

    name: str

    @property
    def certificate(self) -> str:
        """Name of the file with the certificate."""
        return f"{self.name}.pem"

    @property
    def key(self) -> str:
        """Name of the file with the private key."""
        return f"{self.name}-key.pem"


CLIENT = Role("client")
ROLES = (Role("scheduler"), Role("worker"), CLIENT)
OWN = (CA, CLIENT.certificate)
"""The certificates that this machine needs."""


def make_certificates(folder: Path, *, days: int, renew: bool, now: datetime) -> datetime:
    """Make the certificates of all roles in a folder, with those of an authority if it has none; return when they end.

    With `renew`, those of the roles are made again by the authority that is there, which the machines trust already.

    Raises:
        UsageError: there are certificates already, or with `renew` no authority; or the folder can't be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if renew:
            ca, key = _read(folder / CA), _read_key(folder / _CA_KEY)
        else:
            _check_empty(folder)
            ca, key = _make_authority(folder, now)
        ends = min(now + timedelta(days=days), ca.not_valid_after_utc)
        for role in ROLES:
            _make(folder, role, ca, key, now, ends)
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: {error.strerror}.") from error
    return ends


def check_certificates(folder: Path) -> None:
    """Check that the certificates of this machine can be used now.

    Raises:
        ValueError: they can't; the message says which one, and what to do.
    """
    for name in OWN:
        if (ends := _end(folder, name)) <= datetime.now(UTC):
            remedy = renewal(folder) if name != CA else _REMAKE
            raise ValueError(f"{folder / name} has expired on {ends:%Y-%m-%d}; {remedy}")
    try:
        (folder / CLIENT.key).read_bytes()
    except OSError as error:
        raise _missing(folder, error) from error


def end_of_certificates(folder: Path) -> Mapping[str, datetime]:
    """Return until when the certificates in a folder are valid, by the names of the files.

    Those of other machines are among them, where they were made here.

    Raises:
        ValueError: that of the authority or of this machine is missing, or one is no certificate.
    """
    others = (role.certificate for role in ROLES if role != CLIENT and (folder / role.certificate).exists())
    return {name: _end(folder, name) for name in (*OWN, *others)}


def renewal(folder: Path) -> str:
    """Say how certificates are renewed that have expired."""
    return f"make new ones with `familiar workers certificates {folder} --renew`, and copy them to all machines"


def _end(folder: Path, name: str) -> datetime:
    try:
        return _read(folder / name).not_valid_after_utc
    except OSError as error:
        raise _missing(folder, error) from error
    except UsageError as error:
        raise ValueError(str(error)) from error


def _missing(folder: Path, error: OSError) -> ValueError:
    remedy = f"make the certificates with `familiar workers certificates {folder}`"
    return ValueError(f"{error.filename}: {error.strerror}; {remedy}")


def _check_empty(folder: Path) -> None:
    names = (CA, _CA_KEY, *(name for role in ROLES for name in (role.certificate, role.key)))
    there = next(filter(os.path.lexists, (folder / name for name in names)), None)
    if there is not None:
        raise UsageError(f"{there} exists already; --renew makes new certificates by the same authority.")


def _make_authority(folder: Path, now: datetime) -> tuple[x509.Certificate, _Key]:
    key, name = ec.generate_private_key(ec.SECP256R1()), _name("authority")
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _builder(name, name, key, now, now + timedelta(days=_CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, SHA256())
    )
    _write_key(folder / _CA_KEY, key)
    _write(folder / CA, certificate.public_bytes(Encoding.PEM), 0o644)
    return certificate, key


def _make(folder: Path, role: Role, ca: x509.Certificate, ca_key: _Key, now: datetime, ends: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    certificate = (
        _builder(_name(role.name), ca.subject, key, now, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(both, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, SHA256())
    )
    _write_key(folder / role.key, key)
    _write(folder / role.certificate, certificate.public_bytes(Encoding.PEM), 0o644)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: _Key, now: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(what: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"familiar {what}")])


def _read(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        raise UsageError(f"{path}: no certificate.") from error


def _read_key(path: Path) -> _Key:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path}: no private key.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise UsageError(f"{path}: no private key as `familiar workers certificates` makes it.")
    return key


def _write_key(path: Path, key: _Key) -> None:
    _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write a file as a whole; a private key is readable by nobody else at any time."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
