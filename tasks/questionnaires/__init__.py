"""A Questionnaire as a form, and what is typed into it as a QuestionnaireResponse. Pure.

The form is a tree of fields, made either from answers that are stored or from what a browser sent:
`Form.of` and `Form.posted`. Fields are named by their place ("q2-0", and "q2_1-0" in the second
copy of a group), never by what they ask. https://hl7.org/fhir/R4/questionnaire.html
"""

from tasks.questionnaires.fields import Field as Field
from tasks.questionnaires.forms import Form as Form
from tasks.questionnaires.options import ValueSets as ValueSets
from tasks.questionnaires.options import canonical_of as canonical_of
from tasks.questionnaires.options import value_set_urls as value_set_urls
from tasks.questionnaires.options import weight_of as weight_of
from tasks.questionnaires.scores import Score as Score
from tasks.questionnaires.scores import score_of as score_of
