"""The parts of a daemon that its stages and jobs share."""

from familiar.arrivals.latencies import Latencies
from familiar.effects.disks import Disks
from familiar.folders.intake import Intake
from familiar.jobs.open_operations import OpenOperations
from familiar.jobs.rematching import Rematching
from familiar.library.companions import CompanionRules
from familiar.library.operations import OperationRunner
from familiar.library.planning import Planner
from familiar.library.recognition import Recogniser
from familiar.library.reencoding import Reencoder
from familiar.library.scoring import PercentileIndex
from familiar.library.sidecars.reader import SidecarReader
from familiar.library.sidecars.writer import SidecarWriter
from familiar.library.sources import FlickrCache, Sources
from familiar.service.inputs import DaemonInputs
from familiar.service.stop_request import StopRequest
from familiar.service.wake import Wake
from familiar.vision.chosen_model import chosen_model

_TURN = 1.0
"""Most seconds between two turns of the loop."""


class Parts:
    """The parts of one daemon."""

    def __init__(self, inputs: DaemonInputs) -> None:
        """Build the parts; the store is used in the thread that opened it."""
        settings, store, log, clock = inputs.settings, inputs.store, inputs.log, inputs.clock
        model = chosen_model(settings.vision).id
        self.tally = inputs.counts.tally
        self.latencies = Latencies(clock)
        self.wake = Wake(longest=_TURN)
        self.stop = StopRequest(log=log, notifier=inputs.notifier, wake=self.wake)
        self.workers = inputs.workers
        self.recogniser = Recogniser(store, settings.matching, model)
        percentiles = PercentileIndex(store, settings.matching, model)
        self.planner = Planner(rules=lambda: inputs.rules.rules, percentiles=percentiles)
        self.reencoder = Reencoder(store=store, workers=self.workers, recogniser=self.recogniser, log=log)
        self.sidecar_reader = SidecarReader(
            store=store,
            workers=self.workers,
            log=log,
            clock=clock,
            enabled=settings.sidecars.read,
            on_turned=self.recogniser.recognise,
        )
        disks = Disks(store.places)
        self.intake = Intake(
            settings=settings,
            store=store,
            disks=disks,
            log=log,
            clock=clock,
            watch=inputs.watch,
            on_message=self.wake.from_thread,
            on_sidecar_changed=self.sidecar_reader.on_sidecar_changed,
        )
        self.cache = FlickrCache(store, log)
        self.sources = Sources(self.cache, self.intake.source)
        self.runner = OperationRunner(
            store=store,
            workers=self.workers,
            disks=disks,
            log=log,
            clock=clock,
            is_there=lambda path: self.sources.of(path).is_there(path),
            companions=CompanionRules.of(settings),
        )
        self.operations = OpenOperations(self.runner, stop=self.stop, on_end=self.wake.now)
        self.sidecar_writer = SidecarWriter(store=store, runner=self.runner, clock=clock, settings=settings.sidecars)
        self.rematching = Rematching(
            store=store,
            recogniser=self.recogniser,
            sidecar_reader=self.sidecar_reader,
            wake_at=self.wake.at,
            log=log,
            clock=clock,
        )

    def has_time_for_sidecars(self) -> bool:
        """Whether sidecars can be written in the next turn, too."""
        return not self.recogniser.is_stale and not self.runner.is_acting
