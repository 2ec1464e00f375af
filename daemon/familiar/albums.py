"""Which albums of Flickr are meant: by titles, patterns of titles, or ids (pure)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from familiar.names import name_key
from familiar.path_patterns import compile_patterns, composed
from familiar.photo_details import Album

ALL, ANY, NONE = "all", "any", "none"
"""Words for every photo, for those in at least one album, and for those in none."""


@dataclass(frozen=True, kw_only=True)
class AlbumChoice:
    """Albums as people name them: each text is a title, a pattern of titles, an id, or one of the words.

    In a pattern `*` is any text, and `?` one character; upper and lower case are the same.
    """

    texts: tuple[str, ...]

    def holds(self, albums: Iterable[Album]) -> bool:
        """Return whether a photo that is in some albums, or in none, is meant."""
        albums = tuple(albums)
        return ALL in self._words or (any(map(self.has, albums)) if albums else NONE in self._words)

    def has(self, album: Album) -> bool:
        """Return whether an album is meant."""
        return bool(self._words & {ALL, ANY}) or self._names(album)

    @property
    def takes_all(self) -> bool:
        """Whether every photo is meant."""
        return ALL in self._words

    @property
    def takes_photos_without(self) -> bool:
        """Whether photos that are in no album are meant."""
        return bool(self._words & {ALL, NONE})

    def without_album(self, albums: Iterable[Album]) -> tuple[str, ...]:
        """Return the titles, patterns and ids that are those of no album."""
        albums = tuple(albums)
        named = (text for text in self.texts if name_key(text) not in _WORDS)
        return tuple(text for text in named if not any(AlbumChoice(texts=(text,)).has(one) for one in albums))

    def _names(self, album: Album) -> bool:
        return album.id in self.texts or self._pattern.fullmatch(composed(album.title)) is not None

    @cached_property
    def _words(self) -> frozenset[str]:
        return _WORDS.intersection(map(name_key, self.texts))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        texts = [text for text in self.texts if name_key(text) not in _WORDS]
        return compile_patterns(texts, loose=True) if texts else re.compile("(?!)")


_WORDS = frozenset({ALL, ANY, NONE})
