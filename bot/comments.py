"""The bot's one comment on an issue: its hidden marker and its words. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from bot.models import Guess

MARKER = "<!-- issue-tagger: suggestions -->"
HIGH, MEDIUM = 0.9, 0.6  # probabilities from which on confidence is called so
COMMANDS = "`/tagger accept` · `/tagger no LABEL` · `/tagger explain` · `/tagger undo`"
BAR = "\\|"  # in a table
BOX = re.compile(r"^- \[([ xX])\] .* <!-- label:(\S+) -->\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Words:
    """What the comment says, in one language."""

    one: str
    several: str
    sure: str
    unmeasured: str
    rule: str
    nothing: str
    settled: str
    why: str
    bot: str


WORDS = {
    "en": Words(
        one="**Suggested label**, for maintainers:",
        several="**Suggested labels**, for maintainers:",
        sure="{}% sure",
        unmeasured="unmeasured: a guess from the label's name, for lack of labelled issues",
        rule="by a rule of this repository's configuration",
        nothing="The text has changed, and no label is suggested any more.",
        settled="Suggestions, settled",
        why="Why",
        bot="I am a bot, and learn from what you do. Tick what fits; ignoring me is fine.",
    ),
    "de": Words(
        one="**Vorgeschlagenes Label**, für Maintainer:",
        several="**Vorgeschlagene Labels**, für Maintainer:",
        sure="zu {} % sicher",
        unmeasured="nicht gemessen: vom Namen her geraten, denn es fehlen Issues mit Labels",
        rule="nach einer Regel in der Konfiguration dieses Repositorys",
        nothing="Der Text hat sich geändert; es wird kein Label mehr vorgeschlagen.",
        settled="Vorschläge, erledigt",
        why="Warum",
        bot="Ich bin ein Bot und lerne von euch. Hakt an, was passt; mich nicht zu beachten ist in Ordnung.",
    ),
    "es": Words(
        one="**Etiqueta sugerida**, para quienes mantienen el proyecto:",
        several="**Etiquetas sugeridas**, para quienes mantienen el proyecto:",
        sure="seguridad: {} %",
        unmeasured="sin medir: una suposición por el nombre, a falta de incidencias etiquetadas",
        rule="según una regla de la configuración de este repositorio",
        nothing="El texto ha cambiado y ya no se sugiere ninguna etiqueta.",
        settled="Sugerencias, resueltas",
        why="Por qué",
        bot="Soy un bot y aprendo de lo que hacéis. Marcad lo que corresponda; también podéis ignorarme.",
    ),
    "fr": Words(
        one="**Étiquette suggérée**, pour les mainteneurs :",
        several="**Étiquettes suggérées**, pour les mainteneurs :",
        sure="sûr à {} %",
        unmeasured="non mesuré : deviné d'après le nom, faute de tickets étiquetés",
        rule="selon une règle de la configuration de ce dépôt",
        nothing="Le texte a changé ; plus aucune étiquette n'est suggérée.",
        settled="Suggestions, réglées",
        why="Pourquoi",
        bot="Je suis un bot et j'apprends de vous. Cochez ce qui convient ; m'ignorer est permis.",
    ),
    "ja": Words(
        one="メンテナー向けの**ラベル候補**:",
        several="メンテナー向けの**ラベル候補**:",
        sure="確信度 {}%",
        unmeasured="未検証: ラベル付きの Issue が足りないため、ラベル名からの推測です",
        rule="このリポジトリの設定のルールによる",
        nothing="本文が変わったため、候補のラベルはなくなりました。",
        settled="候補は確定しました",
        why="理由",
        bot="私はボットで、皆さんの操作から学習します。合うものにチェックしてください。無視してもかまいません。",
    ),
    "pt": Words(
        one="**Etiqueta sugerida**, para quem mantém o projeto:",
        several="**Etiquetas sugeridas**, para quem mantém o projeto:",
        sure="certeza de {}%",
        unmeasured="não medido: um palpite pelo nome, por falta de issues etiquetadas",
        rule="por uma regra da configuração deste repositório",
        nothing="O texto mudou e nenhuma etiqueta é mais sugerida.",
        settled="Sugestões, resolvidas",
        why="Por quê",
        bot="Sou um bot e aprendo com o que você faz. Marque o que serve; pode me ignorar.",
    ),
    "zh": Words(
        one="给维护者的**标签建议**：",
        several="给维护者的**标签建议**：",
        sure="把握 {}%",
        unmeasured="未经验证：带标签的议题不足，仅根据标签名称推测",
        rule="依据本仓库配置中的规则",
        nothing="内容已更改，不再建议任何标签。",
        settled="建议已处理",
        why="原因",
        bot="我是机器人，会从你们的操作中学习。请勾选合适的标签；不理会也没关系。",
    ),
}


@dataclass(frozen=True)
class Suggestion:
    """A label to suggest; `probability` is None where nothing has been measured yet, and means nothing for a rule's.

    `why` is shown folded away, with the number of an issue that is `like` this one and has the label.
    """

    label: str
    probability: float | None
    by_rule: bool = False
    why: str = ""
    like: int | None = None

    @property
    def rationale(self) -> str:
        """Return why, in a sentence of less than 280 characters; an issue's number without a sign links nothing."""
        if self.by_rule:
            return "A rule of this repository's configuration calls for it."
        like = f"Similar to issue {self.like}, which has this label" if self.like else "By its text"
        if self.probability is None:
            return f"{like}; a guess from the label's name, not measured yet."
        return f"{like}; {self.probability:.0%} sure."

    @property
    def confidence(self) -> str:
        """Return how sure, in GitHub's words."""
        if self.by_rule:
            return "high"
        return "low" if self.probability is None else _level(self.probability)


def suggest(suggestions: Sequence[Suggestion], *, language: str = "en") -> str:
    """Return the comment that suggests labels, or says that there is nothing left to suggest."""
    words = WORDS[language]
    if not suggestions:
        return f"{MARKER}\n{words.nothing}"
    head = words.one if len(suggestions) == 1 else words.several
    lines = [f"- [ ] {code(each.label)} — {_confidence(each, words)} {_name(each.label)}" for each in suggestions]
    reasons = [(each, each.why + (f" · ≈ issue {each.like}" if each.like else "")) for each in suggestions]
    why = [f"- {code(each.label)}: {reason}" for each, reason in reasons if reason]
    folded = ["", f"<details><summary>{words.why}</summary>", "", *why, "", "</details>"] if why else []
    return "\n".join((MARKER, head, "", *lines, *folded, "", f"<sub>{words.bot} {COMMANDS}</sub>"))


def _level(probability: float) -> str:
    return "high" if probability >= HIGH else "medium" if probability >= MEDIUM else "low"


def explain(guesses: Sequence[Guess]) -> str:
    """Return what was thought of labels, most probable first, and what it would have taken to suggest or apply them."""
    rows = (
        f"| {code(each.label).replace('|', BAR)} | {each.probability:.0%} | {_limits(each)} | {each.decision} |"
        for each in guesses
    )
    return "\n".join(("| label | probability | suggest, apply from | decision |", "|---|---|---|---|", *rows))


def why(guess: Guess) -> str:
    """Return in numbers why a label is suggested; empty where nothing is measured."""
    if guess.by_rule or guess.suggest_threshold is None:
        return ""
    apply = "" if guess.apply_threshold is None else f" < {guess.apply_threshold:.0%}"
    return f"{guess.suggest_threshold:.0%} ≤ {guess.probability:.0%}{apply}"


def _limits(guess: Guess) -> str:
    """Return the thresholds; a dash where the evidence allows none."""
    shown = ("—" if limit is None else f"{limit:.0%}" for limit in (guess.suggest_threshold, guess.apply_threshold))
    return "rule" if guess.by_rule else ", ".join(shown)


def fold(body: str, *, language: str = "en") -> str:
    """Return a comment of ours folded away, for all that it suggests is settled; one that is folded stays as it is."""
    if body.startswith(f"{MARKER}\n<details>"):
        return body
    inside = body.removeprefix(MARKER).strip()
    return f"{MARKER}\n<details><summary>{WORDS[language].settled}</summary>\n\n{inside}\n\n</details>"


def boxes(body: str) -> dict[str, bool]:
    """Return the labels of a comment's checkboxes, and whether each is ticked."""
    return {unquote(name): tick in "xX" for tick, name in BOX.findall(body)}


def _name(label: str) -> str:
    """Return a label's name where people do not see it and nothing in it is markup."""
    return f"<!-- label:{quote(label, safe='')} -->"


def _confidence(suggestion: Suggestion, words: Words) -> str:
    if suggestion.by_rule:
        return words.rule
    if suggestion.probability is None:
        return words.unmeasured
    return words.sure.format(round(100 * suggestion.probability))


def code(text: str) -> str:
    """Return text as a Markdown code span, in which nothing is a mention, a link or markup."""
    text = " ".join(text.split())
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"
