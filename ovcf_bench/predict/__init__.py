"""Uses what was trained: scores for new images, and folders that can leave the machine."""

from ovcf_bench.predict.bundle import Bundle, open_models, open_rules
from ovcf_bench.predict.folder import export_bundle
from ovcf_bench.predict.images import Prediction, predict_images
from ovcf_bench.predict.opening import open_bundle

__all__ = ["Bundle", "Prediction", "export_bundle", "open_bundle", "open_models", "open_rules", "predict_images"]
