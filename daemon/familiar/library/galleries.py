"""The galleries of all people, by model, as of the store's latest version of people."""

from familiar.embedding_models import calibration_of
from familiar.identity.gallery import Gallery
from familiar.store.store import Store


class Galleries:
    """Keeps the gallery of each model until people change: to stack the references of a thousand people takes long."""

    def __init__(self, store: Store) -> None:
        """Take the store that has the people."""
        self._store = store
        self._galleries: dict[str, Gallery] = {}
        self._version = -1

    def of(self, model: str) -> Gallery:
        """Return all people with references of a model."""
        version = self._store.people.version
        if version != self._version:
            self._galleries.clear()
            self._version = version
        if model not in self._galleries:
            self._galleries[model] = Gallery.of(self._store.people.known(model), calibration_of(model))
        return self._galleries[model]
