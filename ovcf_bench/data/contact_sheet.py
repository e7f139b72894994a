"""Pictures of a few images of a study: as stored, as networks get them, and augmented."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from ovcf_bench.data.decoding import preprocessing_of
from ovcf_bench.data.inspecting import evidence_of
from ovcf_bench.data.preparing import Prepared, prepare, store_missing_pixels
from ovcf_bench.data.settings import Options, Watch
from ovcf_bench.hooks.registry import Registry
from ovcf_bench.images import Pixels16
from ovcf_bench.pseudonyms import Pseudonyms, load_key
from ovcf_bench.records import ContactSheet, ShownImage
from ovcf_bench.study import Study

_TALLEST = 360  # pixels of a picture on the sheet
_BINS = 32
_AUGMENTED = 2
_MOST_PAIRS = 20
_WIDTH_OF_NETWORK_SCALE = 4.0  # normalised values from -2 to 2 are shown


def contact_sheet(
    study: Study, registry: Registry, options: Options, watch: Watch, *, each: int, seed: int
) -> ContactSheet:
    """Return `each` random images of every split, class and view, and the pairs that look alike."""
    prepared = prepare(study, registry, Pseudonyms(load_key(options.key)), options, watch, training=False)
    store_missing_pixels(prepared, options, watch)
    watch.say("Drawing the contact sheet")
    order = {rule.name: place for place, rule in enumerate(study.splits)}
    images = prepared.images.sort_values("split", key=lambda names: names.map(order), kind="stable")
    groups = images.groupby(["split", "label", "view"], sort=False)
    chosen = pd.concat([part.sample(min(each, len(part)), random_state=seed) for _, part in groups])
    shown = tuple(_shown(prepared, row, options, seed) for row in chosen.to_dict("records"))
    return ContactSheet(shown, tuple(_alike(prepared, options)))


def _shown(prepared: Prepared, row: Mapping[Any, Any], options: Options, seed: int) -> ShownImage:
    source = prepared.source(row)
    mapped = options.cache.open([[row["cache_key"]]], preprocessing_of(prepared.study))
    resized = mapped[np.array([0])]
    opened = prepared.opened[row["cohort"]].exams.iloc[row["row"]]
    said = [(name.removeprefix("tag_"), str(value)) for name, value in opened.items()
            if str(name).startswith("tag_") and not pd.isna(value)]  # fmt: skip
    facts = (("image", str(row["image_id"])), ("size", f"{source.shape[0]} x {source.shape[1]} pixels"), *said)
    pictures = [("as stored", _png(source)), ("as networks get it", _png(resized[0, 0]))]
    pictures += [("augmented", _png(each)) for each in _augmented(prepared.study, row["view"], resized, seed)]
    histogram, _ = np.histogram(source, bins=_BINS, range=(0, 65536))
    counts = tuple(int(n) for n in histogram)
    return ShownImage(str(row["split"]), int(row["label"]), str(row["view"]), facts, tuple(pictures), counts)


def _augmented(study: Study, view: str, resized: Pixels16, seed: int) -> Iterator[Pixels16]:
    """Yield the image (1, 1, H, W) as training changes it, on the scale that networks get."""
    import torch

    from ovcf_bench.training.augment import RandAugment, jitter, move
    from ovcf_bench.training.batches import normalise

    training = study.document.training
    plan = training.augmentation_by_view.get(view, training.augmentation)
    generator = torch.Generator().manual_seed(seed)
    images = torch.from_numpy(np.repeat(resized, _AUGMENTED, axis=0).astype(np.float32) / 65535)
    images = RandAugment(plan.randaugment)(images) if plan.randaugment else images
    images = move(normalise(images, training.normalisation), plan, generator)
    seen = (jitter(images, plan, generator) / _WIDTH_OF_NETWORK_SCALE + 0.5).clamp(0, 1)
    for each in seen[:, 0].numpy():
        yield np.rint(each * 65535).astype(np.uint16)


def _alike(prepared: Prepared, options: Options) -> Iterator[tuple[str, bytes, bytes]]:
    from ovcf_bench.checks.duplicates import near_duplicates

    rows = near_duplicates(evidence_of(prepared, options)).rows
    # Near duplicates are told by a number; whether two images are one patient's, only an eye can say.
    for row in rows[:_MOST_PAIRS]:
        of_view = prepared.images[prepared.images["view"] == row["view"]].drop_duplicates("image_id")
        by_id = of_view.set_index("image_id", drop=False)
        pair = [_png(prepared.source(by_id.loc[each].to_dict())) for each in str(row["images"]).split(" and ")]
        mirrored = ", one of them mirrored" if row["mirrored"] else ""
        yield f"{row['view']}, {row['splits']}: likeness {row['likeness']:.3f}{mirrored}", pair[0], pair[1]


def _png(image: Pixels16) -> bytes:
    eight = Image.fromarray((image >> 8).astype(np.uint8))
    eight.thumbnail((_TALLEST, _TALLEST), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    eight.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
