"""A model bundle in memory."""

from __future__ import annotations

from dataclasses import dataclass

from akkd_core.bundle.error_table import ErrorTable
from akkd_core.bundle.manifest import Manifest
from akkd_core.bundle.network import Network
from akkd_core.bundle.network_spec import NetworkSpec
from akkd_core.errors import BundleMismatchError


@dataclass(frozen=True, eq=False)
class ModelBundle:
    """Networks with their manifest, checked to belong together when built.

    Parameters
    ----------
    manifest : Manifest
    pixel_network : Network
        Runs on every pixel.
    scene_network : Network, optional
        Runs once a scene: statistics of the scene and ancillary data to the atmosphere and the
        scene inputs of the pixel network.
    error_table : ErrorTable, optional
        Expected errors of the pixel network's outputs.
    sample_network, refinement_network : Network, optional
        The first runs on each of a sample of the scene's pixels under the scene network's
        atmosphere; the second, once a scene, on the mean and spread of what that gives, and then
        gives the atmosphere and the pixel network's scene inputs. Both or neither.

    Raises
    ------
    BundleMismatchError
        If the manifest describes other networks or another table.
    """

    manifest: Manifest
    pixel_network: Network
    scene_network: Network | None = None
    error_table: ErrorTable | None = None
    sample_network: Network | None = None
    refinement_network: Network | None = None

    def __post_init__(self) -> None:
        for which, network in self.networks().items():
            _check(self.manifest.networks()[which], network, which)
        shape = None if self.error_table is None else self.error_table.sigma.shape
        if shape != self.manifest.uncertainty.table_shape:
            raise BundleMismatchError(
                f"bundle {self.manifest.name}: its error table is {shape}, the manifest says "
                f"{self.manifest.uncertainty.table_shape}"
            )
        if shape is not None and shape[0] != self.pixel_network.n_outputs:
            raise BundleMismatchError(
                f"bundle {self.manifest.name}: its error table has {shape[0]} outputs, the pixel "
                f"network {self.pixel_network.n_outputs}"
            )

    def networks(self) -> dict[str, Network | None]:
        """Return the networks by what they run on, as `Manifest.networks`."""
        return {
            "pixel": self.pixel_network,
            "scene": self.scene_network,
            "sample": self.sample_network,
            "refinement": self.refinement_network,
        }

    @property
    def name(self) -> str:
        """The bundle's name."""
        return self.manifest.name

    def require_sensor(self, sensor: str) -> None:
        """Raise BundleMismatchError unless the bundle was made for this sensor."""
        if self.manifest.sensor != sensor:
            raise BundleMismatchError(
                f"bundle {self.name}: made for {self.manifest.sensor!r}, the data are of "
                f"{sensor!r}; choose a bundle for that sensor"
            )


def _check(spec: NetworkSpec | None, network: Network | None, which: str) -> None:
    if spec is None and network is None:
        return
    if spec is None or network is None:
        raise BundleMismatchError(f"bundle: manifest and {which} network aren't both there")
    units = {v.name: v.unit for v in (*spec.inputs, *spec.outputs)}
    names = {*network.input_names, *network.output_names}
    if names != set(units) or spec != NetworkSpec.of(network, units, spec.architecture):
        raise BundleMismatchError(f"bundle: the manifest describes another {which} network")
