"""Writing networks as ONNX, with their scaling inside the graph.

The few protobuf messages needed are encoded here, so that neither `onnx` nor TensorFlow is needed:
the onnxruntime predictor runs a graph made from the verified weights at the moment of use, and
never a file that came with a bundle.

Graph inputs: ``features`` (N, pixel inputs) and, if the network has scene inputs, ``scene``
(1, scene inputs), in their own units. Output: ``outputs`` (N, n_out) in physical units. Opset 13,
IR version 7 (ONNX specification, onnx.proto).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core import __version__
from akkd_core.bundle.network import Network

IR_VERSION = 7
OPSET = 13
_FLOAT = 1
_OPERATORS = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}


def write_onnx(network: Network, path: str | Path, name: str = "network") -> Path:
    """Write a network to an ONNX file; raises OSError if it can't."""
    target = Path(path)
    target.write_bytes(onnx_bytes(network, name))
    return target


def onnx_bytes(network: Network, name: str = "network") -> bytes:
    """Return a network as the bytes of an ONNX model; the same network gives the same bytes."""
    graph = _Graph()
    value = _scaled(graph, "features", network, slice(None, network.n_pixel_inputs))
    pixel_kernel = network.kernels[0][: network.n_pixel_inputs]
    bias = graph.constant("bias_0", network.biases[0])
    inputs = [_value_info("features", "pixels", network.n_pixel_inputs)]
    if network.n_scene_inputs:
        inputs.append(_value_info("scene", 1, network.n_scene_inputs))
        scene = _scaled(graph, "scene", network, slice(network.n_pixel_inputs, None))
        kernel = graph.constant("kernel_scene", network.kernels[0][network.n_pixel_inputs :])
        bias = graph.node("Gemm", scene, kernel, bias)
    value = graph.node("Gemm", value, graph.constant("kernel_0", pixel_kernel), bias)
    value = _activation(graph, value, network.activations[0])
    for i in range(1, len(network.kernels)):
        kernel = graph.constant(f"kernel_{i}", network.kernels[i])
        bias = graph.constant(f"bias_{i}", network.biases[i])
        value = graph.node("Gemm", value, kernel, bias)
        value = _activation(graph, value, network.activations[i])
    value = graph.node("Mul", value, graph.constant("output_scale", network.output_scale))
    value = graph.node("Add", value, graph.constant("output_mean", network.output_mean))
    value = _residual(graph, value, network)
    graph.node("Identity", value, output="outputs")
    return _model(graph, name, inputs, network)


def _scaled(graph: _Graph, source: str, network: Network, part: slice) -> str:
    mean = graph.constant(f"{source}_mean", network.input_mean[part])
    scale = graph.constant(f"{source}_scale", network.input_scale[part])
    return graph.node("Div", graph.node("Sub", source, mean), scale)


def _activation(graph: _Graph, value: str, name: str) -> str:
    if name == "linear":
        return value
    if name == "silu":
        return graph.node("Mul", value, graph.node("Sigmoid", value))
    return graph.node(_OPERATORS[name], value)


def _residual(graph: _Graph, value: str, network: Network) -> str:
    """Add raw inputs to outputs: a product with ones and zeros, exact in float32."""
    choice = np.zeros((network.n_inputs, network.n_outputs), dtype=np.float32)
    for column, row in enumerate(network.add_columns):
        if row is not None:
            choice[row, column] = 1.0
    n = network.n_pixel_inputs
    for source, part in (("features", choice[:n]), ("scene", choice[n:])):
        if part.any():
            added = graph.node("MatMul", source, graph.constant(f"add_{source}", part))
            value = graph.node("Add", value, added)
    return value


class _Graph:
    """Collects the encoded nodes and constants of a graph."""

    def __init__(self) -> None:
        self.nodes: list[bytes] = []
        self.constants: list[bytes] = []

    def node(self, operator: str, *inputs: str, output: str = "") -> str:
        result = output or f"value_{len(self.nodes)}"
        fields = [_text(1, name) for name in inputs]
        fields += [_text(2, result), _text(3, f"node_{len(self.nodes)}"), _text(4, operator)]
        self.nodes.append(b"".join(fields))
        return result

    def constant(self, name: str, array: NDArray[np.float32]) -> str:
        raw = np.ascontiguousarray(array, dtype="<f4").tobytes()
        dims = b"".join(_integer(1, size) for size in array.shape)
        self.constants.append(dims + _integer(2, _FLOAT) + _text(8, name) + _bytes(9, raw))
        return name


def _model(graph: _Graph, name: str, inputs: Iterable[bytes], network: Network) -> bytes:
    body = b"".join(_bytes(1, node) for node in graph.nodes)
    body += _text(2, name)
    body += b"".join(_bytes(5, constant) for constant in graph.constants)
    body += b"".join(_bytes(11, item) for item in inputs)
    body += _bytes(12, _value_info("outputs", "pixels", network.n_outputs))
    facts = {
        "features": list(network.pixel_input_names),
        "scene": list(network.scene_input_names),
        "outputs": list(network.output_names),
    }
    metadata = b"".join(
        _bytes(14, _text(1, key) + _text(2, json.dumps(value))) for key, value in facts.items()
    )
    opset = _bytes(8, _text(1, "") + _integer(2, OPSET))
    head = _integer(1, IR_VERSION) + _text(2, "akkd") + _text(3, __version__)
    return head + _bytes(7, body) + opset + metadata


def _value_info(name: str, rows: str | int, columns: int) -> bytes:
    first = _text(2, rows) if isinstance(rows, str) else _integer(1, rows)
    shape = _bytes(1, first) + _bytes(1, _integer(1, columns))
    tensor = _integer(1, _FLOAT) + _bytes(2, shape)
    return _text(1, name) + _bytes(2, _bytes(1, tensor))


def _varint(value: int) -> bytes:
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def _integer(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode("utf-8"))
