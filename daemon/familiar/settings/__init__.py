"""The configuration: every setting with its default and bounds.

`read_settings` reads the file, and reports every mistake with file, line, column, key, value and the remedy. Without a
file, all settings have their defaults.
"""

from familiar.settings.companions import CompanionSettings
from familiar.settings.faces import ClusteringSettings, MatchingSettings
from familiar.settings.file import read_settings, settings_as_yaml, settings_schema
from familiar.settings.flickr import FlickrSettings
from familiar.settings.folders import FolderSettings, folder_name
from familiar.settings.output import LogSettings, SidecarSettings
from familiar.settings.review import ReviewSettings
from familiar.settings.vision import VisionSettings
from familiar.settings.whole import Settings
from familiar.settings.workers import WorkerSettings

__all__ = [
    "ClusteringSettings",
    "CompanionSettings",
    "FlickrSettings",
    "FolderSettings",
    "LogSettings",
    "MatchingSettings",
    "ReviewSettings",
    "Settings",
    "SidecarSettings",
    "VisionSettings",
    "WorkerSettings",
    "folder_name",
    "read_settings",
    "settings_as_yaml",
    "settings_schema",
]
