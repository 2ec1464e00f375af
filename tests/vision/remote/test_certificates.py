import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from familiar.errors import UsageError
from familiar.settings import WorkerSettings
from familiar.vision.remote.certificates import CLIENT, ROLES, check_certificates, make_certificates
from familiar.vision.remote.inspection import expiring_soon
from support.household import Household

NOW = datetime.now(UTC).replace(microsecond=0)


def test_each_role_gets_a_certificate_of_one_authority_and_a_key_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    assert make_certificates(folder, days=30, renew=False, now=NOW) == NOW + timedelta(days=30)
    assert folder.stat().st_mode & 0o777 == 0o700
    for role in ROLES:
        assert (folder / role.key).stat().st_mode & 0o777 == 0o600
        context = ssl.create_default_context(cafile=folder / "ca.pem")
        context.load_cert_chain(folder / role.certificate, folder / role.key)
    check_certificates(folder)


def test_certificates_are_never_overwritten_and_renewed_by_the_same_authority(tmp_path: Path) -> None:
    make_certificates(tmp_path, days=30, renew=False, now=NOW)
    authority, before = (tmp_path / "ca.pem").read_bytes(), (tmp_path / CLIENT.certificate).read_bytes()
    with pytest.raises(UsageError, match=r"ca\.pem exists already; --renew makes new certificates"):
        make_certificates(tmp_path, days=30, renew=False, now=NOW)
    assert make_certificates(tmp_path, days=9000, renew=True, now=NOW) == NOW + timedelta(days=3650)  # as the authority
    assert (tmp_path / "ca.pem").read_bytes() == authority
    assert (tmp_path / CLIENT.certificate).read_bytes() != before


def test_certificates_that_have_expired_or_are_missing_are_told_with_the_remedy(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    make_certificates(folder, days=1, renew=False, now=NOW - timedelta(days=9))
    expired = f"{NOW - timedelta(days=8):%Y-%m-%d}"
    with pytest.raises(
        ValueError, match=rf"client\.pem has expired on {expired}; make new ones with `familiar .* --renew`"
    ):
        check_certificates(folder)
    settings = WorkerSettings(engine="dask", scheduler="tls://nas.example:8786", certificates=folder)
    assert expiring_soon(settings) == f"scheduler.pem has expired on {expired}; worker.pem has expired on {expired}"
    with pytest.raises(ValueError, match=r"ca\.pem: No such file or directory; make the certificates with"):
        check_certificates(tmp_path)
    (folder / "client.pem").write_text("nonsense")
    with pytest.raises(ValueError, match=r"client\.pem: no certificate"):
        check_certificates(folder)


def test_certificates_that_expire_soon_are_told_also_those_that_other_machines_have_got(tmp_path: Path) -> None:
    settings = WorkerSettings(engine="dask", scheduler="tls://nas.example:8786", certificates=tmp_path)
    make_certificates(tmp_path, days=90, renew=False, now=NOW)
    assert expiring_soon(settings) is None
    make_certificates(tmp_path, days=9, renew=True, now=NOW)
    (tmp_path / "scheduler.pem").unlink()
    day = f"{NOW + timedelta(days=9):%Y-%m-%d}"
    assert expiring_soon(settings) == f"client.pem expires on {day}; worker.pem expires on {day}"


def test_the_command_makes_certificates_and_says_until_when_they_are_valid(
    household: Household, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    made = household.json("workers", "certificates", folder, "--days", "10")
    assert (made["folder"], made["expire_at"][:10]) == (
        str(folder),
        f"{datetime.now(UTC) + timedelta(days=10):%Y-%m-%d}",
    )
    told = household.ask("workers", "certificates", folder, check=False)
    assert (told.returncode, "exists already" in told.stderr) == (2, True)
    assert household.ask("workers", "certificates", folder, "--renew").stdout.startswith(
        f"{folder}: certificates, valid"
    )
    with pytest.raises(UsageError, match="No such file"):
        make_certificates(tmp_path / "none", days=1, renew=True, now=NOW)


def test_no_key_takes_over_who_can_read_an_unfinished_file(tmp_path: Path) -> None:
    unfinished = tmp_path / ".client-key.pem.new"
    unfinished.touch(0o644)
    make_certificates(tmp_path, days=2, renew=False, now=datetime.now(UTC))
    assert (tmp_path / "client-key.pem").stat().st_mode & 0o777 == 0o600
