"""The installation of the README, from the first start to a reboot: the short form of these tests."""

from pathlib import Path

from systemd.conftest import SETTINGS, Service


def test_the_service_of_the_readme_sorts_a_photo_reloads_stops_and_is_back_after_a_reboot(
    service: Service, obama: Path
) -> None:
    content = service.put(obama, "obama.jpg")
    moved = service.container.path("/srv/photos/album/obama.jpg")
    service.wait(moved.exists)
    assert moved.read_bytes() == content
    service.wait(lambda: bool(service.events("operation.done")))
    service.configure(SETTINGS.replace("0.2", "0.3"))
    service.systemctl("reload", "familiar")
    service.wait(lambda: len(service.events("service.reloaded")) == 1)
    service.systemctl("stop", "familiar")
    assert service.shown("Result") == "success"
    assert service.journal("-t", "familiar", "-p", "warning") == []
    service.container.reboot()
    service.wait(lambda: service.shown("ActiveState") == "active")
    assert "/srv/photos/album/obama.jpg" in service.familiar("undo", "--list")
