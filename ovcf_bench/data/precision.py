"""The arithmetic of a study: the declared one, or the one that a short measurement of its networks chose."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ovcf_bench.data.settings import Options, Watch
from ovcf_bench.executors import Job, only_result
from ovcf_bench.files import write_atomically
from ovcf_bench.hooks.contracts import ModelPlugin
from ovcf_bench.plan import build_context
from ovcf_bench.provenance import digest
from ovcf_bench.study import Study
from ovcf_bench.vocabulary import Arm

if TYPE_CHECKING:
    from ovcf_bench.training.device import Probe


def precision_of(study: Study, models: Mapping[str, ModelPlugin], options: Options, watch: Watch) -> str:
    """Return the declared precision, or the one that was measured once for these networks on this device."""
    training = study.document.training
    if training.precision != "auto":
        return training.precision
    # Only what the core trains has a precision; all of them share one, so that compared arms compute alike.
    of_models = {arm.model: arm for arm in study.arms if models[arm.model].build is not None}
    used = [of_models[name] for name in sorted(of_models)]
    if not used:
        return "float32"
    sections = [study.document.models[arm.model] for arm in used]
    measured_on = {
        "models": [[section.model, section.params.model_dump(mode="json")] for section in sections],
        "views": [list(arm.views) for arm in used],
        "image_size": list(training.image_size),
        "device": options.device,
    }
    path, name = options.runs / "precision.json", digest(measured_on)
    known: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    # Measured once and kept: measured again on a busy machine it might choose otherwise, and no key would fit.
    if name not in known:
        from ovcf_bench.training.device import choose_precision

        watch.say("Choosing the precision")
        known[name] = str(only_result(Job("precision", choose_precision, probe_of(study, models, used, options))))
        write_atomically(path, json.dumps(known, indent=1, sort_keys=True) + "\n")
    return known[name]


def probe_of(
    study: Study, models: Mapping[str, ModelPlugin], arms: Sequence[Arm], options: Options, precision: str = "float32"
) -> Probe:
    """Return the networks of these arms, to be measured on the device of the run."""
    from ovcf_bench.training.device import Probe

    networks = [
        (models[arm.model], study.document.models[arm.model].params, build_context(study, arm, pretrained=False))
        for arm in arms
    ]
    return Probe(networks, options.device, options.threads, precision)
