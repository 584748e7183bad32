"""What answers add up to, where they count something."""

from dataclasses import dataclass
from decimal import Decimal

from tasks.questionnaires.options import is_same, items_in, option_of, weight_of


@dataclass(frozen=True, slots=True)
class Score:
    total: Decimal
    most: Decimal | None
    """The highest that can be; None when that is not said."""
    answered: int
    asked: int

    @property
    def is_whole(self) -> bool:
        return self.answered == self.asked


def score_of(questionnaire: dict | None, response: dict) -> Score | None:
    """The sum of what the answers count, by the questionnaire or by themselves; None when nothing
    counts anything."""
    questions = [*items_in((questionnaire or {}).get("item", []))]
    scales = {
        item.get("linkId", ""): [option_of("", each) for each in item.get("answerOption", [])]
        for item in questions
    }
    scales = {
        link_id: options
        for link_id, options in scales.items()
        if any(option.weight is not None for option in options)
    }
    total, answered, seen = Decimal(0), set(), set()
    for item in items_in(response.get("item", [])):
        link_id = item.get("linkId", "")
        for answer in item.get("answer", []):
            weight = weight_of(answer)
            if weight is None:
                weight = next(
                    (o.weight for o in scales.get(link_id, []) if is_same(o.answer, answer)), None
                )
            if weight is not None:
                total += weight
                answered.add(link_id)
        seen.add(link_id)
    if not answered:
        return None
    most = sum(
        (max(o.weight for o in options if o.weight is not None) for options in scales.values()),
        Decimal(0),
    )
    return Score(total, most if scales else None, len(answered), len(scales) or len(answered))
