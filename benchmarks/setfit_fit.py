"""One fit of SetFit, run by the interpreter of an environment that has it; `benchmarks.versus_setfit` does so.

Reads a task as JSON from standard input, and writes an answer as JSON into the file that the task names.
"""

import json
import sys
import time
from typing import Any

import torch
from datasets import Dataset
from setfit import SetFitModel, Trainer, TrainingArguments
from transformers import TrainerCallback


class Deadline(TrainerCallback):  # type: ignore[misc]
    """Ends the training of the embeddings after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.begun, self.steps = seconds, time.monotonic(), 0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.begun = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.steps = state.global_step
        control.should_training_stop |= time.monotonic() - self.begun > self.seconds


def fit(task: dict[str, Any]) -> dict[str, Any]:
    """Fit on the texts and targets of a task, and predict its test."""
    torch.set_num_threads(task["threads"])
    data = Dataset.from_dict({"text": task["texts"], "label": task["targets"]})
    model = SetFitModel.from_pretrained(task["checkpoint"], multi_target_strategy="one-vs-rest")
    options = TrainingArguments(
        output_dir=task["scratch"],
        batch_size=16,
        num_epochs=1,
        num_iterations=task["iterations"],
        seed=task["seed"],
        report_to="none",
        save_strategy="no",
        show_progress_bar=False,
    )
    deadline = Deadline(task["seconds"])
    begun = time.monotonic()
    Trainer(model=model, args=options, train_dataset=data, callbacks=[deadline]).train()
    trained = time.monotonic()
    p = model.predict_proba(task["test"], as_numpy=True)
    predicted = time.monotonic()
    about = {"steps": deadline.steps, "train_s": trained - begun, "predict_s": predicted - trained}
    return {**about, "p": p.tolist()}


if __name__ == "__main__":
    given = json.load(sys.stdin)
    with open(given["out"], "w", encoding="utf-8") as file:
        json.dump(fit(given), file)
