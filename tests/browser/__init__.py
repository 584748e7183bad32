"""Taskward as people use it: in Chromium, with a mouse, by keys, on a phone, without scripts.

JOURNEYS says which test is which day of somebody's. Each asserts what she sees, and asks the FHIR API
afterwards (fixture `api`, told.py) of all that she changed: the states and the owner of a Task by its
versions, why by its Provenance, to whom a message goes.
"""

JOURNEYS = {
    "A nurse's morning": "test_days.py::test_a_nurses_morning",
    "A coordinator's hour": "test_coordinator.py::test_a_coordinators_hour",
    "A physician's lab review": "test_focus.py::test_a_physician_reviews_a_lab_report",
    "A questionnaire": "test_focus.py::test_a_nurse_answers_a_questionnaire_and_completes_the_task",
    "Keyboard only": "test_days.py::test_a_day_without_a_mouse",
    "On a phone": "test_days.py::test_a_day_on_a_phone",
    "JavaScript off": "test_days.py::test_a_day_without_scripts",
    "In Spanish": "test_spanish.py::test_a_day_in_spanish",
    "Two people in one task": "test_days.py::test_two_people_in_one_task",
    "Connection lost and back": "test_days.py::test_the_connection_is_lost_and_comes_back",
    "Idle lock": "test_lock.py::test_the_password_leads_back_to_the_task_with_its_draft",
    "From one shift to the next": "test_handover.py::test_one_nurse_hands_over_to_another",
    "Print": "test_handover.py::test_a_sheet_on_paper",
}
