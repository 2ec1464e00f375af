"""Which model is in use, and how much each model has encoded."""

from dataclasses import dataclass

from familiar.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCounts:
    """How much one model has encoded.

    `faces` and `references` have its embedding as the one in use. `kept_faces` have one of another model in use, and
    its own beside that.
    """

    faces: int = 0
    references: int = 0
    kept_faces: int = 0


class Models:
    """The models of a store, by their ids."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    @property
    def in_use(self) -> str | None:
        """The id of the model that was chosen last; None if none was chosen yet."""
        return self._read("model") or None

    def use(self, model: str) -> None:
        """Choose a model by its id; faces keep their embeddings until they are encoded again."""
        if self.in_use != model:
            self._write("model", model)

    def carry(self, model: str, pid: int) -> None:
        """Record that the daemon with this pid encodes all faces by this model from now on."""
        self._write("model carried", f"{pid} {model}")

    def is_carried(self, model: str, pid: int) -> bool:
        """Return whether the daemon with this pid encodes all faces by this model."""
        return self._read("model carried") == f"{pid} {model}"

    def counts(self) -> dict[str, ModelCounts]:
        """Return how much each model has encoded, by its id."""
        faces = self._count("faces", "engine")
        references = self._count("face_references", "engine")
        kept = self._count("face_embeddings", "model")
        return {
            model: ModelCounts(
                faces=faces.get(model, 0),
                references=references.get(model, 0),
                kept_faces=kept.get(model, 0),
            )
            for model in sorted({*faces, *references, *kept})
        }

    def _read(self, name: str) -> str:
        return str(self._db.conn.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()[0])

    def _write(self, name: str, value: str) -> None:
        self._db.conn.execute("UPDATE facts SET value = ? WHERE name = ?", (value, name))

    def _count(self, table: str, column: str) -> dict[str, int]:
        return dict(self._db.conn.execute(f"SELECT {column}, count(*) FROM {table} GROUP BY {column}"))
