"""`ovcf-bench cache`: the decoded images on disk."""

from __future__ import annotations

from pathlib import Path

import click

from ovcf_bench.cli.options import CACHE_LIMIT_VARIABLE, CACHE_VARIABLE, open_cache

_folder = click.option(
    "--cache",
    "cache_folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=CACHE_VARIABLE,
    show_envvar=True,
    help="Folder of decoded images. [default: the user's cache folder]",
)


@click.group("cache", epilog=f"Its size is bounded by {CACHE_LIMIT_VARIABLE} (gigabytes); the oldest goes first.")
def command() -> None:
    """List or clear the cache of decoded images."""


@command.command("list")
@_folder
def list_entries(cache_folder: Path | None) -> None:
    """List what is cached: preprocessing, images, size."""
    cache = open_cache(cache_folder)
    entries = cache.entries()
    for entry in entries:
        click.echo(
            f"{entry.version}: {entry.images} images, {entry.bytes / 1e6:.1f} MB, used {entry.last_used:%Y-%m-%d}"
        )
    click.echo(f"{len(entries)} entries, {sum(entry.bytes for entry in entries) / 1e6:.1f} MB in {cache.folder}")


@command.command("clear")
@_folder
def clear(cache_folder: Path | None) -> None:
    """Remove all decoded images that no run is using; they are made again when they are needed."""
    freed = open_cache(cache_folder).clear()
    click.echo(f"Removed {freed / 1e6:.1f} MB.")
