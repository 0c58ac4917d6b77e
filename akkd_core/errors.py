"""Errors and warnings of AKKD. They know nothing of Click or Qt; each face translates them once.

A message names the file, the cause and the remedy in one line.
"""

from __future__ import annotations


class AkkdError(Exception):
    """Root of all errors that AKKD raises on purpose."""


class InputError(AkkdError, ValueError):
    """What the user gave can't be used."""


class ParameterError(InputError):
    """A parameter's value is out of its bounds or doesn't fit another one."""


class UnsupportedGranuleError(InputError):
    """The file is whole, but not a product that AKKD reads."""


class MissingBandError(InputError):
    """The granule has the right kind but lacks a thermal band."""


class GridMismatchError(InputError):
    """Two rasters that should share a grid don't."""


class GranuleReadError(AkkdError, OSError):
    """The file is absent, truncated or damaged."""


class ProductWriteError(AkkdError, OSError):
    """A product could not be written (full disk, read-only folder)."""


class CalibrationError(AkkdError):
    """Digital numbers could not be turned into radiance."""


class SimulationError(AkkdError):
    """The radiative transfer engine or the scene generator failed."""


class TrainingError(AkkdError):
    """A network could not be trained (diverged, or its data don't fit)."""


class DistillationError(AkkdError):
    """A distillation plan can't be carried out."""


class SearchError(AkkdError):
    """Root of the architecture search's errors."""


class TrialFailed(SearchError):
    """The trial is bad: mark it and go on."""


class SearchAborted(SearchError):
    """The search itself can't go on."""


class BundleError(AkkdError):
    """A model bundle can't be used."""


class BundleVersionError(BundleError):
    """The bundle's format version is unknown to this software."""


class BundleIntegrityError(BundleError):
    """A file of the bundle is missing, altered, malformed or hostile."""


class BundleMismatchError(BundleError):
    """The bundle doesn't fit the data (sensor, inputs, shapes)."""


class MissingDependencyError(AkkdError, ImportError):
    """An optional package is missing; the message carries the remedy."""


class OperationCancelled(AkkdError):
    """The user cancelled."""


class AkkdWarning(UserWarning):
    """Root of AKKD's warnings."""


class OutOfDomainWarning(AkkdWarning):
    """The input lies outside what the model was trained on."""


class CalibrationWarning(AkkdWarning):
    """The radiometric calibration of the granule is doubtful."""
