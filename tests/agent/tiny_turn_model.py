"""A model of ends of turns that is small enough to be made by a test."""

from pathlib import Path

from agent.turn_features import BANDS, FRAMES


def model_file(path: Path, *, bands: int = BANDS, squashed: bool = True, inputs: int = 1) -> Path:
    """A model that knows one thing, how much of its features lies above their middle: its sigmoid, or that itself."""
    import onnx  # noqa: PLC0415 - an extra brings it; without it what needs a model is skipped

    helper, kinds = onnx.helper, onnx.TensorProto
    nodes = [
        helper.make_node("ReduceMean", ["input_features", "axes"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "scale"], ["scaled"]),
        helper.make_node("Sigmoid" if squashed else "Identity", ["scaled"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["logits"]),
    ]
    named = ["input_features", *(f"more{n}" for n in range(inputs - 1))]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, kinds.FLOAT, ["batch", bands, FRAMES]) for name in named],
        [helper.make_tensor_value_info("logits", kinds.FLOAT, ["batch", 1])],
        [
            helper.make_tensor("axes", kinds.INT64, [2], [1, 2]),
            helper.make_tensor("scale", kinds.FLOAT, [], [9.0]),
            helper.make_tensor("shape", kinds.INT64, [2], [-1, 1]),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(made.SerializeToString())
    return path
