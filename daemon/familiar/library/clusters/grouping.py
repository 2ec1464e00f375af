"""Group the faces of unknown people in the store."""

from dataclasses import replace
from typing import TYPE_CHECKING

from familiar.store.clusters.rounds import GroupingResult
from familiar.store.store import Store

if TYPE_CHECKING:
    from familiar.settings import ClusteringSettings


def regroup(store: Store, settings: "ClusteringSettings", model: str) -> GroupingResult:
    """Group the faces of unknown people, and write the result down.

    The store is not locked in the meantime; what somebody else decides before the end stays as they decided it.
    """
    from familiar.identity.clustering.grouping import group  # noqa: PLC0415 - the daemon never loads its libraries

    store.qualities.rate_all()
    basis = basis_of_round(store, settings, model)
    # The faces have no name here: `group` lets go of them once it has put them in order.
    grouping = group(
        store.rounds.to_group(
            model, min_size=settings.min_size, min_quality=settings.min_quality, same_photo=settings.same_photo
        ),
        settings,
    )
    result = store.rounds.apply(grouping, model, basis=basis, same_photo=settings.same_photo)
    return replace(result, left_out=store.photos.count_outdated(model))


def basis_of_round(store: Store, settings: "ClusteringSettings", model: str) -> str:
    """Return what a round of grouping is based on; if it equals that of the last round, there is nothing new."""
    return store.rounds.basis(model) + settings.model_dump_json()
