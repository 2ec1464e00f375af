"""Score the stored photos against one person. Nothing is decoded: embeddings that are stored are enough."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import MODELS, Model, calibration_of
from familiar.errors import UsageError
from familiar.identity.people import KnownPerson
from familiar.identity.person_distance import PersonDistance
from familiar.identity.scoring import best_of_photos, distances_to, scores_of
from familiar.identity.statistics import Scores, percentile_rank
from familiar.identity.verdicts import Verdicts
from familiar.settings import MatchingSettings
from familiar.store.store import Store
from familiar.store.views.faces import FaceStack


def model_for(store: Store, name: str, *, in_use: Model) -> Model:
    """Return the model by which faces can be compared with a person: the one in use, if it has encoded references.

    Otherwise it is the known one that has encoded most of them.

    Raises:
        UsageError: there is no such person, or no known model has encoded references of theirs.
    """
    person = store.people.find(name)
    counts = store.references.engines_of(person.id)
    known = {model: counts[model.id] for model in MODELS if model.id in counts}
    if in_use.id in counts or not known:
        return in_use
    return max(known, key=lambda model: known[model])


class Scorer:
    """Scores photos for one person with the distances of matching, even if another person is nearer."""

    def __init__(self, store: Store, settings: MatchingSettings, model: str) -> None:
        """Take the store, how matching is done, and the id of the model whose embeddings are compared."""
        self._store = store
        self._settings = settings
        self.model = model

    def score(self, name: str, photos: Sequence[int] | None = None, *, min_quality: float = 0.0) -> dict[int, float]:
        """Return the score of the best face in each photo that has faces, by the photo's id.

        A face that was refused for the person, or is known to be somebody else, does not count.

        Args:
            name: the person.
            photos: which photos; by default all that were seen.
            min_quality: the least quality of a face that counts.

        Raises:
            UsageError: the person does not exist, or has no references of the current model.
        """
        scores, _ = self._score(name, self._store.faces.among(self.model, photos, min_quality=min_quality))
        return scores

    def score_after(self, name: str, face_id: int) -> tuple[dict[int, float], int]:
        """Return the scores of the faces with ids above `face_id`, as `score` does, and the last of these ids."""
        scores, last = self._score(name, self._store.faces.all(self.model, after=face_id))
        return scores, max(last, face_id)

    def distances(self, person: KnownPerson, faces: FaceStack) -> npt.NDArray[np.float64]:
        """Return each face's distance to a person, shape (n,); infinite for those that are known not to be it."""
        distances = self.measured(person, faces)
        distances[self.others(person, faces)] = np.inf
        return distances

    def measured(self, person: KnownPerson, faces: FaceStack) -> npt.NDArray[np.float64]:
        """Return each face's distance to a person, shape (n,), whatever is known of the face."""
        distance = PersonDistance.of(calibration_of(self.model), self._settings)
        return distances_to(faces.embeddings, person.references, distance)

    def others(self, person: KnownPerson, faces: FaceStack) -> list[int]:
        """Return the places of the faces that are known not to be a person."""
        return _others(self._store.clusters.verdicts(faces.ids.tolist()), person.name)

    def person(self, name: str) -> KnownPerson:
        """Return a person with their references of the model in use, at least one.

        Raises:
            UsageError: as `score` does.
        """
        person = self._store.people.find(name)
        references, _ = self._store.references.of(person.id, self.model)
        references = references[np.isfinite(references).all(axis=1)]
        if not len(references):
            others = f", but {person.references} of another model" if person.references else ""
            raise UsageError(
                f"{person.name!r} has no references of the current model{others}: add some with `familiar people add`."
            )
        return KnownPerson(name=person.name, threshold=person.threshold, references=references)

    def _score(self, name: str, parts: Iterable[FaceStack]) -> tuple[dict[int, float], int]:
        person, last = self.person(name), 0
        photos: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
        distances: list[npt.NDArray[np.float64]] = [np.empty(0)]
        for faces in parts:
            photos.append(faces.photos)
            distances.append(self.distances(person, faces))
            last = int(faces.ids[-1])
        found, best = best_of_photos(np.concatenate(photos), np.concatenate(distances))
        return dict(zip(found.tolist(), scores_of(best).tolist(), strict=True)), last


@dataclass(slots=True, kw_only=True)
class _Known:
    """The scores of all photos for one person, sorted upwards, as far as the face `last`."""

    scores: Scores
    last: int


class PercentileIndex:
    """Percentiles of scores among all photos scored for a person; kept until people change."""

    def __init__(self, store: Store, settings: MatchingSettings, model: str) -> None:
        """Take what a scorer takes."""
        self._store = store
        self._scorer = Scorer(store, settings, model)
        self._known: dict[str, _Known] = {}
        self._version = -1

    def percentile_rank(self, name: str, score: float) -> tuple[float, float] | None:
        """Return the lowest and the highest percentile of a score among those of all photos seen so far.

        None where there is nothing to compare with: the person has no references of the current model.
        """
        try:
            return percentile_rank(self._scores(name), score)
        except UsageError:
            return None

    def _scores(self, name: str) -> Scores:
        version = self._store.people.version
        if version != self._version:
            self._known.clear()
            self._version = version
        known = self._known.setdefault(name, _Known(scores=np.empty(0), last=0))
        fresh, known.last = self._scorer.score_after(name, known.last)
        if fresh:
            known.scores = np.sort(np.concatenate((known.scores, list(fresh.values()))))
        return known.scores


def _others(verdicts: Verdicts, name: str) -> list[int]:
    """Return the places of faces that are not this person, as was said of them."""
    named: Mapping[int, str] = verdicts.named
    refused = [place for place, names in verdicts.refused.items() if name in names]
    return [*(place for place, who in named.items() if who != name), *refused, *verdicts.nobody]
