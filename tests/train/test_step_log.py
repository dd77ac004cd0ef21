"""The log of steps: what is damaged or lost is named, and changes nothing else."""

import json
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, RunDirectoryError
from physml.train import checked_lines, step_log

PHASE = "train"


def row(step, **more):
    return {"phase": PHASE, "step": step, "loss": 1 / (step + 1), **more}


def written(path, steps, phase=PHASE):
    step_log.append(path, [row(i) | {"phase": phase} for i in range(steps)])
    return path


def plain(path, rows):
    """As earlier versions wrote them."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_lines_are_json_with_a_checksum_of_the_rest(tmp_path):
    path = written(tmp_path / "log", 3)
    for line, expected in zip(path.read_text().splitlines(), map(row, range(3)), strict=True):
        found = json.loads(line)
        assert found.pop("crc32") == f"{zlib.crc32(json.dumps(expected).encode()):08x}"
        assert found == expected
    assert step_log.rows(path, PHASE) == step_log.history(path, PHASE, 3) == [*map(row, range(3))]


def test_every_flipped_bit_costs_its_line_and_no_other(tmp_path):
    """Of 3,000 none was named: tracebacks, cuts of all that came after, and changed numbers."""
    path = written(tmp_path / "log", 3)
    whole, rows = path.read_bytes(), [*map(row, range(3))]
    for bit in range(0, 8 * len(whole), 13):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.warns(UserWarning, match=r"passed over what was damaged .*, line \d"):
            found = step_log.rows(path, PHASE)
        assert [r for r in rows if r in found] == found
        assert len(found) >= (1 if whole[bit // 8] == ord("\n") else 2)


def test_old_lines_are_read_before_those_with_checksums_and_not_after(tmp_path):
    path = plain(tmp_path / "log", map(row, range(2)))
    assert step_log.rows(path, PHASE) == [row(0), row(1)]
    step_log.append(path, [row(2)])
    assert step_log.rows(path, PHASE) == [row(0), row(1), row(2)]
    with path.open("a") as file:
        file.write(json.dumps(row(3)) + "\n")
    with pytest.warns(UserWarning, match="line 4$"):
        assert step_log.rows(path, PHASE) == [row(0), row(1), row(2)]


@pytest.mark.parametrize(
    "line",
    ['[1]', 'null', '3', '"step"', '{}', '{"phase": 1, "step": 0}', '{"phase": "train"}',
     '{"phase": "train", "step": -1}', '{"phase": "train", "step": true}', "[" * 10**5,
     '{"phase": "train", "step": 0, "crb32": "01234567"}', "1" * 5000, "\x1c", "é"],
    ids=lambda line: line[:24],
)  # fmt: skip
def test_malformed_lines_are_passed_over(tmp_path, line):
    path = tmp_path / "log"
    path.write_bytes(line.encode("latin-1") + b"\n" + json.dumps(row(1)).encode() + b"\n")
    with pytest.warns(UserWarning, match="line 1$"):
        assert step_log.rows(path, PHASE) == [row(1)]


def test_lost_rows_are_counted_and_their_steps_stay(tmp_path):
    path = written(tmp_path / "log", 9)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], *lines[3:5], *lines[7:]]))
    with pytest.warns(UserWarning, match=r"4 of the 10 steps .* step 2, 5 to 6, 9:"):
        step_log.history(path, PHASE, 10)
    with pytest.warns(UserWarning, match=r"3 of the 9 steps of 'train' .* step 2, 5 to 6:"):
        found = step_log.history(path, PHASE, 9)
    assert [r["step"] for r in found] == [*range(9)]
    assert [r["step"] for r in found if r["loss"] is None] == [2, 5, 6]
    path.unlink()
    with pytest.warns(UserWarning, match=r"9 of the 9 steps .* step 0 to 8:"):
        assert all(r["loss"] is None for r in step_log.history(path, PHASE, 9))


@pytest.mark.parametrize("tail", [b"", b'{"phase": "train", "st', b"\x80\xff\n\n{"])
def test_trimming_keeps_the_rows_before_to_the_byte(tmp_path, tail):
    path = written(written(tmp_path / "log", 3, "first"), 5)
    lines = path.read_bytes().splitlines(keepends=True)
    for step, kept in ((0, 3), (1, 4), (4, 7), (5, 8), (9, 8)):
        path.write_bytes(b"".join(lines) + tail)
        step_log.trim(path, PHASE, step)
        assert path.read_bytes() == b"".join(lines[:kept])
    step_log.trim(path, "first", 1)
    assert path.read_bytes() == lines[0]


def test_a_row_at_which_a_rule_ended_a_phase_takes_no_later_phase_with_it(tmp_path):
    """The step of that row was not taken, and is judged again; a march lost its later slabs."""
    path = written(written(tmp_path / "log", 3, "first"), 5)
    lines = path.read_bytes().splitlines(keepends=True)
    step_log.trim(path, "first", 2)
    assert path.read_bytes() == b"".join([*lines[:2], *lines[3:]])


def test_a_damaged_row_of_a_step_that_is_taken_again_is_dropped(tmp_path):
    path = written(tmp_path / "log", 6)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"x", *lines[1:3], b"y", *lines[3:]]))
    step_log.trim(path, PHASE, 3)
    assert path.read_bytes() == b"".join([lines[0], b"x", *lines[1:3]])


def test_a_row_that_lost_its_end_of_line_alone_is_whole(tmp_path):
    path = written(tmp_path / "log", 2)
    path.write_bytes(path.read_bytes()[:-1])
    step_log.trim(path, PHASE, 2)
    step_log.append(path, [row(2)])
    assert step_log.rows(path, PHASE) == [*map(row, range(3))]


def test_a_log_that_is_no_file_is_named(tmp_path):
    (tmp_path / "log").mkdir()
    for call in (
        lambda: step_log.rows(tmp_path / "log", PHASE),
        lambda: step_log.trim(tmp_path / "log", PHASE, 0),
        lambda: step_log.append(tmp_path / "log", [row(0)]),
    ):
        with pytest.raises(RunDirectoryError, match=r"log: cannot be"):
            call()


def test_a_full_disk_while_going_on_is_named(tmp_path, monkeypatch):
    path = written(tmp_path / "log", 4)
    before = path.read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(RunDirectoryError, match=r"log: cannot be written .*No space left"):
        step_log.trim(path, PHASE, 2)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["log"]


def test_a_fit_goes_on_over_lost_rows_to_the_same_state(tmp_path):
    def fit(run, steps):
        objective = pm.least_squares({"line": lambda slope, x: slope * x - x})
        return pm.fit(
            objective, pm.fixed({"line": jnp.ones(3)}), pm.natural_gradient(0.1), jnp.zeros(()),
            steps=steps, key=jax.random.key(0), run=run, look_beyond=False,
        )  # fmt: skip

    for name in ("whole", "hurt"):
        with pm.Run.create(tmp_path / name) as run:
            fit(run, 4)
    path = tmp_path / "hurt" / "metrics.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[1].replace(b"step", b"stfp"), lines[3]]))
    found = {}
    for name in ("whole", "hurt"):
        with pm.Run.reopen(tmp_path / name) as run:
            if name == "whole":
                found[name] = fit(run, 6)
                continue
            with pytest.warns(UserWarning) as told:
                found[name] = fit(run, 6)
    words = [str(one.message) for one in told]
    assert len(words) == 2 and "damaged" in words[0] and "2 of the 4 steps" in words[1]
    assert found["hurt"].params == found["whole"].params
    loss = {name: result.history["loss"] for name, result in found.items()}
    np.testing.assert_array_equal(np.isnan(loss["hurt"]), [False, True, True, False, False, False])
    kept = ~np.isnan(loss["hurt"])
    np.testing.assert_array_equal(loss["hurt"][kept], loss["whole"][kept])


def test_the_name_of_the_checksum_is_no_metric():
    objective = pm.least_squares({"line": lambda slope, x: slope * x})
    with pytest.raises(ConfigurationError, match="crc32"):
        pm.fit(
            objective, pm.fixed({"line": jnp.ones(3)}), pm.natural_gradient(0.1), jnp.zeros(()),
            steps=1, key=jax.random.key(0),
            measure={checked_lines.CHECKSUM: pm.every(1, lambda params: params)},
        )  # fmt: skip
