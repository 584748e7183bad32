"""The roles that work is routed to: SNOMED CT care team member functions, each with its SOC code.

The same work may be asked for by either code: both lead to one pool. More roles come with the
PractitionerRoles that are written (accounts.pools) or by an admin.
"""

from typing import NamedTuple

SNOMED = "http://snomed.info/sct"
SOC = "https://www.bls.gov/soc"


class CareTeamRole(NamedTuple):
    slug: str
    name: str
    snomed: str
    soc: str

    @property
    def codes(self) -> list[str]:
        """As `system|code`."""
        return [f"{SNOMED}|{self.snomed}", f"{SOC}|{self.soc}"]


CARE_TEAM_ROLES = (
    CareTeamRole("doctor", "Doctor", "158965000", "29-1210"),
    CareTeamRole("nurse-practitioner", "Nurse practitioner", "224571005", "29-1171"),
    CareTeamRole("registered-nurse", "Registered nurse", "224535009", "29-1141"),
    CareTeamRole("care-coordinator", "Care coordinator", "768820003", "11-9111"),
    CareTeamRole("care-team-coordinator", "Care team coordinator", "768821004", "11-9111"),
    CareTeamRole(
        "medical-billing-specialist", "Medical billing specialist", "1251542004", "29-2072"
    ),
    CareTeamRole("quality-assurance", "Quality assurance", "56542007", "15-1253"),
    CareTeamRole("assistant", "Physician assistant", "449161006", "29-1071"),
    CareTeamRole("cardiologist", "Cardiologist", "17561000", "29-1212"),
)
