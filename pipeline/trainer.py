"""Transformers' Trainer, with our losses, on data in memory."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import transformers

Batch = dict[str, torch.Tensor]
Progress = Callable[[float], None]  # called with the share done, 0 to 1


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train; the rate rises over the first tenth of the steps, then falls to 0."""

    epochs: int
    rate: float
    batch: int = 8
    decay: float = 0.01


@dataclass(frozen=True)
class Task:
    """Rows 0 to `count`, how some of them become a batch, and the loss of a model on it."""

    count: int
    collate: Callable[[Sequence[int]], Batch]
    objective: Callable[[Any, Batch], torch.Tensor]


def run_trainer(
    model: torch.nn.Module,
    task: Task,
    *,
    schedule: Schedule,
    seed: int,
    watch: Callable[[int], bool] = lambda epoch: False,
    told: Callable[[int, float], None] = lambda step, loss: None,
) -> None:
    """Train a model in place; nothing is written. With bf16 on a GPU that has it.

    Parameters
    ----------
    watch : callable
        Called after each epoch with its number, from 1; training ends where it says true.
    told : callable
        Called with step and mean loss since the last call, about ten times an epoch.
    """
    gpu = torch.cuda.is_available()
    with tempfile.TemporaryDirectory() as folder:
        options = transformers.TrainingArguments(
            output_dir=folder,
            num_train_epochs=schedule.epochs,
            per_device_train_batch_size=schedule.batch,
            learning_rate=schedule.rate,
            weight_decay=schedule.decay,
            warmup_steps=0.1,
            seed=seed,
            use_cpu=not gpu,
            bf16=gpu and torch.cuda.is_bf16_supported(),
            report_to="none",
            save_strategy="no",
            logging_steps=0.1 / schedule.epochs,
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
        )
        trainer = _Trainer(
            model=model,
            args=options,
            train_dataset=list(range(task.count)),
            data_collator=task.collate,
            callbacks=[_Watch(watch, told)],
        )
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.objective = task.objective
        trainer.train()


class _Trainer(transformers.Trainer):
    objective: Callable[[Any, Batch], torch.Tensor]

    def compute_loss(self, model: Any, inputs: Batch, *_: Any, **__: Any) -> torch.Tensor:
        return self.objective(model, inputs)


class _Watch(transformers.TrainerCallback):
    def __init__(self, watch: Callable[[int], bool], told: Callable[[int, float], None]) -> None:
        self._watch, self._told = watch, told

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        control.should_training_stop |= self._watch(round(state.epoch))

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        if logs and "loss" in logs:
            self._told(state.global_step, logs["loss"])
