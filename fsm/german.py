"""German: the tables of `fsm.language`."""

from fsm.language import Language, digit_words, phrases, words

_DELAYS = phrases(
    """einen moment, eine sekunde, einen augenblick, eine minute, moment mal, kleinen moment, sekunde,
    geben sie mir eine sekunde, geben sie mir einen moment"""
)

GERMAN = Language(
    code="de",
    backchannels=words(
        """m mm mmm mhm hm hmm mm-hmm aha ah ach oh okay ok ja jo jaja jawohl genau gut schön prima klar richtig stimmt
        verstehe verstanden sicher perfekt super toll alles gern gerne natürlich echt so"""
    ),
    backchannel_phrases=phrases(
        """ach so, ah ja, na gut, na klar, alles klar, alles gut, in ordnung, ich verstehe, ich weiß, sehr gut,
        sehr schön, kein problem, macht nichts, passt schon, das stimmt, ist gut, klingt gut, weiter, bitte weiter,
        danke, vielen dank, danke schön, dankeschön"""
    ),
    hesitations=words("äh ähm öh öhm hm hmm em ehm also tja naja na nun uh um ha haha hehe hatschi uff ups"),
    delays=_DELAYS,
    interruptions=_DELAYS
    | phrases(
        """stopp, stop, halt, warten sie, warte, moment, nein, nee, nö, hallo, entschuldigung, entschuldigen sie,
        verzeihung, bitte was, wie bitte, was, aber, hören sie, schauen sie, sehen sie, genug, ruhe, abbrechen, hilfe,
        mitarbeiter, noch mal, nochmal, wiederholen, langsamer, lassen sie mich, vergessen sie es, eine frage,
        eigentlich, tut mir leid"""
    ),
    asides=phrases(
        """am telefon, bin am telefonieren, ich telefoniere, komme gleich, ich komme gleich, bin gleich da, leg das weg,
        leg das hin, stell das hin, lass das, lass ihn in, lass sie in, mach das leiser, mach leiser, mach das aus,
        mach die tür, mach das fenster, mach den fernseher, komm her, geh in dein, geh raus, setz dich, sei leise,
        sei still, an der tür, wer ist da, das essen ist, deine schuhe, deine hausaufgaben, psst, pst"""
    ),
    addresses=phrases(
        """kann ich, könnte ich, darf ich, können sie, könnten sie, würden sie, haben sie, wissen sie, wie viel,
        wie lange, wie kann ich, was ist mit, ist es möglich, ich wollte, ich würde gern, ich würde gerne,
        ich hätte gern, ich hätte gerne, ich möchte, ich will, ich brauche, ich muss, ich habe eine frage, ich meinte,
        mein name, entschuldigung, auf wiederhören, tschüss"""
    ),
    names_of_others=words("schatz schatzi liebling süße süßer mama mami mutti papa papi vati kinder oma opa"),
    before_a_noun=words(
        "mein meine meinen meiner dein deine ihr ihre unser unsere der die das den dem ein eine für mit und von oder"
    ),
    thinking=words("äh ähm öh öhm hm hmm em ehm"),
    conjunctions=words("und oder aber weil wenn dass ob obwohl während denn sondern als"),
    articles=words(
        """der die das den dem des ein eine einen einem einer mein meine meinen meinem meiner ihr ihre ihren ihrem ihrer
        unser unsere zum zur"""
    ),
    prepositions=words("von mit für bei nach aus in im am auf über unter vor zwischen bis seit durch gegen ohne um zu"),
    openers=words(
        """dann also wo wer welche welcher welches diese dieser dieses noch ist sind war waren ich wir sie er es man
        habe hätte möchte würde kann könnte will soll sehr rufe"""
    ),
    address_parts=words("punkt at klammeraffe unterstrich bindestrich schrägstrich www"),
    greetings=words("hallo hi hey guten tag morgen abend grüß gott moin servus"),
    introductions=phrases(
        """mein name ist, ich heiße, hier ist, hier spricht, hallo hier ist, guten tag hier ist, guten morgen hier ist,
        ich rufe von, ich rufe aus"""
    ),
    bid=(
        r"(?:(?:nein|bitte|entschuldigung|okay)? ?(?:stopp|halt|warten sie|warte|hören sie|moment|entschuldigen sie)"
        r"(?: (?:mal|bitte|kurz))* ?(?:einen moment|eine sekunde)? ?(?:bitte)? ?)+"
    ),
    closings=phrases(
        """danke, vielen dank, danke schön, dankeschön, tschüss, auf wiederhören, auf wiedersehen, das ist alles,
        das war's, das war alles"""
    ),
    answers=phrases(
        """ja, nein, nee, nö, genau, richtig, stimmt, okay, ok, klar, sicher, gern, gerne, natürlich, jawohl, korrekt,
        doch, ja bitte, ja gern, ja gerne, nein danke, auf jeden fall, das stimmt, das passt, passt, in ordnung,
        alles klar, eigentlich nicht, eher nicht, machen sie das, ist gut"""
    ),
    courtesies=phrases("bitte, danke, vielen dank, danke schön, bitte schön, äh, ähm"),
    digit_words=digit_words("null, eins ein, zwei zwo, drei, vier, fünf, sechs, sieben, acht, neun"),
    repeats={"doppel": 2, "zweimal": 2, "dreimal": 3},
    questions=(
        (r"letzten (vier|4) (ziffern|stellen)", "digits(4)"),
        (r"prüfziffer|sicherheitscode|\bcvv\b|\bcvc\b", "digits(3)"),
        (r"postleitzahl", "digits(5)"),
        (r"kartennummer|nummer (auf|ihrer) (der |ihrer )?karte", "digits(16)"),
        (r"e-?mail", "address"),
        (r"telefonnummer|handynummer|mobilnummer|rückrufnummer|unter welcher nummer", "digits"),
        (r"(konto|bestell|auftrags|referenz|sendungs|rechnungs|kunden|buchungs|vertrags)-?nummer|\bpin\b", "digits"),
        (r"\bihre nummer\b", "digits"),
        (r"adresse|anschrift|welche straße|welcher straße", "address"),
        (r"(ihr|ihren|welchen|welcher|voller|vor-? ?und|nach)-? ?(name|namen|nachname)", "name"),
        (r"wie heißen|mit wem spreche|buchstabier", "name"),
        (r"welche[nrms]? (tag|datum|uhrzeit|woche|monat)|\bwann\b|geburtsdatum|um wie viel uhr|wie spät", "date_time"),
    ),
    reports=r"\b(ich|wir) (habe|haben)\b",
    opens_closed=(
        r"^(?:(?:also|und|okay|gut|dann|so|nun),? )*"
        r"(soll|sollen|möchten|wollen|würden|haben|hat|ist|sind|war|waren|kann|können|darf|dürfen|passt|wäre|brauchen|"
        r"geht|stimmt|gibt|wird|werden|sagt|reicht|sprechen|kennen|hätten|nehmen)\b"
    ),
    tag=r"\b(richtig|korrekt|okay|in ordnung|ja|nein|oder|nicht wahr|stimmt's|nicht)\?$",
    choice=r" oder (?!nicht\?$)",
)
