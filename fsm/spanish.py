"""Spanish: the tables of `fsm.language`."""

from fsm.language import Language, digit_words, phrases, words

_DELAYS = phrases(
    """un segundo, un segundito, un momento, un momentito, un minuto, un minutito, deme un segundo, deme un momento,
    dame un segundo, dame un momento"""
)

SPANISH = Language(
    code="es",
    backchannels=words(
        """m mm mmm mhm hm ajá aja ah oh okay ok vale sí si ya claro bien bueno perfecto exacto exactamente cierto
        entiendo entendido comprendo genial estupendo correcto bravo seguro listo dale"""
    ),
    backchannel_phrases=phrases(
        """ya veo, lo entiendo, de acuerdo, por supuesto, desde luego, muy bien, está bien, eso es, así es,
        me parece bien, sin problema, no hay problema, no pasa nada, siga, sigue, adelante, gracias,
        muchas gracias, qué bien, tiene sentido"""
    ),
    hesitations=words("eh em ehm mmm pues este esto o-sea bueno uh um ah ja jaja jajaja je jeje uf ups achís"),
    delays=_DELAYS,
    interruptions=_DELAYS
    | phrases(
        """pare, para, basta, espere, espera, espere un, espera un, no, oiga, oye, perdón, perdone, perdona, disculpe,
        disculpa, lo siento, cómo, qué, pero, escuche, escucha, mire, mira, un momento por favor, cancele, ayuda,
        operador, operadora, agente, repita, repite, otra vez, más despacio, déjeme, déjame, olvídelo, hola,
        una pregunta, en realidad"""
    ),
    asides=phrases(
        """al teléfono, por teléfono, en una llamada, ahora voy, ya voy, enseguida voy, deja eso, déjalo, suelta eso,
        baja la, baja el, apaga la, apaga el, apágalo, ven aquí, ven acá, vete a tu, siéntate, cállate, estate quieto,
        cierra la puerta, cierra la ventana, abre la puerta, en la puerta, quién es, la cena, los zapatos,
        los deberes, la tarea, chist, shh"""
    ),
    addresses=phrases(
        """puedo, podría, puede, puede repetir, me puede, me podría, podría usted, podría decirme, tiene, tienen, sabe,
        cuánto, cuánto cuesta, cómo puedo, qué tal, es posible, quisiera, quería, me gustaría, quiero, necesito,
        tengo una pregunta, quise decir, me llamo, mi nombre, perdone, disculpe, adiós, hasta luego"""
    ),
    names_of_others=words("cariño cielo amor mamá mami papá papi niños chicos hijo hija nena nene abuela abuelo"),
    before_a_noun=words("mi mis tu tus su sus nuestro nuestra el la los las un una para a con y de es o"),
    thinking=words("eh em ehm mmm hm este pues"),
    conjunctions=words("y e o u ni pero porque si aunque mientras cuando como que sino pues"),
    articles=words("el la los las un una unos unas mi mis su sus tu tus nuestro nuestra al del"),
    prepositions=words("a de para por con en sobre entre hasta desde sin tras hacia según ante bajo contra"),
    openers=words(
        """entonces luego donde quien cual este esta estos estas ese esa otro otra es son era está están soy estoy tengo
        quiero quisiera me se lo le hay puede puedo podría muy más llamo"""
    ),
    address_parts=words("punto arroba guion guión barra subrayado www"),
    greetings=words("hola buenas buenos días tardes noches oiga alló aló dígame"),
    introductions=phrases(
        """me llamo, mi nombre es, le habla, hola soy, hola me llamo, buenos días soy, buenas tardes soy, llamo de,
        llamo desde"""
    ),
    bid=(
        r"(?:(?:no|por favor|perdón|vale)? ?(?:pare|para|espere|espera|oiga|oye|escuche|escucha|disculpe|perdone)"
        r"(?: un (?:segundo|momento|momentito|minuto))? ?(?:por favor)? ?)+"
    ),
    closings=phrases(
        """gracias, muchas gracias, adiós, hasta luego, hasta pronto, chao, chau, eso es todo, nada más, es todo,
        ya está"""
    ),
    answers=phrases(
        """sí, si, no, claro, vale, correcto, exacto, exactamente, cierto, okay, ok, bueno, perfecto, seguro, bien,
        sí por favor, no gracias, claro que sí, claro que no, por supuesto, de acuerdo, desde luego, así es, eso es,
        está bien, me parece bien, adelante, en realidad no, sí claro, me viene bien, dale"""
    ),
    courtesies=phrases("por favor, gracias, muchas gracias, si es tan amable, eh, em, pues"),
    digit_words=digit_words("cero, uno una un, dos, tres, cuatro, cinco, seis, siete, ocho, nueve"),
    repeats={"doble": 2, "triple": 3},
    questions=(
        (r"últim[oa]s (cuatro|4) (dígitos|cifras|números)", "digits(4)"),
        (r"código de seguridad|\bcvv\b|\bcvc\b", "digits(3)"),
        (r"código postal", "digits(5)"),
        (r"número de (la |su |tu )?tarjeta", "digits(16)"),
        (r"correo|e-?mail", "address"),
        (r"número de (teléfono|móvil|celular)|\b(teléfono|móvil|celular)\b.*\?", "digits(9)"),
        (
            r"número de (cuenta|pedido|referencia|confirmación|póliza|seguimiento|factura|cliente|reserva)|\bpin\b",
            "digits",
        ),
        (r"\bsu número\b", "digits"),
        (r"\bdirección\b|qué calle|domicilio", "address"),
        (r"(su|qué|nombre y) (nombre|apellidos?)|nombre completo|con quién hablo|cómo se llama|deletre", "name"),
        (r"qué (día|fecha|hora|semana|mes|mañana|tarde)|cuándo|fecha de nacimiento", "date_time"),
    ),
    reports=r"\b(he|hemos) (anotado|enviado|reservado|cambiado|guardado|apuntado)\b",
    opens_closed=r"^(?!.*\b(qué|cuál|cuáles|cuándo|cuánto|cuánta|cuántos|cuántas|dónde|adónde|quién|quiénes|cómo)\b).*\?$",
    tag=r"\b(verdad|correcto|de acuerdo|vale|cierto|no|sí)\?$",
    choice=r" (o|u) (?!no\?$)",
)
