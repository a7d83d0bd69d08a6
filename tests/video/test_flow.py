"""Optical flow and warping, against known motion, SciPy and hand-made networks."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from scipy import ndimage

from impasto.errors import ModelError
from impasto.video.flow import DisFlow, OnnxFlow, estimate_motion, warp

from .clips import photograph


def test_the_flow_of_a_moved_photograph_is_its_motion():
    first, second = photograph(96, 128), photograph(96, 128, 5)
    flow = DisFlow()(first, second)
    inner = flow[16:-16, 24:-16]
    assert abs(np.median(inner[..., 0]) + 5) < 0.1
    assert np.hypot(inner[..., 0] + 5, inner[..., 1]).mean() < 0.5


def test_what_was_outside_or_hidden_is_not_followed():
    before, now = photograph(96, 128), photograph(96, 128, 12)
    now = now.copy()
    now[30:60, 40:70] = np.random.default_rng(0).integers(0, 255, (30, 30, 3))
    motion = estimate_motion(DisFlow(), now, before)
    assert motion.followed[:, -8:].mean() < 0.1  # came into the picture from the right
    assert motion.followed[36:54, 46:64].mean() < 0.4
    assert motion.followed[8:24, 8:80].mean() > 0.9


def test_small_frames_do_not_move():
    frame = photograph(12, 40)
    assert not DisFlow()(frame, frame).any()


@pytest.mark.parametrize(("kernel", "bound"), [("linear", 0.6), ("cubic", 2.5), ("lanczos", 3.0)])
def test_warping_fetches_pixels_as_scipy_does(kernel, bound):
    rng = np.random.default_rng(3)
    image = ndimage.gaussian_filter(rng.uniform(0, 255, (40, 50)), 2).astype(np.float32)
    flow = ndimage.gaussian_filter(rng.uniform(-40, 40, (40, 50, 2)), (6, 6, 0)).astype(np.float32)
    rows, columns = np.mgrid[:40, :50]
    places = [rows + flow[..., 1], columns + flow[..., 0]]
    order = 1 if kernel == "linear" else 3
    expected = ndimage.map_coordinates(image, places, order=order, mode="mirror")
    found = warp(image, flow, kernel)
    assert abs(found - expected)[4:-4, 4:-4].max() < bound
    assert found.dtype == np.float32


def network(path, pictures=2, shape=(1, 3, "height", "width")):
    """A network whose flow is the difference of two colours of its pictures."""
    inputs = [
        helper.make_tensor_value_info(f"picture{i}", TensorProto.FLOAT, shape)
        for i in range(pictures)
    ]
    output = helper.make_tensor_value_info("flow", TensorProto.FLOAT, None)
    both = ["picture0", f"picture{pictures - 1}"]
    nodes = [
        helper.make_node("Sub", both, ["difference"]),
        helper.make_node("Slice", ["difference", "first", "last", "axis"], ["flow"]),
    ]
    constants = [
        helper.make_tensor(name, TensorProto.INT64, [1], [value])
        for name, value in (("first", 0), ("last", 2), ("axis", 1))
    ]
    graph = helper.make_graph(nodes, "flow", inputs, [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(path))
    return path


def colours(red, green):
    return np.full((40, 60, 3), [red, green, 0], np.uint8)


@pytest.mark.parametrize("shape", [(1, 3, "height", "width"), (1, 3, 80, 30)])
def test_a_network_in_a_file_estimates_the_flow(tmp_path, shape):
    estimate = OnnxFlow(network(tmp_path / "flow.onnx", shape=shape))
    flow = estimate(colours(9, 2), colours(5, 8))
    assert flow.shape == (40, 60, 2)
    scale = (60 / 30, 40 / 80) if shape[2] == 80 else (60 / 64, 1)  # 60 is enlarged to 64
    np.testing.assert_allclose(flow[20, 30], [4 * scale[0], -6 * scale[1]], rtol=1e-4)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ModelError, match="there is no file"):
        OnnxFlow(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(ModelError, match="is not an ONNX file that can be used"):
        OnnxFlow(tmp_path / "text.onnx")
    with pytest.raises(ModelError, match="has 1 inputs, expected two pictures"):
        OnnxFlow(network(tmp_path / "one.onnx", pictures=1))
