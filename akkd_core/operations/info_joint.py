"""What a joint model is, and where its members belong, in words."""

from __future__ import annotations

from akkd_core.bundle.belongs import Belongs
from akkd_core.joint.bundle import JointBundle
from akkd_core.joint.footprints import ring_bounds
from akkd_core.operations.spec import Outcome

_SHOWN_RINGS = 3
_HASH_DIGITS = 12


def describe_joint(joint: JointBundle) -> Outcome:
    """Tell a joint model's rule and members.

    Parameters
    ----------
    joint : JointBundle
    """
    facts, rule = joint.index.to_json(), joint.rule
    lines = [
        f"joint model {joint.name} ({joint.sha256[:_HASH_DIGITS]}), "
        f"format {facts['format_version']}",
        f"  sensor       {joint.members[0].manifest.sensor}",
        f"  created      {facts['created']}",
        f"  rule         a student takes over across {rule.blend_m:g} m inside its footprint, in "
        "its months,",
        f"               and up to {rule.domain_ramp:g} times the limit of its training domain; "
        "the teacher takes the rest",
    ]
    members = []
    for number, (bundle, label) in enumerate(zip(joint.members, joint.labels, strict=True)):
        role = "student" if number else "teacher"
        cost = bundle.pixel_network.multiply_adds()
        lines.append(f"  {number} {role}    {label}, {cost} multiply-adds a pixel")
        if number:
            lines += [f"  {line}" for line in belongs_lines(bundle.manifest.belongs)]
        manifest = bundle.manifest.to_json()
        members.append({"value": number, "role": role, "label": label, "manifest": manifest})
    return Outcome(tuple(lines), {"kind": "joint", "joint": facts, "members": members})


def belongs_lines(belongs: Belongs | None) -> list[str]:
    """Tell where a model belongs, in lines; none for one that doesn't say it.

    Parameters
    ----------
    belongs : Belongs, optional
    """
    if belongs is None:
        return []
    if belongs.footprint is None:
        places = ["anywhere"]
    else:
        places = [_place(*ring_bounds(ring)) for ring in belongs.footprint[:_SHOWN_RINGS]]
        rest = len(belongs.footprint) - len(places)
        places += [f"and {rest} more"] if rest else []
    months = "all" if len(belongs.months) == 12 else ", ".join(map(str, belongs.months))
    domain = belongs.domain
    return [
        f"  footprint    {'; '.join(places)}",
        f"  months       {months}",
        f"  inputs       band 13 at {domain.mean[0]:.1f} K on average; within Mahalanobis distance "
        f"{domain.limit:.3g} ({100 * domain.share:g} % of the training pixels)",
    ]


def _place(west: float, south: float, east: float, north: float) -> str:
    return f"{_lon(west)} to {_lon(east)}, {_lat(south)} to {_lat(north)}"


def _lon(value: float) -> str:
    return f"{abs(value):.2f} {'W' if value < 0 else 'E'}"


def _lat(value: float) -> str:
    return f"{abs(value):.2f} {'S' if value < 0 else 'N'}"
