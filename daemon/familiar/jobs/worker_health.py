"""Report workers that died, and an engine that is not the configured one."""

from familiar.events import EventLog
from familiar.vision.workers.pool import Workers


class WorkerHealth:
    """Looks after the workers; that is also what ends idle ones."""

    def __init__(self, *, workers: Workers, log: EventLog) -> None:
        """Take the workers."""
        self._workers = workers
        self._log = log
        self._deaths = 0
        self._has_fallen_back = False

    def look(self) -> None:
        """Log what is new."""
        health = self._workers.health()
        if health.fallback is not None and not self._has_fallen_back:
            self._log.emit("engine.fell_back", reason=health.fallback)
            self._has_fallen_back = True
        if health.deaths > self._deaths:
            self._log.emit("worker.died", deaths=health.deaths - self._deaths, reason=health.last_death)
            self._deaths = health.deaths
