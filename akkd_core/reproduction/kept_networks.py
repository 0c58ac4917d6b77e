"""Networks of the shared distillation, kept as bundles: an interrupted run goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from akkd_core.bundle import Architecture, Network, load_bundle, save_bundle
from akkd_core.distillation.label_bundle import label_bundle
from akkd_core.errors import ParameterError

_FACTS = "reproduction"


@dataclass(frozen=True)
class KeptNetworks:
    """A folder of networks that were trained on the labels of one archive.

    Parameters
    ----------
    folder : Path
    archive_sha256 : str
        Of the archive's index.
    seed : int
    """

    folder: Path
    archive_sha256: str
    seed: int

    def get(
        self,
        name: str,
        architecture: Architecture,
        facts: Mapping[str, Any],
        make: Callable[[], Network],
    ) -> Network:
        """Return a network, trained and kept first if it isn't there.

        Parameters
        ----------
        name : str
            Of its bundle.
        architecture : Architecture
        facts : mapping
            What it was made with, plain JSON: a kept one must have the same.
        make : callable
            Trains it.

        Raises
        ------
        ParameterError
            If one of that name was made otherwise.
        BundleError, TrainingError, OperationCancelled
        """
        own = self.folder / name
        wanted = {**facts, "archive_sha256": self.archive_sha256, "seed": self.seed}
        if not own.is_dir():
            bundle = label_bundle(
                name,
                make(),
                architecture,
                description="kept by akkd reproduce, pixel network on five BTs",
                trained_on="product labels of a simulated archive",
                archive_sha256=self.archive_sha256,
                command="akkd reproduce",
                seed=self.seed,
                extra={_FACTS: wanted},
            )
            save_bundle(bundle, own)
        kept = load_bundle(own)
        if kept.manifest.extra.get(_FACTS) != wanted:
            raise ParameterError(
                f"{own}: was made otherwise, perhaps by another version. delete "
                f"{self.folder.parent}"
            )
        return kept.pixel_network
