"""ONNX Runtime as the workers use it: one thread each, no telemetry."""

import os
from typing import Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # newer wheels send telemetry unless this is set when they are loaded

import onnxruntime

from familiar.errors import FamiliarError
from familiar.vision.engines.engine import Device

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


def has_cuda() -> bool:
    """Return whether ONNX Runtime was built for CUDA (`onnxruntime-gpu`)."""
    return _CUDA in onnxruntime.get_available_providers()


def open_session(model: bytes, name: str, *, gpu: bool) -> onnxruntime.InferenceSession:
    """Load a model; with `gpu` it runs on a GPU where ONNX Runtime has CUDA, else on one thread of the CPU.

    Raises:
        FamiliarError: it can't be loaded.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    providers = [_CPU]
    if gpu and has_cuda():
        onnxruntime.preload_dlls()  # CUDA and cuDNN may have been installed as packages
        providers = [_CUDA, _CPU]
    try:
        return onnxruntime.InferenceSession(model, options, providers=providers)
    except Exception as error:  # its errors have no other common base
        raise FamiliarError(f"the model {name} can't be loaded: {error}") from error


def run(session: onnxruntime.InferenceSession, inputs: dict[str, Any]) -> Any:
    """Run a model, and return its only output.

    Raises:
        MemoryError: ONNX Runtime can't get the memory that it needs.
    """
    try:
        return session.run(None, inputs)[0]
    except Exception as error:
        if "allocate memory" in str(error):
            raise MemoryError(str(error)) from error
        raise


def device_of(session: onnxruntime.InferenceSession) -> Device:
    """Return where a model runs: ONNX Runtime takes the CPU where it can't load CUDA."""
    return "GPU" if _CUDA in session.get_providers() else "CPU"
