"""A plugin file with a rule of its own that combines the scores of views: the highest."""

HIGHEST = """
import numpy as np
from ovcf_bench.api import ModelPlugin, Params, hookimpl

class Highest:
    def scores(self, logits):
        return logits.max(axis=1, keepdims=True).astype(np.float32)

    def save(self, folder):
        (folder / "highest.json").write_text("{}")

def fuse(params, logits, labels):
    return Highest()

def fuses(params):
    return "simple"

def load(params, folder, context):
    return Highest()

@hookimpl
def register_models(register):
    register(ModelPlugin(name="highest", params=Params, summary="Highest", fuse=fuse, fuses=fuses, load=load))
"""
