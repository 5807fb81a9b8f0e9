"""What can go wrong while a model is made or used.

PipelineError
├── IssueFileError      an export of issues cannot be read: which file, which line, why
├── BackboneError       the encoder's weights are missing, altered, or exported inaccurately
├── TooFewIssuesError   not enough labelled issues for what was asked
├── ExperimentError     a folder cannot hold, or go on with, an experiment
└── ModelError          a stored model is incomplete or was written by something else
"""


class PipelineError(Exception):
    """Base of every error of this package; the text is meant for the person who runs the command."""

    reason = "pipeline"


class IssueFileError(PipelineError):
    """An export of issues cannot be read."""

    reason = "issue_file"


class BackboneError(PipelineError):
    """The encoder's weights are missing, altered, or exported inaccurately."""

    reason = "backbone"


class TooFewIssuesError(PipelineError):
    """There are not enough labelled issues for what was asked."""

    reason = "too_few_issues"


class ExperimentError(PipelineError):
    """A folder cannot hold an experiment, or not go on with this one."""

    reason = "experiment"


class ModelError(PipelineError):
    """A stored model is incomplete or was written by something else."""

    reason = "model"
