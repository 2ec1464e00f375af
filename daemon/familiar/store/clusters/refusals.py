"""What persons refused, and what follows from it: who a cluster is not, and what must not be joined."""

from dataclasses import dataclass

from familiar.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """All refusals, by ids.

    `faces` are faces with the clusters that they must not join, `clusters` are pairs of clusters that are two people,
    and `people` are clusters with the people who they are not; the value is the face of which it was said, or None.
    """

    faces: frozenset[tuple[int, int]]
    clusters: frozenset[frozenset[int]]
    people: dict[tuple[int, int], int | None]


def read_refusals(db: Database) -> Refusals:
    """Return all refusals; what is refused for a cluster of a person is refused for all of their clusters."""
    owner: dict[int, int] = dict(
        db.conn.execute("SELECT id, person_id FROM clusters WHERE person_id IS NOT NULL AND absorbed_by IS NULL")
    )
    clusters_of: dict[int, set[int]] = {}
    for named, whose in owner.items():
        clusters_of.setdefault(whose, set()).add(named)
    faces: set[tuple[int, int]] = set()
    clusters: set[frozenset[int]] = set()
    people: dict[tuple[int, int], int | None] = {}
    rows = db.conn.execute(
        "SELECT refusals.face_id, refusals.cluster_id, home.cluster_id, person_id, other_id FROM refusals "
        "LEFT JOIN cluster_faces AS home ON home.face_id = refusals.face_id ORDER BY refusals.id"
    ).fetchall()
    for face, of_cluster, home, said_person, other in rows:
        cluster = of_cluster if face is None else home
        sides: list[tuple[int | None, ...]] = [(cluster, face, said_person or owner.get(other), other)]
        if face is None and other is not None:
            sides.append((other, None, owner.get(cluster), cluster))
        for one, of_face, person, two in sides:
            targets = clusters_of.get(person or 0, set()) | ({two} if two is not None else set())
            if of_face is not None:
                faces.update((of_face, target) for target in targets)
            if one is not None:
                clusters.update(frozenset((one, target)) for target in targets - {one})
                if person is not None:
                    people.setdefault((one, person), of_face)
    return Refusals(faces=frozenset(faces), clusters=frozenset(clusters), people=people)
