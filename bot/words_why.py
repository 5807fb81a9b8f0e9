"""What the bot says, in each language, of why it wrote nothing on an issue; see `words.py`.

Nothing is said of an issue that is gone, on which nothing can be said, nor of a prediction that a newer one follows.
"""

from bot.reasons import Reason

WHY = {
    "en": {
        Reason.SHADOW: "I am set to watch only (`shadow`): I write nothing unasked.",
        Reason.UNSURE: "I was not sure enough of any label.",
        Reason.LOCKED: "I wrote nothing unasked, for the conversation was locked.",
        Reason.PRESENT: "What I would have written was there already, had been taken off, or may not be used here.",
        Reason.TAKEN_BACK: "What I was about to write was taken back before I did.",
        Reason.UNDONE: "What I wrote was taken back.",
        Reason.WAITS: "I wait a while before I write, so that people go first.",
        Reason.PAUSED: "I am paused in this repository, or was then; `/tagger resume` lets me go on.",
        Reason.CLOSED: "I wrote nothing unasked, for the issue was closed.",
        Reason.IGNORED: "This repository's configuration tells me to leave issues of this author alone.",
        Reason.LABELLED: "A person had labelled the issue already, so I kept out of it.",
        Reason.DECLINED: "A person had taken labels off, or said that they do not fit, so I kept out of it.",
        Reason.OLD: "It is from before I came to this repository. On those I write only if my operator asks me to.",
        Reason.MISSED: "It was opened before a pause of mine ended, and I do not catch up on what I missed.",
    },
    "de": {
        Reason.SHADOW: "Ich bin so eingestellt, dass ich nur zusehe (`shadow`): Ungefragt schreibe ich nichts.",
        Reason.UNSURE: "Bei keinem Label war ich sicher genug.",
        Reason.LOCKED: "Ich habe ungefragt nichts geschrieben, denn die Unterhaltung war gesperrt.",
        Reason.PRESENT: (
            "Was ich geschrieben hätte, stand schon da, war abgenommen worden oder darf hier nicht verwendet werden."
        ),
        Reason.TAKEN_BACK: "Was ich schreiben wollte, wurde vorher zurückgenommen.",
        Reason.UNDONE: "Was ich geschrieben hatte, wurde zurückgenommen.",
        Reason.WAITS: "Ich warte eine Weile, bevor ich schreibe, damit Menschen zuerst drankommen.",
        Reason.PAUSED: "In diesem Repository pausiere ich oder pausierte damals; mit `/tagger resume` geht es weiter.",
        Reason.CLOSED: "Ich habe ungefragt nichts geschrieben, denn das Issue war geschlossen.",
        Reason.IGNORED: "Nach der Konfiguration dieses Repositorys lasse ich Issues dieser Person in Ruhe.",
        Reason.LABELLED: "Ein Mensch hatte das Issue schon mit Labels versehen, also hielt ich mich heraus.",
        Reason.DECLINED: "Ein Mensch hatte Labels abgenommen oder für unpassend erklärt, also hielt ich mich heraus.",
        Reason.OLD: (
            "Es stammt aus der Zeit, bevor ich in dieses Repository kam. "
            "Auf solche Issues schreibe ich nur, wenn mein Betreiber es verlangt."
        ),
        Reason.MISSED: "Es wurde vor dem Ende einer Pause von mir eröffnet, und Versäumtes hole ich nicht nach.",
    },
    "es": {
        Reason.SHADOW: "Estoy configurado para mirar solamente (`shadow`): no escribo nada sin que me lo pidan.",
        Reason.UNSURE: "No tenía suficiente seguridad sobre ninguna etiqueta.",
        Reason.LOCKED: "No escribí nada por mi cuenta, pues la conversación estaba bloqueada.",
        Reason.PRESENT: "Lo que habría escrito ya estaba, había sido quitado o no debe usarse aquí.",
        Reason.TAKEN_BACK: "Lo que iba a escribir se retiró antes de que lo hiciera.",
        Reason.UNDONE: "Lo que había escrito se retiró.",
        Reason.WAITS: "Espero un rato antes de escribir, para que las personas vayan primero.",
        Reason.PAUSED: "Estoy en pausa en este repositorio, o lo estaba entonces; con `/tagger resume` continúo.",
        Reason.CLOSED: "No escribí nada por mi cuenta, pues la incidencia estaba cerrada.",
        Reason.IGNORED: "La configuración de este repositorio me dice que no toque las incidencias de esta persona.",
        Reason.LABELLED: "Una persona ya había etiquetado la incidencia, así que no intervine.",
        Reason.DECLINED: "Una persona había quitado etiquetas, o dicho que no corresponden, así que no intervine.",
        Reason.OLD: (
            "Es de antes de que yo llegara a este repositorio. "
            "En esas incidencias solo escribo si quien me administra lo pide."
        ),
        Reason.MISSED: "Se abrió antes de que terminara una pausa mía, y no recupero lo que me perdí.",
    },
    "fr": {
        Reason.SHADOW: "Je suis réglé pour observer seulement (`shadow`) : je n'écris rien sans qu'on me le demande.",
        Reason.UNSURE: "Je n'étais assez sûr d'aucune étiquette.",
        Reason.LOCKED: "Je n'ai rien écrit de moi-même, car la conversation était verrouillée.",
        Reason.PRESENT: "Ce que j'aurais écrit y était déjà, avait été retiré ou ne doit pas servir ici.",
        Reason.TAKEN_BACK: "Ce que j'allais écrire a été annulé avant que je ne le fasse.",
        Reason.UNDONE: "Ce que j'avais écrit a été retiré.",
        Reason.WAITS: "J'attends un peu avant d'écrire, pour laisser les gens passer d'abord.",
        Reason.PAUSED: "Je suis en pause dans ce dépôt, ou l'étais alors ; `/tagger resume` me fait reprendre.",
        Reason.CLOSED: "Je n'ai rien écrit de moi-même, car le ticket était fermé.",
        Reason.IGNORED: "La configuration de ce dépôt me dit de ne pas toucher aux tickets de cette personne.",
        Reason.LABELLED: "Quelqu'un avait déjà étiqueté le ticket, je suis donc resté à l'écart.",
        Reason.DECLINED: "Quelqu'un avait retiré ou écarté des étiquettes, je suis donc resté à l'écart.",
        Reason.OLD: (
            "Il date d'avant mon arrivée dans ce dépôt. Sur ceux-là, je n'écris que si mon exploitant le demande."
        ),
        Reason.MISSED: "Il a été ouvert avant la fin d'une de mes pauses, et je ne rattrape pas ce que j'ai manqué.",
    },
    "ja": {
        Reason.SHADOW: "見守るだけの設定（`shadow`）なので、頼まれないかぎり何も書きません。",
        Reason.UNSURE: "どのラベルにも十分な確信がありませんでした。",
        Reason.LOCKED: "会話がロックされていたので、頼まれずには何も書きませんでした。",
        Reason.PRESENT: "書くはずだったラベルは、すでに付いているか、外されたか、ここでは使えないものでした。",
        Reason.TAKEN_BACK: "書こうとしていたことは、書く前に取り消されました。",
        Reason.UNDONE: "書いた内容は、その後取り消されました。",
        Reason.WAITS: "人が先に対応できるよう、書くまで少し待っています。",
        Reason.PAUSED: "このリポジトリでは休止中か、そのとき休止中でした。`/tagger resume` で再開します。",
        Reason.CLOSED: "Issue が閉じられていたので、頼まれずには何も書きませんでした。",
        Reason.IGNORED: "このリポジトリの設定により、この作成者の Issue には手を付けません。",
        Reason.LABELLED: "すでに人がラベルを付けていたので、手を出しませんでした。",
        Reason.DECLINED: "すでに人がラベルを外したか、合わないと伝えていたので、手を出しませんでした。",
        Reason.OLD: (
            "私がこのリポジトリに来る前の Issue です。そのような Issue には、運用者に頼まれたときだけ書きます。"
        ),
        Reason.MISSED: "私の休止が終わる前に作成されました。休止中に見なかったものは、あとから調べません。",
    },
    "pt": {
        Reason.SHADOW: "Estou configurado para apenas observar (`shadow`): não escrevo nada sem que me peçam.",
        Reason.UNSURE: "Não tive certeza suficiente de nenhuma etiqueta.",
        Reason.LOCKED: "Não escrevi nada por conta própria, pois a conversa estava bloqueada.",
        Reason.PRESENT: "O que eu teria escrito já estava lá, tinha sido retirado ou não deve ser usado aqui.",
        Reason.TAKEN_BACK: "O que eu ia escrever foi desfeito antes que eu o fizesse.",
        Reason.UNDONE: "O que eu tinha escrito foi desfeito.",
        Reason.WAITS: "Espero um pouco antes de escrever, para que as pessoas venham primeiro.",
        Reason.PAUSED: "Estou em pausa neste repositório, ou estava naquele momento; com `/tagger resume` continuo.",
        Reason.CLOSED: "Não escrevi nada por conta própria, pois a issue estava fechada.",
        Reason.IGNORED: "A configuração deste repositório me diz para não mexer nas issues desta pessoa.",
        Reason.LABELLED: "Uma pessoa já tinha etiquetado a issue, por isso não me meti.",
        Reason.DECLINED: "Uma pessoa tinha retirado etiquetas, ou dito que não servem, por isso não me meti.",
        Reason.OLD: (
            "É de antes de eu chegar a este repositório. Em issues assim só escrevo se quem me administra pedir."
        ),
        Reason.MISSED: "Foi aberta antes do fim de uma pausa minha, e não recupero o que perdi.",
    },
    "zh": {
        Reason.SHADOW: "此处的设置是只旁观（`shadow`）：没有人要求，我就什么也不写。",
        Reason.UNSURE: "我对任何标签都没有足够的把握。",
        Reason.LOCKED: "当时对话已锁定，所以我没有主动写任何内容。",
        Reason.PRESENT: "我本要写的标签已经在议题上、已被移除，或不能在此使用。",
        Reason.TAKEN_BACK: "我正要写的内容在写之前已被撤回。",
        Reason.UNDONE: "我写过的内容已被撤回。",
        Reason.WAITS: "我会稍等片刻再写，让人先来处理。",
        Reason.PAUSED: "我在本仓库已暂停，或当时处于暂停状态；`/tagger resume` 可让我继续。",
        Reason.CLOSED: "当时议题已关闭，所以我没有主动写任何内容。",
        Reason.IGNORED: "本仓库的配置要求我不处理这位作者的议题。",
        Reason.LABELLED: "已经有人给议题加了标签，所以我没有插手。",
        Reason.DECLINED: "已经有人移除了标签，或说过它们不合适，所以我没有插手。",
        Reason.OLD: "它早于我来到本仓库的时间。对这样的议题，只有运营者要求时我才会写。",
        Reason.MISSED: "它在我的一次暂停结束之前创建，错过的内容我不会补上。",
    },
}
