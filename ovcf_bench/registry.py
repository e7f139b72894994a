"""Finds the installed plugins, one by one, so that a broken one is named and the others go on."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

import pluggy

from ovcf_bench import hookspecs
from ovcf_bench.api import API_VERSION, DatasetPlugin, ModelPlugin, UnitEvent
from ovcf_bench.errors import PluginError, Problem, one_of

GROUP = "ovcf_bench"
Plugin = TypeVar("Plugin", DatasetPlugin, ModelPlugin)


@dataclass(frozen=True, slots=True)
class Registered(Generic[Plugin]):
    """A plugin and the distribution that brought it."""

    plugin: Plugin
    distribution: str
    module: str


@dataclass(frozen=True, slots=True)
class Registry:
    """What is installed: datasets and models by name, and the `problems` of plugins that could not be used."""

    datasets: Mapping[str, Registered[DatasetPlugin]]
    models: Mapping[str, Registered[ModelPlugin]]
    problems: tuple[Problem, ...]
    hooks: pluggy.PluginManager = field(repr=False)

    def dataset(self, name: str) -> DatasetPlugin:
        """Return the dataset plugin of that name; raises PluginError with the known names."""
        return _find(self.datasets, name, "dataset")

    def model(self, name: str) -> ModelPlugin:
        """Return the model plugin of that name; raises PluginError with the known names."""
        return _find(self.models, name, "model")

    def notify(self, event: UnitEvent) -> None:
        """Tell every watching plugin what happened to a unit."""
        self.hooks.hook.unit_event(event=event)


def _find(plugins: Mapping[str, Registered[Plugin]], name: str, kind: str) -> Plugin:
    if name not in plugins:
        raise PluginError(Problem(f"{kind} plugin", f"{name!r} is not installed", one_of(name, plugins)))
    plugin = plugins[name].plugin
    lacking = [each for each in plugin.requires if importlib.util.find_spec(each) is None]
    if lacking:
        wanted = f"'{plugins[name].distribution}[{plugin.extra}]'" if plugin.extra else " ".join(lacking)
        advice = f"Install: pip install {wanted}"
        raise PluginError(Problem(f"{kind} plugin {name!r}", f"needs {', '.join(lacking)}", advice))
    return plugin


def new_manager() -> pluggy.PluginManager:
    """Return a plugin manager that knows the hooks and no plugin yet."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def load(found: Iterable[EntryPoint] | None = None) -> Registry:
    """Return the registry of all entry points of the group (or of those `found`), loaded one by one."""
    manager = new_manager()
    origins: dict[str, str] = {}
    problems: list[Problem] = []
    for entry in sorted(entry_points(group=GROUP) if found is None else found, key=lambda each: each.name):
        distribution = entry.dist.name if entry.dist else "unknown distribution"
        where = f"plugin {entry.name!r} of {distribution}"
        try:
            module = entry.load()
            manager.register(module, name=where)
        except Exception as error:  # noqa: BLE001  a plugin may fail in any way; it must not stop the others
            problems.append(Problem(where, f"cannot be loaded: {type(error).__name__}: {error}"))
            continue
        try:
            manager.check_pending()  # otherwise a misspelt hook is silent
        except pluggy.PluginValidationError as error:
            manager.unregister(module)
            problems.append(Problem(where, f"does not fit the hooks: {error}", "Hooks: register_datasets, "
                                    "register_models, unit_event."))  # fmt: skip
            continue
        origins[where] = distribution
    return collect(manager, origins, problems)


def collect(manager: pluggy.PluginManager, origins: Mapping[str, str], problems: Iterable[Problem] = ()) -> Registry:
    """Return the registry of the plugins in `manager`; `origins` maps a plugin's name to its distribution."""
    datasets: dict[str, Registered[DatasetPlugin]] = {}
    models: dict[str, Registered[ModelPlugin]] = {}
    found = list(problems)
    for where, module in manager.list_name_plugin():
        if module is None:
            continue
        others = [each for each in manager.get_plugins() if each is not module]
        origin = origins.get(where, where)
        for hook, known in (("register_datasets", datasets), ("register_models", models)):
            register = _registrar(known, where, origin, found)
            try:
                manager.subset_hook_caller(hook, others)(register=register)
            except Exception as error:  # noqa: BLE001  as above
                found.append(Problem(where, f"{hook} failed: {type(error).__name__}: {error}"))
    return Registry(datasets, models, tuple(found), manager)


def _registrar(known: dict[str, Any], where: str, origin: str, problems: list[Problem]) -> Callable[[Any], None]:
    def register(plugin: DatasetPlugin | ModelPlugin) -> None:
        if API_VERSION not in plugin.api:
            supports = ", ".join(map(str, plugin.api))
            problems.append(
                Problem(where, f"{plugin.name!r} supports API {supports}", f"This version offers API {API_VERSION}.")
            )
        elif plugin.name in known:
            other = known[plugin.name].distribution
            found = f"the name {plugin.name!r} is taken by {other}"
            problems.append(Problem(where, found, f"Uninstall {origin} or {other}, or rename."))
        else:
            module = (getattr(plugin, "open", None) or getattr(plugin, "build", None) or plugin.fit).__module__  # type: ignore[union-attr]
            known[plugin.name] = Registered(plugin, origin, module)

    return register
