"""Where photos are analysed."""

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from familiar.settings.section import AbsolutePath, Seconds, Section
from familiar.yaml_models import complaint

_THIS_MACHINE = r"(localhost|127(\.\d+){3}|\[::1\])"


class WorkerSettings(Section):
    """Where photos are analysed: by this machine alone, or by workers of Dask on other machines, too."""

    engine: Literal["local", "dask"] = Field(
        default="local",
        description="local: in processes of this machine, vision.workers of them; dask: in those of the workers that "
        "a scheduler of Dask knows.",
    )
    scheduler: str | None = Field(
        default=None, validate_default=True, description="Address of the scheduler, such as tls://nas.example:8786."
    )
    certificates: AbsolutePath | None = Field(
        default=None,
        validate_default=True,
        description="Folder with ca.pem, client.pem and client-key.pem, as `familiar workers certificates` makes it.",
    )
    unavailable: Literal["wait", "local"] = Field(
        default="wait",
        description="What is done while no worker can be used: photos wait, or this machine analyses them.",
    )
    shared: Mapping[AbsolutePath, AbsolutePath] = Field(
        default={},
        description="Folders that the workers can read, too: the path here, and the path there; photos in them are "
        "not sent.",
    )
    timeout: Seconds = Field(
        default=10.0,
        gt=0,
        le=600,
        description="Time limit for an answer of the scheduler; after that, it counts as lost.",
    )
    at_once: int = Field(
        default=64,
        ge=1,
        le=4096,
        description="Most photos that the workers have at once: twice the number of all their threads keeps them busy; "
        "with more, fewer calls are needed.",
    )

    @field_validator("scheduler")
    @classmethod
    def _is_safe(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("engine") == "dask":
            raise complaint(
                "the key 'scheduler' is missing, which engine: dask needs; tls://nas.example:8786 is an example"
            )
        if value is not None and not re.fullmatch(rf"tls://[^/\s?#@]+:\d+|tcp://{_THIS_MACHINE}:\d+", value):
            raise ValueError("should be tls://HOST:PORT, or tcp:// for this machine only: tcp://127.0.0.1:8786")
        return value

    @field_validator("certificates")
    @classmethod
    def _is_given(cls, value: object, info: ValidationInfo) -> object:
        if value is None and (info.data.get("scheduler") or "").startswith("tls:"):
            raise complaint("the key 'certificates' is missing: the folder with those for a scheduler at tls://")
        return value
