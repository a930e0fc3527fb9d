"""Function words of the languages that texts may be declared to be in, and their third-person pronouns."""

from __future__ import annotations

from release_tasks.config.schema import Language

# The most frequent function words; one that several languages share counts for each of them.
_FUNCTION_WORDS: dict[Language, str] = {
    "de": (
        "der die das und ist nicht ein eine einen einem den dem des mit von zu für auf im als auch es sich"
        " war wird sind oder aber wenn dass ich er sie wir nach bei aus nur noch über wie zum zur hat haben"
    ),
    "en": (
        "the of and to a in is that it for was on are as with his they at be this have from or had by not but"
        " what all were when we there can an your which their if will each how she he her him than then"
    ),
    "es": (
        "el la los las de que y en un una es no se por con para su al lo como más pero sus le ya o este sí"
        " porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos fue ella"
    ),
    "fr": (
        "le la les de des du et en un une est que qui dans pour pas sur ne se ce il elle au aux avec son sa"
        " ses plus par je vous nous mais ou où comme tout fait été cette sont leur même aussi"
    ),
    "ro": (
        "și în de la cu pe este nu un o că din să se mai care pentru a al ale au fost sunt dar sau lui ei ea"
        " el ca prin după fără până foarte când unde cum acest această acesta lor îi își era am ai"
    ),
    "ru": (
        "и в не на я быть он с что а по это она к но они мы весь из у который то за свой от так о для ты же"
        " все вы как бы его её до или если уже был была было были есть только ещё при"
    ),
}
STOP_WORDS: dict[Language, frozenset[str]] = {
    language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()
}

# Feminine, then masculine; forms that mean other things as well are left out.
PRONOUNS: dict[Language, tuple[frozenset[str], frozenset[str]]] = {
    "de": (frozenset({"ihrer", "ihres"}), frozenset({"er", "ihn", "ihm", "seiner"})),
    "en": (frozenset({"she", "her", "hers", "herself"}), frozenset({"he", "him", "his", "himself"})),
    "es": (frozenset({"ella"}), frozenset({"él"})),
    "fr": (frozenset({"elle"}), frozenset({"il", "lui"})),
    "ro": (frozenset({"ea", "dânsa", "dumneaei"}), frozenset({"el", "dânsul", "dumnealui"})),
    "ru": (frozenset({"она", "её", "ей", "неё", "ней"}), frozenset({"он", "его", "ему", "него", "нему"})),
}
# What a record may declare, by the pronouns that follow from it; "neutral" forbids both kinds.
_DECLARATIONS = {
    "feminine": "f female feminin feminine she she/her w woman женский",
    "masculine": "m male masculin masculine he he/him man мужской",
    "neutral": "they they/them neutral nonbinary non-binary x",
}
DECLARED: dict[str, str] = {word: kind for kind, words in _DECLARATIONS.items() for word in words.split()}
