"""Uses what was trained: scores for new images, and folders that can leave the machine."""

from ovcf_bench.predict.bundle import Bundle, open_bundle
from ovcf_bench.predict.folder import export_bundle
from ovcf_bench.predict.images import Prediction, predict_images

__all__ = ["Bundle", "Prediction", "export_bundle", "open_bundle", "predict_images"]
