from pathlib import Path

import pytest

from familiar.errors import ConfigurationError
from familiar.media import RAWS, VIDEOS
from familiar.settings import FolderSettings, Settings, VisionSettings, read_settings, settings_as_yaml, settings_schema

FILE = Path("/etc/familiar/familiar.yaml")


def test_an_empty_file_leaves_all_defaults() -> None:
    assert read_settings(FILE, "# nothing\n") == Settings()


def test_the_account_on_flickr_is_one_or_a_list_of_several_and_stays_so_in_yaml() -> None:
    one = read_settings(FILE, "flickr: {enabled: true}\n")
    several = read_settings(FILE, "flickr: [{name: ana, calls_per_hour: 99}, {name: ben, enabled: true}]\n")
    assert [(account.name, account.enabled) for account in one.accounts] == [("flickr", True)]
    assert [(account.name, account.calls_per_hour) for account in several.accounts] == [("ana", 99), ("ben", 3600)]
    for settings in (one, several):
        assert read_settings(FILE, settings_as_yaml(settings)) == settings


@pytest.mark.parametrize(
    ("albums", "texts"),
    [
        ("null", None),
        ("all", ("all",)),
        ("72157600000000001", ("72157600000000001",)),
        ("[Sea *, 721, none]", ("Sea *", "721", "none")),
    ],
)
def test_albums_are_a_text_an_id_or_a_list_of_both(albums: str, texts: tuple[str, ...] | None) -> None:
    (account,) = read_settings(FILE, f"flickr: {{albums: {albums}}}").accounts
    assert account.albums == texts
    assert account.follows_albums == (texts is not None)


def test_a_folder_may_be_a_path_alone_and_relative_rules_count_from_the_file() -> None:
    settings = read_settings(FILE, "folders: [~/Pictures, {path: /srv/scans, name: Scans}]\nrules: rules.yaml\n")
    assert [folder.source for folder in settings.folders] == ["Pictures", "Scans"]
    assert settings.folders[0].path == Path.home() / "Pictures"
    assert settings.rules == Path("/etc/familiar/rules.yaml")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("review: {port: 65536}", ":1:16: review.port: 65536 is wrong; it should be less than or equal to 65535"),
        ("review: {cache: 0}", ":1:17: review.cache: 0 is wrong; it should be greater than or equal to 1"),
        (
            "review: {prefix: faces}",
            ":1:18: review.prefix: 'faces' is wrong; it should be empty, or a path such as /faces",
        ),
        ("review: {hosts: [a b]}", ":1:17: review.hosts: ['a b'] is wrong; it should be names such as photos.example"),
        (
            "workers: {engine: dask}",
            ":1:10: workers: the key 'scheduler' is missing, which engine: dask needs; tls://nas.example:8786",
        ),
        (
            "workers: {engine: dask, scheduler: tcp://nas:8786}",
            ":1:36: workers.scheduler: 'tcp://nas:8786' is wrong; it should be tls://HOST:PORT, or tcp:// for",
        ),
        (
            "workers: {engine: dask, scheduler: 'tls://nas:8786'}",
            ":1:10: workers: the key 'certificates' is missing: the folder with those for a scheduler at tls://",
        ),
        *(
            (
                f"flickr: {{albums: {albums}}}",
                f":1:18: flickr.albums: {shown} is wrong; it should be a title, a pattern or an id of an album",
            )
            for albums, shown in (("[]", "[]"), ("{a: 1}", "{'a': 1}"), ("['']", "['']"), ("true", "true"))
        ),
        ("setle: 3", ":1:1: setle: unknown key 'setle'; did you mean 'settle'?"),
        ("settle: -1", ":1:9: settle: -1 is wrong; it should be greater than or equal to 0"),
        ("settle: soon", ":1:9: settle: 'soon' is wrong; it should be a valid number"),
        ("settle: .nan", ":1:9: settle: nan is wrong; it should be a finite number"),
        ("rescan: .inf", ":1:9: rescan: inf is wrong; it should be a finite number"),
        ("log: {level: null}", ":1:14: log.level: null is wrong; it should be 'debug', 'info', 'warning' or 'error'"),
        (
            "vision: {detector: hogg}",
            ":1:20: vision.detector: 'hogg' is wrong; it should be 'yunet', 'mtcnn', 'hog' or 'cnn'",
        ),
        (
            "vision: {engine: dlib, detector: mtcnn}",
            ":1:34: vision.detector: 'mtcnn' is wrong; it should be 'hog' or 'cnn'; dlib has no mtcnn",
        ),
        ("vision: {model: arc}", ":1:17: vision.model: 'arc' is wrong; it should be 'sface', 'dlib' or 'own'"),
        (
            "vision: {model: own}",
            ":1:17: vision.model: 'own' is wrong; it should come with model_file, which names its ONNX file",
        ),
        ("vision: {model_std: 0}", ":1:21: vision.model_std: 0 is wrong; it should be greater than 0"),
        ("vision: {model_colours: grey}", ":1:25: vision.model_colours: 'grey' is wrong; it should be 'rgb' or 'bgr'"),
        (
            "vision: {engine: dlib, model: sface}",
            ":1:31: vision.model: 'sface' is wrong; it should be 'dlib' or null; the engine dlib can't run sface",
        ),
        (
            "vision: {preset: best}",
            ":1:18: vision.preset: 'best' is wrong; it should be 'fast', 'balanced' or 'thorough'",
        ),
        ("vision: {upsample: 9}", ":1:20: vision.upsample: 9 is wrong; it should be less than or equal to 3"),
        ("vision: {upsampling: 1}", ":1:10: vision.upsampling: unknown key 'upsampling'; did you mean 'upsample'?"),
        ("vision: 4", ":1:9: vision: 4 is wrong; a mapping with preset, engine, detector, "),
        ("folders: [{name: x}]", ":1:11: folders[0]: the key 'path' is missing"),
        ("flickr: {every: 0}", ":1:17: flickr.every: 0 is wrong; it should be greater than 0"),
        ("flickr: [{name: a, every: 0}]", ":1:27: flickr[0].every: 0 is wrong; it should be greater than 0"),
        ("flickr: [{name: a}, {name: b, evry: 1}]", ":1:31: flickr[1].evry: unknown key 'evry'; did you mean 'every'?"),
        ("flickr: []", ":1:9: flickr: [] is wrong; a list with something in it would be right"),
        ("flickr: soon", ":1:9: flickr: 'soon' is wrong; a mapping with name, enabled"),
        (
            "flickr: [{name: a}, {name: A}]",
            ":1:28: flickr[1].name: the source 'A' already exists; give this account another `name`",
        ),
        (
            "{folders: [/srv/ana], flickr: {name: ana}}",
            ":1:38: flickr.name: the source 'ana' already exists; give this account another `name`",
        ),
        (
            "flickr: {name: ../x}",
            ":1:16: flickr.name: '../x' is wrong; it should be letters, digits, '.', '-' and '_', as in ana; it is",
        ),
        ("flickr: {name: photos}", ":1:16: flickr.name: 'photos' is wrong; it should be letters, digits,"),
        ("folders: [{path: /a}, /a/b]", ":1:23: folders[1]: /a/b and /a overlap"),
        ("folders: [/a/x, /b/x]", ":1:17: folders[1]: the source 'x' already exists; give this folder another `name`"),
        ("folders: {path: /a}", ":1:10: folders: {'path': '/a'} is wrong; a list would be right"),
        ("log: {level: loud}", ":1:14: log.level: 'loud' is wrong; it should be 'debug', 'info', 'warning' or 'error'"),
        ("settle: !!float x", ":1:9: settle: 'x' is wrong; a number would be right"),
        ("settle: !!int ''", ":1:9: settle: '' is wrong; a whole number would be right"),
        (
            "folders: ['~nosuchuser/x']",
            ":1:11: folders[0]: '~nosuchuser/x' is wrong; it should start with / or ~/, or with the home of",
        ),
        (
            "companions: {forms: [aae]}",
            ":1:22: companions.forms[0]: 'aae' is wrong; it should begin with one of {name}, {stem}, ",
        ),
        (
            "companions: {forms: ['{stem}']}",
            ":1:22: companions.forms[0]: '{stem}' is wrong; it should end with a suffix",
        ),
        ("companions: {forms: ['{stem}.JPG']}", ":1:22: companions.forms[0]: '{stem}.JPG' is wrong; it should not be"),
        ("5", ":1:1: 5 is wrong; a mapping with folders, rules, settle, "),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_would_be_right(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings(FILE, text)
    assert str(caught.value).startswith(f"{FILE}{problem}")
    assert caught.value.as_json()[0]["line"] == 1


def test_what_is_shown_can_be_read_again() -> None:
    settings = read_settings(FILE, "folders: [/srv/photos]\nsettle: 2\nmatching: {threshold: 0.5}\n")
    assert read_settings(FILE, settings_as_yaml(settings)) == settings


def test_the_schema_has_every_section() -> None:
    assert set(settings_schema()["properties"]) == set(Settings.model_fields)


def test_a_preset_sets_the_scale_as_suits_the_detector_and_each_can_be_overridden() -> None:
    assert VisionSettings() == VisionSettings(preset="balanced")
    for detector in ("yunet", "mtcnn"):
        fast, balanced, thorough = (
            VisionSettings.model_validate({"preset": preset, "detector": detector})
            for preset in ("fast", "balanced", "thorough")
        )
        assert fast.max_size < balanced.max_size < thorough.max_size
    assert (VisionSettings().detector, VisionSettings().upsample) == ("yunet", 0)
    assert VisionSettings(detector="mtcnn").upsample == 1
    assert VisionSettings.model_validate({"preset": "thorough", "max_size": 3000}).max_size == 3000
    dlib = VisionSettings(engine="dlib")
    assert (dlib.detector, dlib.upsample, dlib.max_size) == ("hog", 1, 1200)


def test_files_that_are_not_wanted_or_can_not_be_decoded_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = FolderSettings(path=Path("/photos"))
    every, none = Settings(), Settings(vision=VisionSettings(videos=False))
    assert {*VIDEOS, *RAWS} < set(every.watched(folder).include)
    assert set(every.watched(folder).include) - set(none.watched(folder).include) == set(VIDEOS)
    monkeypatch.setattr("familiar.settings.whole.jpeg_xl_plugin", lambda: "pillow_jxl")
    monkeypatch.setattr("familiar.settings.whole.has_raw_decoder", lambda: False)
    assert set(folder.include) - set(every.watched(folder).include) == set(RAWS)


def test_each_kind_of_picture_that_can_be_decoded_is_included(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = FolderSettings(path=Path("/photos"))
    assert {"*.hif", "*.mpo", "*.jxl"} < set(folder.include)
    for plugin in (None, "pillow_jxl"):
        monkeypatch.setattr("familiar.settings.whole.jpeg_xl_plugin", lambda found=plugin: found)
        watched = set(Settings().watched(folder).include)
        assert {"*.hif", "*.mpo"} < watched
        assert ("*.jxl" in watched) is (plugin is not None)
