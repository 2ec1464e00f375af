"""Name clusters: the best and most different faces of a cluster become references of the person."""

from familiar.errors import UsageError
from familiar.model import JUNK
from familiar.store.store import Store


def name_cluster(store: Store, cluster_id: int, name: str, *, model: str, allow_same_photo: bool = False) -> int:
    """Give a cluster a name, register some of its faces as references, and return the id of the event.

    Two faces of one photo are one person only with `allow_same_photo`.

    Raises:
        UsageError: there is no such cluster, the name can't be used, or it was refused for the cluster.
    """
    from familiar.identity.references import choose_references  # noqa: PLC0415 - it needs NumPy

    ids, embeddings, qualities = store.clusters.embeddings(store.clusters.live(cluster_id), model)
    chosen = [ids[number] for number in choose_references(embeddings, qualities, least=JUNK)]
    if ids and not chosen:
        raise UsageError(f"Cluster {cluster_id} can't be named: the embeddings of all its faces are damaged.")
    return store.decisions.clusters.name(cluster_id, name, references=chosen, allow_same_photo=allow_same_photo)
