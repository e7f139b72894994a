"""Finds the installed plugins, one by one, so that a broken one is named and the others go on."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

import pluggy

from ovcf_bench.errors import BenchError, PluginError, Problem, did_you_mean, one_of
from ovcf_bench.hooks import hookspecs
from ovcf_bench.hooks.calls import problem_of
from ovcf_bench.hooks.contracts import API_VERSION, DatasetPlugin, ModelPlugin, Params, UnitEvent
from ovcf_bench.hooks.files import load_file

GROUP = "ovcf_bench"
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_SPEC_MARK, _IMPLEMENTATION_MARK = "ovcf_bench_spec", "ovcf_bench_impl"  # as pluggy marks functions of the project
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

    def dataset_of(self, file_format: str) -> DatasetPlugin:
        """Return the dataset plugin that reads cohorts exported in this format; raises PluginError without one."""
        for name, each in self.datasets.items():  # those of the project come first
            if file_format in each.plugin.formats and each.plugin.exported is not None:
                return self.dataset(name)
        raise PluginError(Problem("dataset plugin", f"none reads exported files of the format {file_format}"))

    def notify(self, event: UnitEvent) -> list[Problem]:
        """Tell every watching plugin what happened to a unit; one that fails is named and not told again."""
        failed: list[Problem] = []
        for each in list(self.hooks.hook.unit_event.get_hookimpls()):
            try:
                each.function(*[event for _ in each.argnames])  # a hook may leave the argument out
                continue
            except BenchError as error:
                failed += error.problems
            except (Exception, SystemExit) as error:  # noqa: BLE001  watching must never stop a study
                failed.append(problem_of(error, each.plugin_name, each.function))
            self.hooks.unregister(each.plugin)
        return failed


def _find(plugins: Mapping[str, Registered[Plugin]], name: str, kind: str) -> Plugin:
    if name not in plugins:
        raise PluginError(Problem(f"{kind} plugin", f"{name!r} is not installed", one_of(name, plugins)))
    plugin = plugins[name].plugin
    lacking = [each for each in plugin.requires if not _is_installed(each)]
    if lacking:
        wanted = f"'{plugins[name].distribution}[{plugin.extra}]'" if plugin.extra else " ".join(lacking)
        advice = f"Install: pip install {wanted}"
        raise PluginError(Problem(f"{kind} plugin {name!r}", f"needs {', '.join(lacking)}", advice))
    return plugin


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package that the module would stand in
        return False


def new_manager() -> pluggy.PluginManager:
    """Return a plugin manager that knows the hooks and no plugin yet."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def load(found: Iterable[EntryPoint] | None = None, files: Iterable[Path] = ()) -> Registry:
    """Return the registry of all entry points of the group (or of those `found`), and of plugin files.

    They are loaded one by one: an installed plugin that is broken is named among the problems and does not stop the
    others. A file was asked for: raises PluginError with everything that is wrong with the `files`.
    """
    manager = new_manager()
    origins: dict[str, str] = {}
    problems: list[Problem] = []
    modules: list[tuple[str, str, Callable[[], ModuleType]]] = []
    for entry in sorted(entry_points(group=GROUP) if found is None else found, key=_bundled_first):
        distribution = entry.dist.name if entry.dist else "unknown distribution"
        modules.append((f"plugin {entry.name!r} of {distribution}", distribution, entry.load))
    named = list(dict.fromkeys(files))
    asked = {f"plugin file {path.name!r}": path for path in named}
    if len(asked) < len(named):
        advice = "Rename one: messages could not tell them apart."
        raise PluginError(Problem("plugins", "two of the plugin files have one name", advice))
    modules += [(where, f"file {path.name}", functools.partial(load_file, path)) for where, path in asked.items()]
    for where, origin, open_module in modules:
        if problem := _add(manager, where, open_module):
            problems.append(problem)
        else:
            origins[where] = origin
    registry = collect(manager, origins, problems)
    if wrong := [problem for problem in registry.problems if problem.where in asked]:
        raise PluginError(*wrong)
    return registry


def _bundled_first(entry: EntryPoint) -> tuple[bool, str]:
    """Order entry points so that nobody takes the name of a plugin of ours."""
    return (entry.dist is None or entry.dist.name != "ovcf-bench", entry.name)


def _add(manager: pluggy.PluginManager, where: str, open_module: Callable[[], ModuleType]) -> Problem | None:
    """Load a module and let the manager know it; return why it cannot be used."""
    try:
        module = open_module()
    except BenchError as error:
        return error.problems[0]
    except (Exception, SystemExit) as error:  # noqa: BLE001  a plugin may fail in any way; it must not stop the others
        return _cannot_load(error, where)
    try:
        manager.register(module, name=where)
        manager.check_pending()  # otherwise a misspelt hook is silent
    except pluggy.PluginValidationError as error:
        if manager.is_registered(module):
            manager.unregister(module)
        return Problem(where, f"does not fit the hooks: {' '.join(str(error).split())}", _hooks_offered(module))
    except ValueError as error:  # two entry points of one module
        return Problem(where, f"cannot be loaded: {error}")
    if not manager.get_hookcallers(module):
        manager.unregister(module)
        return Problem(where, "has no hook", f"{_hooks_offered(module)} Each stands under @hookimpl.")
    return None


def _cannot_load(error: BaseException, where: str) -> Problem:
    file = Path(getattr(error, "filename", None) or "").name
    at = f" ({file}, line {error.lineno})" if isinstance(error, SyntaxError) else ""
    found = f"cannot be loaded: {type(error).__name__}: {getattr(error, 'msg', error)}{at}"
    lacking = error.name if isinstance(error, ModuleNotFoundError) else None
    advice = f"Install: pip install {lacking.partition('.')[0]}" if lacking else ""
    return Problem(where, found, advice, "".join(traceback.format_exception(error)))


def _hooks_offered(module: ModuleType) -> str:
    """Return the hooks with their arguments, and the one that was probably meant."""
    offered = {name: inspect.signature(hook) for name, hook in vars(hookspecs).items() if hasattr(hook, _SPEC_MARK)}
    written = [name for name, value in vars(module).items() if hasattr(value, _IMPLEMENTATION_MARK)]
    meant = next((said for name in written if name not in offered and (said := did_you_mean(name, [*offered]))), "")
    listed = ", ".join(f"{name}({', '.join(signature.parameters)})" for name, signature in offered.items())
    return f"Hooks: {listed}. {meant}".rstrip()


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
            if not hasattr(module, hook):
                continue
            before = len(known) + len(found)
            register = _registrar(known, hook, where, origin, found)
            try:
                manager.subset_hook_caller(hook, others)(register=register)
            except BenchError as error:
                found += [replace(each, where=where, found=f"{each.where}: {each.found}") for each in error.problems]
            except Exception as error:  # noqa: BLE001  as above
                problem = problem_of(error, where, getattr(module, hook))
                told = replace(problem, where=where, found=f"{hook} failed: {problem.found}")
                found.append(replace(told, allowed=_arguments(error) or told.allowed))
            if len(known) + len(found) == before:
                found.append(Problem(where, f"{hook} registers nothing", "Call register(...) in it."))
    return Registry(datasets, models, tuple(found), manager)


def _arguments(error: Exception) -> str:
    """Return the arguments that a plugin class takes, when the error is about one that it does not."""
    said = re.search(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", str(error))
    known = {each.__name__: [field.name for field in fields(each)] for each in (DatasetPlugin, ModelPlugin)}
    return one_of(said[2], known[said[1]]) if said and said[1] in known else ""


def _registrar(
    known: dict[str, Any], hook: str, where: str, origin: str, problems: list[Problem]
) -> Callable[[Any], None]:
    def register(plugin: DatasetPlugin | ModelPlugin) -> None:
        if wrong := _mistake(plugin, hook):
            problems.append(Problem(where, *wrong))
        elif plugin.name in known:
            other = known[plugin.name].distribution
            found = f"the name {plugin.name!r} is taken by {other}"
            advice = "Register it once." if other == origin else f"Rename it, or uninstall {origin} or {other}."
            problems.append(Problem(where, found, advice))
        else:
            module = (plugin.open if isinstance(plugin, DatasetPlugin) else plugin.form).__module__
            known[plugin.name] = Registered(plugin, origin, module)

    return register


def _mistake(plugin: Any, hook: str) -> tuple[str, str] | None:
    """Return what is wrong with what a hook registers, and what is allowed; None when it can be used."""
    wanted = DatasetPlugin if hook == "register_datasets" else ModelPlugin
    if not isinstance(plugin, wanted):
        return f"{hook}: register(...) got {type(plugin).__name__}", f"Allowed: {wanted.__name__}(...)."
    name = f"{plugin.name!r}"
    if not isinstance(plugin.name, str) or not _NAME.fullmatch(plugin.name):
        return f"{hook}: {name} is no name", "Allowed: letters, digits, dot, dash and underscore, a letter first."
    if not isinstance(plugin.api, tuple):
        return f"{name} has api={plugin.api!r}", "Allowed: a tuple, api=(1,)."
    if not (isinstance(plugin.params, type) and issubclass(plugin.params, Params)):
        allowed = "Allowed: a class that inherits from ovcf_bench.api.Params."
        return f"{name} has params that are no class of parameters", allowed
    if not plugin.params.__pydantic_complete__:
        allowed = "Import it in the module, not inside a function or TYPE_CHECKING."
        return f"the parameters of {name} have a type that is not defined", allowed
    if isinstance(plugin.requires, str) or not all(map(_MODULE.fullmatch, plugin.requires)):
        allowed = 'Allowed: names as import takes them, requires=("sklearn",).'
        return f"{name} requires what are no modules: {plugin.requires!r}", allowed
    if API_VERSION not in plugin.api:
        advice = "Install another version of the plugin, or of ovcf-bench."
        supports = ", ".join(map(str, plugin.api))
        return f"{name} supports API {supports}", f"This version offers API {API_VERSION}. {advice}"
    return None
