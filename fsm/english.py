"""English: the tables of `fsm.language`."""

from fsm.language import Language, digit_words, phrases, words

_DELAYS = phrases(
    """one second, one sec, one moment, one minute, just a second, just a sec, just a moment, just a minute,
    give me a second, give me a minute"""
)

ENGLISH = Language(
    code="en",
    backchannels=words(
        """m mm mmm mhm hm hmm mm-hmm mmhmm mm-mm uh-huh uhhuh aha ah oh okay ok k right yeah yep yup yes sure alright
        cool great good nice fine gotcha really wow exactly true understood perfect lovely"""
    ),
    backchannel_phrases=phrases(
        """uh huh, mm hmm, mm hm, i see, i know, got it, got you, all right, of course, sounds good, makes sense,
        that's right, that's fine, that's good, that's great, no problem, no worries, fair enough, very good, go on,
        go ahead, thank you, thanks"""
    ),
    hesitations=words("uh um er erm eh ehm uhm hmm like well so ahem achoo ha haha hah hehe ugh phew oops"),
    delays=_DELAYS,
    interruptions=_DELAYS
    | phrases(
        """stop, wait, no, nope, nah, hold on, hang on, hold up, hey, hello, actually, sorry, excuse me, pardon,
        pardon me, i'm sorry, what, but, listen, look, enough, quiet, cancel, help, operator, agent, repeat, again,
        slow down, let me, never mind, forget it, question"""
    ),
    asides=phrases(
        """on the phone, on a call, be right there, be there in a, put it down, put it back, put it on the,
        put that down, put that back, put that on the, leave it alone, leave that alone, leave him alone,
        leave her alone, turn it down, turn it off, turn that down, turn that off, turn the music, turn the radio,
        turn the tv, come here, go outside, go to your room, get down from, get off the, sit down, be quiet,
        close the door, close the window, open the door, shut the door, at the door, who is it, who's there,
        dinner is, dinner's ready, your shoes, your homework, good boy, good girl, shh, shush"""
    ),
    addresses=phrases(
        """can i, could i, may i, could you, would you, can you repeat, can you say, can you tell me, can you hear me,
        do you have, do you know, do i, how much, how long, how do i, what about, is it possible, i was wondering,
        i would like, i'd like, i want to, i need to, i have a question, i meant, my name, excuse me, sorry, bye,
        goodbye"""
    ),
    names_of_others=words(
        "honey sweetie sweetheart darling babe baby mom mommy mum mummy dad daddy kids kiddo guys buddy"
    ),
    before_a_noun=words("my your his her our their the a an for to with and of from is it's or"),
    thinking=words("um uh uhm umm er erm hmm hm"),
    conjunctions=words("and or but because if while although unless than"),
    articles=words("the a an my your our their"),
    prepositions=words("to of for with at in on from about by as between until before after around under"),
    openers=words(
        """so when then which who where this these those some another next is are was were am i i'm i'd i'll we we're
        you they it's there's can could will would like well calling"""
    ),
    address_parts=words("dot underscore dash hyphen slash www"),
    greetings=words("hello hi hey there morning afternoon evening"),
    introductions=phrases(
        """my name is, my name's, the name is, hello this is, hi this is, yes this is, good morning this is,
        good afternoon this is, i'm calling from, i am calling from"""
    ),
    bid=(
        r"(?:(?:no|please|sorry|okay|so)? ?(?:stop|wait|hold (?:on|up)|hang on|listen|excuse me)"
        r"(?: (?:just )?(?:one|a) (?:second|sec|moment|minute))? ?(?:please)? ?)+"
    ),
    closings=phrases("thanks, thank you, thanks a lot, bye, goodbye, bye bye, that's all, that's it, that is all"),
    answers=phrases(
        """yes, yeah, yep, yup, no, nope, nah, sure, correct, right, exactly, absolutely, definitely, okay, ok,
        yes please, no thanks, no thank you, of course, that's right, that's correct, sounds good, please do,
        go ahead, that works, not really, i do, i don't, it is, it isn't, that's fine"""
    ),
    courtesies=phrases("please, thanks, thank you, thanks a lot, thank you very much, um, uh, uhm, er"),
    digit_words=digit_words("zero oh o nought, one, two, three, four, five, six, seven, eight, nine"),
    repeats={"double": 2, "triple": 3},
    questions=(
        (r"last (four|4) digits", "digits(4)"),
        (r"security code|\bcvv\b|\bcvc\b", "digits(3)"),
        (r"\bzip\b", "digits(5)"),
        (r"card number|number (on|of) (the|your) card", "digits(16)"),
        (r"e-?mail", "address"),
        (
            r"(tele)?phone number|mobile number|call ?back number|\b(best|good) number|new number|number .*reach you",
            "digits(10)",
        ),
        (r"(account|order|reference|confirmation|policy|tracking) (number|code)", "digits"),
        (r"(invoice|customer|booking|pin) (number|code)|\bpin\b", "digits"),
        (r"\byour number\b", "digits"),
        (r"\baddress\b|which street|what street|post ?code", "address"),
        (r"(your|full|first|last|family|whose|what|which) name|who am i (speaking|talking)|\bspell\b", "name"),
        (
            r"(which|what) (day|date|time|week|month|morning|afternoon)|\bwhen\b|date of birth|how (early|late|soon)",
            "date_time",
        ),
    ),
    reports=r"\b(i|we) (have|noted|sent|booked|updated|changed|saved)\b",
    opens_closed=(
        r"^(?:(?:so|and|okay|alright|great|then|well|now|just to confirm),? )*"
        r"(shall|should|would|do|does|did|is|are|was|were|can|could|may|will|have|has|may)\b"
    ),
    tag=r"\b(right|correct|okay|all right|is that it|yes|no|isn't it|is it)\?$",
    choice=r" or (?!not\?$)",
)
