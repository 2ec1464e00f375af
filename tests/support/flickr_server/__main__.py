"""Run the server as a process of its own: `PYTHONPATH=tests python -m support.flickr_server --folder PHOTOS`."""

import argparse
import json
import signal
from pathlib import Path

from support.flickr_server.control import PATH, Control
from support.flickr_server.server import FlickrServer


def main() -> None:
    """Print where the server is and with what to log in, and serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="support.flickr_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--folder", type=Path, help="JPEG files to begin with")
    parser.add_argument("--number", type=int, help="how many photos to make of them; each file once if not given")
    parser.add_argument("--state", type=Path, help="where to write the record at the end")
    options = parser.parse_args()
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with FlickrServer(port=options.port) as server:
        control = Control(server)
        server.extra_routes[PATH] = control.answer
        if options.folder:
            files = sorted(path for path in options.folder.iterdir() if path.suffix.lower() in {".jpg", ".jpeg"})
            server.account.add_photos(files, options.number or len(files))
        login = {"url": server.url, **control.grant()}
        print(json.dumps(login), flush=True)  # noqa: T201 - it is what the caller waits for
        signal.sigwait(signals)
        if options.state:
            state = {"photos": control.photos(), **server.record.summary()}
            options.state.write_text(json.dumps(state), encoding="utf-8")


if __name__ == "__main__":
    main()
