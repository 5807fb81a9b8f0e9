"""What labels usually mean on GitHub, in other words: general knowledge, from no repository in particular."""

import re
from dataclasses import dataclass

from pipeline.labels import Label

ELSEWHERE = 0.01  # share of a label that the glossary does not know
PROCESS = 0.001  # share of a label about how an issue is handled, which its text cannot tell


@dataclass(frozen=True, slots=True)
class Meaning:
    """A label in words.

    Parameters
    ----------
    nouns : tuple of str
        Phrases that can follow "this issue is about".
    sentences : tuple of str
        What the author of such an issue might write.
    share : float
        Rough share of a repository's issues that have such a label.
    """

    nouns: tuple[str, ...]
    sentences: tuple[str, ...] = ()
    share: float = ELSEWHERE

    @property
    def phrasings(self) -> tuple[str, ...]:
        """Return nouns and sentences."""
        return self.nouns + self.sentences


def meaning(label: Label) -> Meaning:
    """Return what a label means: from the glossary by its name, else its own words; with its description, if any."""
    words = plain(label.readable)
    told = (label.description,) if label.description else ()
    if words in _BY_ALIAS:
        known = _BY_ALIAS[words]
        return Meaning(known.nouns, known.sentences + told, known.share)
    words = words or label.readable or label.name
    if told:
        return Meaning((words, label.description), (f"{words}: {label.description}",), _share(words))
    return Meaning((words,), (f"an issue about {words}",), _share(words))


def plain(readable: str) -> str:
    """Return a label's words in lower case, without symbols and without a leading `type`, `module` and the like."""
    words = re.findall(r"\w+", readable.casefold())
    while len(words) > 1 and words[0] in _CATEGORIES:
        words = words[1:]
    return " ".join(words)


def _share(words: str) -> float:
    return PROCESS if words in _HANDLING or words.split(" ")[0] in _HANDLING_STARTS else ELSEWHERE


_CATEGORIES = frozenset(
    (
        *("type", "kind", "category", "cat", "issue", "area", "module", "mod", "component", "comp"),
        *("package", "pkg", "scope", "topic", "subsystem", "t", "c", "a"),
    )
)
_HANDLING_STARTS = frozenset(
    ("needs", "need", "waiting", "awaiting", "priority", "prio", "severity", "status", "state", "stage", "resolution")
)
_HANDLING = frozenset(
    (
        *("duplicate", "invalid", "wontfix", "won t fix", "wont fix", "stale", "triage", "blocked", "blocker"),
        *("good first issue", "good second issue", "first timers only", "beginner", "easy", "moderate", "hard"),
        *("help wanted", "up for grabs", "hacktoberfest", "confirmed", "in progress", "on hold", "pinned", "backlog"),
        *("cannot reproduce", "not reproducible", "more information needed", "sprint", "meta", "p0", "p1", "p2", "p3"),
    )
)

_ENTRIES: dict[tuple[str, ...], Meaning] = {
    ("bug", "bugs", "bug report", "defect", "error", "crash", "fault", "possible bug", "confirmed bug"): Meaning(
        ("bug", "an error or a crash"),
        (
            "something does not work as it should",
            "an exception with a traceback is raised",
            "the result is wrong or unexpected",
            "steps to reproduce, expected behaviour and actual behaviour",
        ),
        0.4,
    ),
    ("feature", "new feature", "feature request", "features", "idea", "proposal", "suggestion", "wish"): Meaning(
        ("new feature", "a request for something new"),
        (
            "add support for something that is not possible yet",
            "it would be nice to have a new option",
            "describe the feature you would like and the alternatives you considered",
        ),
        0.2,
    ),
    ("enhancement", "enhancements", "improvement", "improvements", "improve", "polish"): Meaning(
        ("enhancement", "an improvement of something that already exists"),
        ("make an existing feature better or easier to use", "improve a message, a default or an option"),
        0.12,
    ),
    (
        "documentation",
        "docs",
        "doc",
        "document",
        "readme",
        "tutorial",
        "examples",
        "documentation improvement",
    ): Meaning(
        ("documentation",),
        (
            "the documentation is wrong, unclear or missing",
            "fix a typo in the docs",
            "an example or a page of the user guide should be improved",
            "a broken link in the documentation",
        ),
        0.12,
    ),
    ("question", "questions", "help", "support", "how to", "usage", "usage question", "q a"): Meaning(
        ("question", "a question about usage"),
        ("how do I use this", "is it possible to do this", "I need help to understand"),
        0.1,
    ),
    (
        "build",
        "ci",
        "build ci",
        "ci cd",
        "continuous integration",
        "packaging",
        "build system",
        "infrastructure",
    ): Meaning(
        ("build and continuous integration", "packaging, wheels and releases"),
        (
            "the CI job failed",
            "the build from source or the compilation fails",
            "a workflow or a pipeline of the test runs has to be updated",
        ),
        0.05,
    ),
    ("installation", "install", "setup", "installer", "deployment"): Meaning(
        ("installation",), ("it cannot be installed", "the installation or setup fails"), 0.03
    ),
    ("performance", "perf", "speed", "slow", "optimization", "optimisation", "memory", "efficiency"): Meaning(
        ("performance", "speed or memory usage"),
        ("it is slow and takes too long", "uses too much memory", "make it faster, with a benchmark or a profile"),
        0.03,
    ),
    ("regression", "regressions"): Meaning(
        ("regression",),
        ("it worked in the previous version and no longer does", "broken since an upgrade to the new release"),
        0.02,
    ),
    ("api", "api design", "api change", "public api", "breaking change", "breaking", "deprecation"): Meaning(
        ("API", "a change of the public interface"),
        ("rename, deprecate or remove a parameter or a function", "make signatures and names consistent"),
        0.03,
    ),
    (
        "rfc",
        "discussion",
        "needs discussion",
        "needs decision",
        "design",
        "request for comments",
        "brainstorm",
    ): Meaning(
        ("request for comments", "a proposal to discuss before a decision is made"),
        ("should we change the way we do this", "opinions of the maintainers are wanted on a plan"),
        0.03,
    ),
    ("refactor", "refactoring", "cleanup", "clean up", "code quality", "technical debt", "tech debt", "chore"): Meaning(
        ("refactoring", "cleaning up the code"),
        (
            "simplify the code without changing what it does",
            "remove unused or duplicated code",
            "move a helper function",
        ),
        0.04,
    ),
    ("test", "tests", "testing", "test suite", "flaky test", "flaky tests", "flaky", "coverage"): Meaning(
        ("tests", "the test suite"),
        ("a test fails or is flaky", "add missing tests", "increase the test coverage"),
        0.03,
    ),
    ("security", "vulnerability", "cve"): Meaning(
        ("security", "a vulnerability"),
        ("a password or a token can leak", "an attacker could exploit this", "a dependency has a known CVE"),
        0.02,
    ),
    ("dependencies", "dependency", "deps", "upgrade", "dependency update"): Meaning(
        ("dependencies", "an update of a dependency"),
        ("bump a library to a newer version", "not compatible with the new version of a dependency"),
        0.03,
    ),
    ("accessibility", "a11y"): Meaning(
        ("accessibility",),
        ("a screen reader or the keyboard cannot be used", "the contrast is too low"),
        0.01,
    ),
    ("ui", "ux", "ui ux", "gui", "frontend", "front end", "interface", "visual", "css", "style", "theme"): Meaning(
        ("user interface", "look and layout"),
        ("a button or a page looks wrong", "the layout is broken"),
        0.04,
    ),
    ("translation", "translations", "i18n", "l10n", "localization", "internationalization", "locale"): Meaning(
        ("translation", "languages and localisation"), ("a text is not translated", "add another language"), 0.01
    ),
    ("compatibility", "compat", "portability", "platform", "cross platform"): Meaning(
        ("compatibility",), ("it does not work with another version, browser or operating system",), 0.02
    ),
    ("typing", "types", "type hints", "type annotations", "static typing"): Meaning(
        ("type annotations",), ("the type checker reports an error", "add missing type hints"), 0.01
    ),
    ("logging", "logs", "telemetry", "monitoring", "observability"): Meaning(
        ("logging and monitoring",), ("write a log message", "report metrics"), 0.01
    ),
    ("configuration", "config", "settings", "options"): Meaning(
        ("configuration",), ("a setting or an option is ignored", "read the configuration from a file"), 0.02
    ),
}
_BY_ALIAS = {alias: entry for aliases, entry in _ENTRIES.items() for alias in aliases}

NOTHING = Meaning(("hello", "thanks", "test", "asdf", "zzz", "please look at this", "title"), share=0.1)  # says nothing

BACKGROUND = (  # invented titles of issues of all kinds: how near to a label is an issue that is about anything
    "Crash when opening a file",
    "TypeError after upgrading to the latest version",
    "Wrong result for an empty list",
    "The button does nothing on mobile",
    "Page does not load behind a proxy",
    "Segmentation fault on exit",
    "Timeout while connecting to the server",
    "Unicode characters are displayed incorrectly",
    "Settings are lost after a restart",
    "Login fails with a valid password",
    "Add a dark theme",
    "Support exporting to CSV",
    "Option to disable notifications",
    "Allow several accounts",
    "Please add keyboard shortcuts",
    "Provide a plugin system",
    "Make the sidebar resizable",
    "Show a clearer message when the file is missing",
    "Sort the list by date",
    "Improve the default configuration",
    "Typo in the README",
    "Broken link in the installation guide",
    "The example in the tutorial does not run",
    "Document the environment variables",
    "Missing description of a parameter",
    "How do I use this behind a firewall?",
    "Is there a way to change the port?",
    "What is the difference between the two modes?",
    "Tests fail on Windows",
    "CI job is flaky",
    "Update dependencies",
    "Build fails with a new compiler",
    "Publish packages for another platform",
    "Startup takes a long time",
    "High memory usage with large files",
    "Slow query when there are many rows",
    "Works in the previous version but not in this one",
    "Rename a function for consistency",
    "Remove the deprecated argument",
    "Refactor the parser",
    "Proposal: change the release schedule",
    "Drop support for old versions",
    "Security: tokens are written to the log",
    "Translate the interface into German",
    "Screen reader does not announce the dialog",
    "Cannot install on a Mac",
)
