"""The operations: one declarative spec each, and the use-cases behind them.

Faces (command line, QGIS) are made from :mod:`akkd_core.operations.catalogue`; nothing heavy is
imported until an operation runs.
"""
