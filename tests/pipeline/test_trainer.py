"""The Trainer with our losses, on a model of two numbers."""

from collections.abc import Sequence

import pytest
import torch

from pipeline.trainer import Batch, Schedule, Task, run_trainer

TRUTH = torch.tensor([2.0, -1.0])


class Two(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.guess = torch.nn.Parameter(torch.zeros(2))


def collate(rows: Sequence[int]) -> Batch:
    return {"rows": torch.tensor(list(rows))}


def distance(model: Two, inputs: Batch) -> torch.Tensor:
    return ((model.guess - TRUTH)[inputs["rows"] % 2] ** 2).mean()


def trained(*, seed: int = 0, epochs: int = 30, **more: object) -> Two:
    model = Two()
    schedule = Schedule(epochs, rate=0.3, batch=4, decay=0.0)
    run_trainer(model, Task(8, collate, distance), schedule=schedule, seed=seed, **more)  # type: ignore[arg-type]
    return model


def test_the_loss_is_brought_down() -> None:
    assert torch.allclose(trained().guess, TRUTH, atol=0.1)


def test_each_epoch_is_told_and_training_ends_where_the_watch_says_so() -> None:
    seen: list[int] = []

    def watch(epoch: int) -> bool:
        seen.append(epoch)
        return epoch == 3

    trained(watch=watch)
    assert seen == [1, 2, 3]


def test_losses_are_told_with_their_steps() -> None:
    told: list[tuple[int, float]] = []
    trained(told=lambda step, loss: told.append((step, loss)))
    steps = [step for step, _ in told]
    assert steps == sorted(steps)
    assert steps[-1] <= 60
    assert told[0][1] > 1 > told[-1][1]


def test_every_row_is_seen_once_an_epoch_in_an_order_by_seed() -> None:
    def order(seed: int) -> list[int]:
        seen: list[int] = []

        def noted(rows: Sequence[int]) -> Batch:
            seen.extend(rows)
            return collate(rows)

        schedule = Schedule(2, rate=0.1, batch=4)
        run_trainer(Two(), Task(8, noted, distance), schedule=schedule, seed=seed)
        return seen

    assert sorted(order(1)[:8]) == sorted(order(1)[8:16]) == list(range(8))
    assert order(1) == order(1) != order(2)


def test_nothing_is_written(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(str(tmp_path))
    trained(epochs=1)
    from pathlib import Path

    assert not list(Path.cwd().iterdir())
