"""The example of a proxy in the documentation, in front of a page that is really served."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from support.household import Household
from support.review_page import serving

DOCUMENT = Path(__file__).parents[2] / "docs" / "review.md"
WHOLE = """
daemon off; pid {base}/nginx.pid; error_log {base}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {base}/body; proxy_temp_path {base}/proxy; fastcgi_temp_path {base}/fastcgi;
    uwsgi_temp_path {base}/uwsgi; scgi_temp_path {base}/scgi;
{server}
}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def example(base: Path, *, port: int, page: int) -> str:
    """Return the configuration in the documentation, with the ports and the certificate of a test."""
    found = re.search(r"```nginx\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    server = found[1]
    for former, now in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("127.0.0.1:8750", f"127.0.0.1:{page}"),
        ("/etc/ssl/photos.example", str(base / "certificate")),
    ):
        assert former in server
        server = server.replace(former, now)
    return WHOLE.format(base=base, server=server)


@pytest.fixture
def proxied(strangers: Household, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The address of a proxy, and the token of the page behind it."""
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    openssl = shutil.which("openssl")
    if nginx is None or openssl is None:
        pytest.skip("there is no nginx or no openssl; install them with: apt-get install nginx-light openssl")
    port = free_port()
    files = ["-keyout", str(tmp_path / "certificate.key"), "-out", str(tmp_path / "certificate.pem")]
    subject = ["-subj", "/CN=photos.example", "-addext", "subjectAltName=DNS:photos.example,IP:127.0.0.1"]
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", *files, *subject],
        check=True,
        capture_output=True,
    )
    with serving(strangers, prefix="/faces", hosts=(f"photos.example:{port}",)) as page:
        (tmp_path / "nginx.conf").write_text(example(tmp_path, port=port, page=page.server.port))
        with subprocess.Popen([nginx, "-p", tmp_path, "-c", tmp_path / "nginx.conf"], stderr=subprocess.PIPE) as proxy:
            try:
                wait_for(port, proxy)
                yield f"https://127.0.0.1:{port}", page.server.address.partition("token=")[2]
            finally:
                proxy.terminate()


def wait_for(port: int, proxy: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert proxy.poll() is None, proxy.stderr and proxy.stderr.read()
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not answer")


def test_the_page_works_behind_the_proxy_of_the_documentation(proxied: tuple[str, str], tmp_path: Path) -> None:
    top, token = proxied
    port = top.rpartition(":")[2]
    browser = requests.Session()
    browser.trust_env = False
    browser.verify = str(tmp_path / "certificate.pem")
    browser.headers["Host"] = f"photos.example:{port}"
    login = browser.get(f"{top}/faces/login", params={"token": token}, allow_redirects=False, timeout=30)
    assert (login.status_code, login.headers["Location"]) == (303, "/faces/")
    assert "Secure" in login.headers["Set-Cookie"]
    assert login.headers["Set-Cookie"].endswith("SameSite=strict; Secure")
    browser.headers["Cookie"] = login.headers["Set-Cookie"].partition(";")[0]
    shown = browser.get(f"{top}/faces/groups", timeout=30)
    assert shown.status_code == 200
    picture = re.findall(r'src="(/faces/faces/[^"]+)"', shown.text)[0]
    assert browser.get(top + picture, timeout=60).headers["Content-Type"] == "image/webp"
    with browser.get(f"{top}/faces/live", stream=True, timeout=30) as events:
        assert next(events.iter_lines()) == b"retry: 2000"  # at once, not when a buffer is full
    assert browser.get(f"{top}/groups", timeout=30).status_code in {403, 404}  # by nginx
    browser.headers["Host"] = "evil.example"
    assert browser.get(f"{top}/faces/groups", timeout=30).status_code == 421
