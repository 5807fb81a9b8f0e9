"""The bot's one comment on an issue: its hidden marker and its words. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

MARKER = "<!-- issue-tagger: suggestions -->"


@dataclass(frozen=True)
class Words:
    """What the comment says, in one language."""

    one: str
    several: str
    sure: str
    unmeasured: str
    rule: str
    nothing: str
    bot: str


WORDS = {
    "en": Words(
        one="**Suggested label**, for maintainers:",
        several="**Suggested labels**, for maintainers:",
        sure="{}% sure",
        unmeasured="unmeasured: a guess from the label's name, for lack of labelled issues",
        rule="by a rule of this repository's configuration",
        nothing="The text has changed, and no label is suggested any more.",
        bot="I am a bot. Put on the labels that fit; I learn from what you do, and ignoring this is fine.",
    ),
    "de": Words(
        one="**Vorgeschlagenes Label**, für Maintainer:",
        several="**Vorgeschlagene Labels**, für Maintainer:",
        sure="zu {} % sicher",
        unmeasured="nicht gemessen: vom Namen her geraten, denn es fehlen Issues mit Labels",
        rule="nach einer Regel in der Konfiguration dieses Repositorys",
        nothing="Der Text hat sich geändert; es wird kein Label mehr vorgeschlagen.",
        bot="Ich bin ein Bot. Setzt die Labels, die passen; daraus lerne ich. Nicht beachten geht auch.",
    ),
    "es": Words(
        one="**Etiqueta sugerida**, para quienes mantienen el proyecto:",
        several="**Etiquetas sugeridas**, para quienes mantienen el proyecto:",
        sure="seguridad: {} %",
        unmeasured="sin medir: una suposición por el nombre, a falta de incidencias etiquetadas",
        rule="según una regla de la configuración de este repositorio",
        nothing="El texto ha cambiado y ya no se sugiere ninguna etiqueta.",
        bot="Soy un bot. Poned las etiquetas que correspondan; aprendo de lo que hacéis, y también podéis ignorarme.",
    ),
    "fr": Words(
        one="**Étiquette suggérée**, pour les mainteneurs :",
        several="**Étiquettes suggérées**, pour les mainteneurs :",
        sure="sûr à {} %",
        unmeasured="non mesuré : deviné d'après le nom, faute de tickets étiquetés",
        rule="selon une règle de la configuration de ce dépôt",
        nothing="Le texte a changé ; plus aucune étiquette n'est suggérée.",
        bot="Je suis un bot. Mettez les étiquettes qui conviennent : j'en apprends. M'ignorer est permis.",
    ),
    "ja": Words(
        one="メンテナー向けの**ラベル候補**:",
        several="メンテナー向けの**ラベル候補**:",
        sure="確信度 {}%",
        unmeasured="未検証: ラベル付きの Issue が足りないため、ラベル名からの推測です",
        rule="このリポジトリの設定のルールによる",
        nothing="本文が変わったため、候補のラベルはなくなりました。",
        bot="私はボットです。合うラベルを付けてください。その操作から学習します。無視してもかまいません。",
    ),
    "pt": Words(
        one="**Etiqueta sugerida**, para quem mantém o projeto:",
        several="**Etiquetas sugeridas**, para quem mantém o projeto:",
        sure="certeza de {}%",
        unmeasured="não medido: um palpite pelo nome, por falta de issues etiquetadas",
        rule="por uma regra da configuração deste repositório",
        nothing="O texto mudou e nenhuma etiqueta é mais sugerida.",
        bot="Sou um bot. Ponha as etiquetas que servem; aprendo com o que você faz, e pode me ignorar.",
    ),
    "zh": Words(
        one="给维护者的**标签建议**：",
        several="给维护者的**标签建议**：",
        sure="把握 {}%",
        unmeasured="未经验证：带标签的议题不足，仅根据标签名称推测",
        rule="依据本仓库配置中的规则",
        nothing="内容已更改，不再建议任何标签。",
        bot="我是机器人。请贴上合适的标签，我会从中学习；不理会也没关系。",
    ),
}


@dataclass(frozen=True)
class Suggestion:
    """A label to suggest; `probability` is None where nothing has been measured yet, and means nothing for a rule's."""

    label: str
    probability: float | None
    by_rule: bool = False


def suggest(suggestions: Sequence[Suggestion], *, language: str = "en") -> str:
    """Return the comment that suggests labels, or says that there is nothing left to suggest."""
    words = WORDS[language]
    if not suggestions:
        return f"{MARKER}\n{words.nothing}"
    lines = [f"- {code(each.label)} — {_confidence(each, words)}" for each in suggestions]
    head = words.one if len(lines) == 1 else words.several
    return "\n".join((MARKER, head, "", *lines, "", f"<sub>{words.bot}</sub>"))


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
