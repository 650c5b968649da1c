"""A script written for Meta's package, run with Meta's package and with our names for it."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from sam2_model import compat
from sam2_model.automatic_masks import distinct

from . import oracles
from .clips import Pixels, make_clip
from .models import IMAGE_SIZE, twins
from .tolerances import ROUNDED_LOGITS, assert_close, assert_masks_equal

CONFIG = "configs/sam2.1/sam2.1_hiera_t.yaml"
OVERRIDES = [f"++model.image_size={IMAGE_SIZE}", "++model.fill_hole_area=0"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file as Meta released them, of the seeded weights."""
    path = tmp_path_factory.mktemp("weights") / "sam2.1_hiera_tiny.pt"
    return str(oracles.save_as_meta(twins("sam2.1_tiny").official.state_dict(), path))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder of numbered JPEG files, square so that the two ways of resizing do not come in."""
    folder = tmp_path_factory.mktemp("clip")
    for index, frame in enumerate(make_clip(4, (IMAGE_SIZE, IMAGE_SIZE))):
        Image.fromarray(frame).save(folder / f"{index:05d}.jpg", quality=95)
    return str(folder)


def a_users_script(predictor: Any, clip: str) -> list[tuple[Any, list[int], Tensor]]:
    """Everything a script does with a video predictor; what it gets to see."""
    seen = []

    def see(what: Any, ids: list[int], masks: Tensor) -> None:
        seen.append((what, list(ids), masks.clone()))

    state = predictor.init_state(video_path=clip)
    assert (state["num_frames"], state["video_height"], state["video_width"]) == (4, IMAGE_SIZE, IMAGE_SIZE)
    point, label = np.array([[70, 110]], dtype=np.float32), np.array([1], dtype=np.int32)
    see(*predictor.add_new_points_or_box(state, frame_idx=1, obj_id=4, points=point, labels=label))
    more = {"points": [[0.1, 0.1]], "labels": [0], "clear_old_points": False, "normalize_coords": False}
    see(*predictor.add_new_points_or_box(state, 1, 4, **more))
    see(*predictor.add_new_points_or_box(state, 1, 9, box=np.array([140, 40, 220, 120], dtype=np.float32)))
    mask = np.zeros((IMAGE_SIZE, IMAGE_SIZE), dtype=bool)
    mask[30:90, 10:80] = True
    see(*predictor.add_new_mask(state, 1, 2, mask))
    for shown in predictor.propagate_in_video(state, max_frame_num_to_track=1):
        see(*shown)
    for shown in predictor.propagate_in_video(state, start_frame_idx=1, reverse=True):
        see(*shown)
    see(*predictor.clear_all_prompts_in_frame(state, 3, 9))
    ids, updated = predictor.remove_object(state, 9)
    see("removed", ids, torch.cat([masks for _, masks in updated]))
    assert predictor.remove_object(state, 77) == (ids, [])
    assert state["obj_ids"] == [4, 2]
    predictor.reset_state(state)
    see(*predictor.add_new_points(state, 0, 1, point, label))
    return seen


def test_a_video_script_sees_the_same(checkpoint: str, clip: str) -> None:
    ours = compat.build_sam2_video_predictor(CONFIG, checkpoint, device="cpu", hydra_overrides_extra=OVERRIDES)
    theirs = twins("sam2.1_tiny").official
    for mine, oracle in zip(a_users_script(ours, clip), a_users_script(theirs, clip), strict=True):
        assert mine[:2] == oracle[:2]
        assert_masks_equal(f"compat video, {mine[0]}", mine[2], oracle[2], ROUNDED_LOGITS)


def test_what_is_said_while_tracking_counts_from_the_next_frame_on(checkpoint: str, clip: str) -> None:
    """Meta's package has it wait for the next call; ours need not."""
    predictor = compat.build_sam2_video_predictor(CONFIG, checkpoint, device="cpu", hydra_overrides_extra=OVERRIDES)
    state = predictor.init_state(clip)
    predictor.add_new_points_or_box(state, 0, 4, points=[[70, 110]], labels=[1])
    going = predictor.propagate_in_video(state)
    assert next(going)[:2] == (0, [4])
    predictor.add_new_points_or_box(state, 0, 9, box=[140, 40, 220, 120])
    assert next(going)[:2] == (1, [4, 9])
    predictor.remove_object(state, 4)
    predictor.clear_all_prompts_in_frame(state, 0, 9)
    assert state["obj_ids"] == [9]
    with pytest.raises(ValueError, match="nothing to track"):
        next(going)
    assert not (predictor.clear_all_prompts_in_frame(state, 1, 9)[2] > 0).any()


def test_vos_optimized_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(torch, "compile", lambda method, **_: compiled.append(type(method.__self__).__name__) or method)
    compat.build_sam2_video_predictor(CONFIG, device="cpu")
    assert not compiled
    compat.build_sam2_video_predictor(CONFIG, device="cpu", vos_optimized=True)
    assert set(compiled) == {"ImageEncoder", "MemoryAttention", "MaskDecoder", "MemoryEncoder"}


def test_what_is_wrong_is_said(checkpoint: str, clip: str) -> None:
    predictor = compat.build_sam2_video_predictor(CONFIG, checkpoint, device="cpu", hydra_overrides_extra=OVERRIDES)
    state = predictor.init_state(clip)
    with pytest.raises(RuntimeError, match="No object has a prompt"):
        next(predictor.propagate_in_video(state))
    with pytest.raises(ValueError, match="one label a point"):
        predictor.add_new_points_or_box(state, 0, 1, points=[[1, 1]])
    with pytest.raises(ValueError, match="at least one"):
        predictor.add_new_points_or_box(state, 0, 1)
    with pytest.raises(RuntimeError, match="no object 5"):
        predictor.remove_object(state, 5, strict=True)
    with pytest.raises(ValueError, match="configuration"):
        compat.build_sam2("configs/sam2.1/sam2.1_hiera_xl.yaml", device="cpu")
    with pytest.raises(ValueError, match="num_maskmem"):
        compat.build_sam2(CONFIG, device="cpu", hydra_overrides_extra=["++model.num_maskmem=3"])


def an_image_script(predictor: Any, image: Pixels) -> list[np.ndarray]:
    """Everything a script does with an image predictor; what it gets to see."""
    predictor.set_image(image)
    points, labels = np.array([[70, 110], [200, 90]]), np.array([1, 0])
    seen = list(predictor.predict(points, labels, return_logits=True))
    seen += predictor.predict(point_coords=points, point_labels=labels, mask_input=seen[2][:1], return_logits=True)
    seen += predictor.predict(box=np.array([140, 40, 220, 120]), multimask_output=False, return_logits=True)
    boxes = np.array([[140, 40, 220, 120], [20, 60, 120, 150]])
    seen += predictor.predict(box=boxes, multimask_output=False, return_logits=True)
    seen += predictor.predict(points[:, None], labels[:, None], return_logits=True)
    seen.append(predictor.predict(points, labels)[0])
    seen.append(predictor.get_image_embedding().numpy())
    predictor.set_image_batch([image, image[:200, ::-1]])
    for part in predictor.predict_batch([points, points[:1]], [labels, labels[:1]], return_logits=True):
        seen += part
    predictor.reset_predictor()
    with pytest.raises(RuntimeError):
        predictor.predict(points, labels)
    return seen


def test_an_image_script_sees_the_same(checkpoint: str) -> None:
    network = compat.build_sam2(CONFIG, checkpoint, device="cpu", hydra_overrides_extra=OVERRIDES[:1])
    ours = an_image_script(compat.SAM2ImagePredictor(network), make_clip(1, (240, 300))[0])
    official = oracles.official_image_predictor(twins("sam2.1_tiny").official)
    for mine, oracle in zip(ours, an_image_script(official, make_clip(1, (240, 300))[0]), strict=True):
        assert mine.dtype == oracle.dtype
        assert_close("compat image", torch.from_numpy(mine), torch.from_numpy(oracle))


@pytest.mark.parametrize(
    "options",
    [
        {"points_per_side": 4},
        pytest.param({"points_per_side": 3, "crop_n_layers": 1, "use_m2m": True}, marks=pytest.mark.parity),
        pytest.param({"points_per_side": 3, "crop_n_layers": 2, "multimask_output": False}, marks=pytest.mark.parity),
    ],
)
def test_automatic_masks_are_the_same(options: dict[str, Any]) -> None:
    both, image = twins("sam2.1_tiny"), make_clip(1, (200, 260))[0]
    # The masks of seeded weights sprawl over the whole image; only their summits are small and distinct.
    summits = {"mask_threshold": 6, "stability_score_thresh": 0.3, "stability_score_offset": 0.3}
    options = {**summits, "pred_iou_thresh": 0.2, "box_nms_thresh": 0.8, "points_per_batch": 6, **options}
    ours = compat.SAM2AutomaticMaskGenerator(both.ours, **options).generate(image)
    theirs = oracles.official_mask_generator(both.official, **options).generate(image)
    assert len(theirs) > 2, "the oracle found too little to compare"
    assert len(ours) == len(theirs)
    for mine, oracle in zip(ours, theirs, strict=True):
        assert mine.keys() == oracle.keys()
        assert int((mine["segmentation"] != oracle["segmentation"]).sum()) <= 2
        assert mine["area"] == pytest.approx(oracle["area"], abs=2)
        for key in ("bbox", "crop_box"):
            assert mine[key] == pytest.approx(oracle[key], abs=1), key
        assert mine["point_coords"][0] == pytest.approx(oracle["point_coords"][0])
        for key in ("predicted_iou", "stability_score"):
            assert mine[key] == pytest.approx(oracle[key], abs=1e-3), key


def test_run_lengths_and_suppression_are_the_same() -> None:
    from sam2.utils.amg import mask_to_rle_pytorch

    generator = torch.Generator().manual_seed(0)
    for density in (0.0, 0.1, 0.9, 1.0):
        mask = torch.rand(1, 13, 17, generator=generator) < density
        theirs = mask_to_rle_pytorch(mask)[0]
        assert compat.automatic_mask_generator.run_lengths(mask[0].numpy()) == theirs
    corners = torch.rand(60, 2, generator=generator) * 50
    boxes = torch.cat((corners, corners + torch.rand(60, 2, generator=generator) * 40), dim=1)
    scores = torch.rand(60, generator=generator)
    kept = distinct(boxes, scores, 0.4)
    assert 3 < len(kept) < 60
    assert torch.equal(kept, oracles._batched_nms(boxes, scores, torch.zeros(60), 0.4))


def test_signatures_are_those_of_the_official_package() -> None:
    """Every argument of the official methods exists here, in the same place and with the same default."""
    import sam2.build_sam
    from sam2.sam2_video_predictor import SAM2VideoPredictor

    official_image = type(oracles.official_image_predictor(twins("sam2.1_tiny").official))
    pairs = [
        (getattr(compat, name), getattr(sam2.build_sam, name)) for name in ("build_sam2", "build_sam2_video_predictor")
    ]
    methods = "init_state add_new_points_or_box add_new_mask propagate_in_video clear_all_prompts_in_frame"
    methods += " remove_object reset_state from_pretrained"
    pairs += [(getattr(compat.SAM2VideoPredictor, m), getattr(SAM2VideoPredictor, m)) for m in methods.split()]
    methods = "__init__ set_image set_image_batch predict predict_batch get_image_embedding reset_predictor"
    pairs += [(getattr(compat.SAM2ImagePredictor, m), getattr(official_image, m)) for m in methods.split()]
    for ours, theirs in pairs:
        mine, oracle = (list(inspect.signature(function).parameters.values()) for function in (ours, theirs))
        assert [p.name for p in mine] == [p.name for p in oracle], theirs
        for our_parameter, their_parameter in zip(mine, oracle, strict=True):
            if their_parameter.default != []:  # a mutable default there, an empty tuple here
                assert our_parameter.default == their_parameter.default, (theirs, our_parameter.name)


def test_a_video_file_is_read_like_a_folder(tmp_path: Path) -> None:
    import av

    frames = make_clip(5, (96, 128))
    with av.open(str(tmp_path / "clip.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv444p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    read = compat.frames.open_frames(tmp_path / "clip.mp4")
    assert (len(read), read.size) == (5, (96, 128))
    for index in (4, 0, 2):
        assert np.abs(read[index].astype(int) - frames[index].astype(int)).mean() < 3
    with pytest.raises(FileNotFoundError, match="no video file"):
        compat.frames.open_frames(tmp_path / "nothing.mp4")
