"""What the bot says on GitHub, in each language: sentences for people who maintain a project and know no statistics.

Shares are whole percents. An issue's number stands without a sign, so that GitHub makes no back-reference of it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """What is said, in one language."""

    one: str
    several: str
    sure: str
    unmeasured: str
    rule: str
    nothing: str
    settled: str
    why: str
    bot: str
    like: str
    enough: str  # sure enough to be put on …
    only_suggested: str  # … and why it is not
    middling: str  # sure enough to be suggested …
    unproven: str  # … where it is not known what would be enough to put it on
    too_little: str
    unknown: str  # it is not known what would be enough to suggest it
    rival: str
    by_name: str
    unlearnt: str
    closest: str
    first_fits: str
    none_fits: str
    thoughts: str
    no_thoughts: str


WORDS = {
    "en": Words(
        one="**Suggested label**, for maintainers:",
        several="**Suggested labels**, for maintainers:",
        sure="{}% sure",
        unmeasured="unmeasured: a guess from the label's name, for nothing is learnt here yet",
        rule="by a rule of this repository's configuration",
        nothing="The text has changed, and no label is suggested any more.",
        settled="Suggestions, settled",
        why="Why",
        bot="I am a bot, and learn from what you do. Tick what fits; ignoring me is fine.",
        like="Issue {} is similar and has this label.",
        enough="I am {sure}% sure; past issues show that {apply}% is enough to put it on unasked.",
        only_suggested="Here I am set to suggest it only.",
        middling=(
            "I am {sure}% sure; past issues show that {suggest}% is "
            "enough to suggest it, and {apply}% to put it on unasked."
        ),
        unproven=(
            "I am {sure}% sure; past issues show that {suggest}% is enough to "
            "suggest it. What is enough to put it on unasked, they do not show yet."
        ),
        too_little="I am {sure}% sure; I would suggest it from {suggest}% on.",
        unknown="I am {sure}% sure; past issues do not show yet what is enough to suggest it.",
        rival="I am {sure}% sure; but a label that never goes together with it fits better.",
        by_name="Its name and description fit best; nothing learnt from labelled issues here is in use yet.",
        unlearnt=(
            "Nothing learnt from labelled issues here is in use yet; "
            "I compared the issue with the labels' names and descriptions."
        ),
        closest="The closest first: {}.",
        first_fits="The first fits well enough to suggest it.",
        none_fits="None fits well enough to suggest it.",
        thoughts="What I think of each label, the likeliest first:",
        no_thoughts="I have not looked for labels of this issue.",
    ),
    "de": Words(
        one="**Vorgeschlagenes Label**, für Maintainer:",
        several="**Vorgeschlagene Labels**, für Maintainer:",
        sure="zu {} % sicher",
        unmeasured="nicht gemessen: vom Namen her geraten, denn hier ist noch nichts gelernt",
        rule="nach einer Regel in der Konfiguration dieses Repositorys",
        nothing="Der Text hat sich geändert; es wird kein Label mehr vorgeschlagen.",
        settled="Vorschläge, erledigt",
        why="Warum",
        bot="Ich bin ein Bot und lerne von euch. Hakt an, was passt; mich nicht zu beachten ist in Ordnung.",
        like="Issue {} ist ähnlich und hat dieses Label.",
        enough="Ich bin zu {sure} % sicher; nach den bisherigen Issues genügen {apply} %, um es ungefragt zu vergeben.",
        only_suggested="Hier bin ich so eingestellt, dass ich es nur vorschlage.",
        middling=(
            "Ich bin zu {sure} % sicher; nach den bisherigen Issues genügen {suggest} "
            "% für einen Vorschlag und {apply} %, um es ungefragt zu vergeben."
        ),
        unproven=(
            "Ich bin zu {sure} % sicher; nach den bisherigen Issues genügen {suggest} % für "
            "einen Vorschlag. Was genügt, um es ungefragt zu vergeben, zeigen sie noch nicht."
        ),
        too_little="Ich bin zu {sure} % sicher; ab {suggest} % würde ich es vorschlagen.",
        unknown="Ich bin zu {sure} % sicher; die bisherigen Issues zeigen noch nicht, was für einen Vorschlag genügt.",
        rival="Ich bin zu {sure} % sicher; aber ein Label, das nie mit ihm zusammen steht, passt besser.",
        by_name="Name und Beschreibung passen am besten; hier Gelerntes ist noch nicht im Einsatz.",
        unlearnt=(
            "Hier Gelerntes ist noch nicht im Einsatz; "
            "ich habe das Issue mit Namen und Beschreibungen der Labels verglichen."
        ),
        closest="Das ähnlichste zuerst: {}.",
        first_fits="Das erste passt gut genug für einen Vorschlag.",
        none_fits="Keines passt gut genug für einen Vorschlag.",
        thoughts="Was ich von jedem Label halte, das wahrscheinlichste zuerst:",
        no_thoughts="Für dieses Issue habe ich keine Labels gesucht.",
    ),
    "es": Words(
        one="**Etiqueta sugerida**, para quienes mantienen el proyecto:",
        several="**Etiquetas sugeridas**, para quienes mantienen el proyecto:",
        sure="seguridad: {} %",
        unmeasured="sin medir: una suposición por el nombre, pues aquí aún no hay nada aprendido",
        rule="según una regla de la configuración de este repositorio",
        nothing="El texto ha cambiado y ya no se sugiere ninguna etiqueta.",
        settled="Sugerencias, resueltas",
        why="Por qué",
        bot="Soy un bot y aprendo de lo que hacéis. Marcad lo que corresponda; también podéis ignorarme.",
        like="La incidencia {} es parecida y tiene esta etiqueta.",
        enough=(
            "Mi seguridad es del {sure} %; las incidencias anteriores "
            "muestran que basta un {apply} % para ponerla sin preguntar."
        ),
        only_suggested="Aquí estoy configurado para sugerirla solamente.",
        middling=(
            "Mi seguridad es del {sure} %; las incidencias anteriores muestran que basta "
            "un {suggest} % para sugerirla y un {apply} % para ponerla sin preguntar."
        ),
        unproven=(
            "Mi seguridad es del {sure} %; las incidencias anteriores muestran que basta un "
            "{suggest} % para sugerirla. Aún no muestran cuánto basta para ponerla sin preguntar."
        ),
        too_little="Mi seguridad es del {sure} %; la sugeriría a partir de un {suggest} %.",
        unknown="Mi seguridad es del {sure} %; las incidencias anteriores aún no muestran cuánto basta para sugerirla.",
        rival="Mi seguridad es del {sure} %; pero encaja mejor una etiqueta que nunca va junto con ella.",
        by_name=(
            "Su nombre y su descripción son los que mejor encajan; "
            "aún no se usa nada aprendido de las incidencias de aquí."
        ),
        unlearnt=(
            "Nada aprendido aquí está en uso todavía; "
            "comparé la incidencia con los nombres y descripciones de las etiquetas."
        ),
        closest="La más cercana primero: {}.",
        first_fits="La primera encaja lo bastante como para sugerirla.",
        none_fits="Ninguna encaja lo bastante como para sugerirla.",
        thoughts="Lo que pienso de cada etiqueta, primero la más probable:",
        no_thoughts="No he buscado etiquetas para esta incidencia.",
    ),
    "fr": Words(
        one="**Étiquette suggérée**, pour les mainteneurs :",
        several="**Étiquettes suggérées**, pour les mainteneurs :",
        sure="sûr à {} %",
        unmeasured="non mesuré : deviné d'après le nom, car rien n'est encore appris ici",
        rule="selon une règle de la configuration de ce dépôt",
        nothing="Le texte a changé ; plus aucune étiquette n'est suggérée.",
        settled="Suggestions, réglées",
        why="Pourquoi",
        bot="Je suis un bot et j'apprends de vous. Cochez ce qui convient ; m'ignorer est permis.",
        like="Le ticket {} est semblable et porte cette étiquette.",
        enough=(
            "Je suis sûr à {sure} % ; les tickets passés montrent que {apply} % suffisent pour la poser sans demander."
        ),
        only_suggested="Ici, je suis réglé pour la suggérer seulement.",
        middling=(
            "Je suis sûr à {sure} % ; les tickets passés montrent que {suggest} "
            "% suffisent pour la suggérer et {apply} % pour la poser sans demander."
        ),
        unproven=(
            "Je suis sûr à {sure} % ; les tickets passés montrent que {suggest} % suffisent pour "
            "la suggérer. Ils ne montrent pas encore ce qui suffit pour la poser sans demander."
        ),
        too_little="Je suis sûr à {sure} % ; je la suggérerais à partir de {suggest} %.",
        unknown="Je suis sûr à {sure} % ; les tickets passés ne montrent pas encore ce qui suffit pour la suggérer.",
        rival="Je suis sûr à {sure} % ; mais une étiquette qui ne va jamais avec elle convient mieux.",
        by_name=("Son nom et sa description conviennent le mieux ; rien d'appris ici ne sert encore."),
        unlearnt=(
            "Rien d'appris ici ne sert encore ; j'ai comparé le ticket aux noms et aux descriptions des étiquettes."
        ),
        closest="La plus proche d'abord : {}.",
        first_fits="La première convient assez pour être suggérée.",
        none_fits="Aucune ne convient assez pour être suggérée.",
        thoughts="Ce que je pense de chaque étiquette, la plus probable d'abord :",
        no_thoughts="Je n'ai pas cherché d'étiquettes pour ce ticket.",
    ),
    "ja": Words(
        one="メンテナー向けの**ラベル候補**:",
        several="メンテナー向けの**ラベル候補**:",
        sure="確信度 {}%",
        unmeasured="未検証: ここではまだ学習していないため、ラベル名からの推測です",
        rule="このリポジトリの設定のルールによる",
        nothing="本文が変わったため、候補のラベルはなくなりました。",
        settled="候補は確定しました",
        why="理由",
        bot="私はボットで、皆さんの操作から学習します。合うものにチェックしてください。無視してもかまいません。",
        like="Issue {} が似ており、このラベルが付いています。",
        enough="確信度は {sure}% です。過去の Issue から、{apply}% あれば確認なしに付けてよいと分かっています。",
        only_suggested="ここでは候補として示すだけの設定です。",
        middling=(
            "確信度は {sure}% です。過去の Issue から、{suggest}% "
            "あれば候補として示し、{apply}% あれば確認なしに付けてよいと分かっています。"
        ),
        unproven=(
            "確信度は {sure}% です。過去の Issue から、{suggest}% "
            "あれば候補として示してよいと分かっています。確認なしに付けてよい値はまだ分かりません。"
        ),
        too_little="確信度は {sure}% です。{suggest}% 以上なら候補として示します。",
        unknown="確信度は {sure}% です。候補として示してよい値は、過去の Issue からはまだ分かりません。",
        rival="確信度は {sure}% ですが、これと同時には付かない別のラベルのほうが合います。",
        by_name="ラベルの名前と説明が最もよく合います。ここの Issue から学習した結果はまだ使われていません。",
        unlearnt="ここの Issue から学習した結果はまだ使われていません。Issue をラベルの名前と説明と比べました。",
        closest="近い順: {}。",
        first_fits="最初のラベルは、候補として示すのに十分合っています。",
        none_fits="候補として示すほど合うラベルはありません。",
        thoughts="各ラベルについての判断（可能性の高い順）:",
        no_thoughts="この Issue のラベルは調べていません。",
    ),
    "pt": Words(
        one="**Etiqueta sugerida**, para quem mantém o projeto:",
        several="**Etiquetas sugeridas**, para quem mantém o projeto:",
        sure="certeza de {}%",
        unmeasured="não medido: um palpite pelo nome, pois aqui ainda nada foi aprendido",
        rule="por uma regra da configuração deste repositório",
        nothing="O texto mudou e nenhuma etiqueta é mais sugerida.",
        settled="Sugestões, resolvidas",
        why="Por quê",
        bot="Sou um bot e aprendo com o que você faz. Marque o que serve; pode me ignorar.",
        like="A issue {} é parecida e tem esta etiqueta.",
        enough=(
            "Tenho {sure}% de certeza; as issues anteriores mostram que {apply}% bastam para aplicá-la sem perguntar."
        ),
        only_suggested="Aqui estou configurado para apenas sugeri-la.",
        middling=(
            "Tenho {sure}% de certeza; as issues anteriores mostram que {suggest}% "
            "bastam para sugeri-la e {apply}% para aplicá-la sem perguntar."
        ),
        unproven=(
            "Tenho {sure}% de certeza; as issues anteriores mostram que {suggest}% bastam "
            "para sugeri-la. Ainda não mostram quanto basta para aplicá-la sem perguntar."
        ),
        too_little="Tenho {sure}% de certeza; eu a sugeriria a partir de {suggest}%.",
        unknown="Tenho {sure}% de certeza; as issues anteriores ainda não mostram quanto basta para sugeri-la.",
        rival="Tenho {sure}% de certeza; mas uma etiqueta que nunca aparece junto com ela serve melhor.",
        by_name="O nome e a descrição são os que melhor servem; nada aprendido com as issues daqui está em uso ainda.",
        unlearnt=(
            "Nada aprendido aqui está em uso ainda; comparei a issue com os nomes e as descrições das etiquetas."
        ),
        closest="A mais próxima primeiro: {}.",
        first_fits="A primeira serve bem o bastante para ser sugerida.",
        none_fits="Nenhuma serve bem o bastante para ser sugerida.",
        thoughts="O que penso de cada etiqueta, a mais provável primeiro:",
        no_thoughts="Não procurei etiquetas para esta issue.",
    ),
    "zh": Words(
        one="给维护者的**标签建议**：",
        several="给维护者的**标签建议**：",
        sure="把握 {}%",
        unmeasured="未经验证：此处尚未学习，仅根据标签名称推测",
        rule="依据本仓库配置中的规则",
        nothing="内容已更改，不再建议任何标签。",
        settled="建议已处理",
        why="原因",
        bot="我是机器人，会从你们的操作中学习。请勾选合适的标签；不理会也没关系。",
        like="议题 {} 与之相似，并带有此标签。",
        enough="我有 {sure}% 的把握；以往的议题表明，{apply}% 就足以不经询问直接添加。",
        only_suggested="此处的设置是只提出建议。",
        middling="我有 {sure}% 的把握；以往的议题表明，{suggest}% 就足以提出建议，{apply}% 就足以不经询问直接添加。",
        unproven=(
            "我有 {sure}% 的把握；以往的议题表明，{suggest}% "
            "就足以提出建议。多少才足以不经询问直接添加，目前还看不出来。"
        ),
        too_little="我有 {sure}% 的把握；达到 {suggest}% 时我才会建议它。",
        unknown="我有 {sure}% 的把握；以往的议题还看不出多少才足以提出建议。",
        rival="我有 {sure}% 的把握；但另一个从不与它同时出现的标签更合适。",
        by_name="它的名称和描述最为贴切；尚未使用从本仓库议题中学到的内容。",
        unlearnt="尚未使用从本仓库议题中学到的内容；我把议题与各标签的名称和描述作了比较。",
        closest="最接近的在前：{}。",
        first_fits="第一个足够贴切，可以建议。",
        none_fits="没有哪个足够贴切到可以建议。",
        thoughts="我对每个标签的看法，可能性最高的在前：",
        no_thoughts="我没有为此议题寻找标签。",
    ),
}
