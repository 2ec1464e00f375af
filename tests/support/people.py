"""People without a reference, which no command adds."""

from familiar.store.store import Store


def add_person(store: Store, name: str) -> int:
    """Add a person who has no reference; return their id."""
    with store.decisions.log.event("add references") as event:
        person_id, _ = event.person(name)
        event.summary = f"{name} was added"
    return person_id
