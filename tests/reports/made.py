"""Rows and reports for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from impactive_async.models import Booking, Deal, EnrolledContact, Enrollment, Reply, Send, Sequence, Step
from impactive_async.reports import CurrencyTotal, PipelineReport, SequenceReport, StageTotal, StepFunnel

START = datetime(2026, 5, 1, 9, tzinfo=UTC)
SEQUENCE = Sequence(
    id="seq", name="Welcome", steps=(Step(id="one", position=0, subject="Hi"), Step(id="two", position=1))
)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def enrolled(who: str, status: str = "active") -> Enrollment:
    contact = EnrolledContact(id=who, email=f"{who}@x.example")
    return Enrollment(id=f"enr_{who}", contact_id=who, status=status, updated_at=START, contact=contact)


def sent(who: str, step: str | None, hours: float) -> Send:
    return Send(
        id=f"{who}/{step}/{hours}",
        contact_id=who,
        email_date=at(hours),
        sequence_step_id=step,
        to_addresses=(f"{who}@x.example",),
    )


def replied(who: str, hours: float) -> Reply:
    return Reply(id=f"{who}/{hours}", contact_id=who, email_date=at(hours))


def booked(
    who: str | None, hours: float | None, *, email: str | None = None, status: str | None = None
) -> Booking:
    made = None if hours is None else at(hours)
    return Booking(id=f"{who}/{hours}", contact_id=who, guest_email=email, created_at=made, status=status)


def deal(stage: str | None, value: str | None, currency: str | None) -> Deal:
    amount = None if value is None else Decimal(value)
    return Deal(id=f"{stage}/{value}/{currency}", name="", stage_name=stage, value=amount, currency=currency)


def a_sequence_report(text: str = "Welcome", *, missing: tuple[str, ...] = ()) -> SequenceReport:
    """A report in which strangers have written this text wherever they can."""
    step = StepFunnel(
        step_id="one",
        position=0,
        subject=text,
        delay_days=0,
        sent=4,
        replied=2,
        booked=1,
        time_to_reply=timedelta(hours=2),
    )
    return SequenceReport(
        sequence_id="seq",
        name=text,
        status=text,
        at=START,
        enrolled=5,
        sent=4,
        replied=2,
        booked=1,
        time_to_reply=timedelta(hours=2),
        emails_since=None,
        statuses={"active": 5},
        steps=(step,),
        missing=missing,
    )


def a_pipeline_report(text: str = "Lead", *, missing: tuple[str, ...] = ()) -> PipelineReport:
    """Likewise."""
    stage = StageTotal(stage=text, currency=text, deals=2, value=Decimal("1234.5"), without_value=1)
    total = CurrencyTotal(currency=text, deals=2, value=Decimal("1234.5"), without_value=1)
    return PipelineReport(at=START, deals=2, stages=(stage,), totals=(total,), missing=missing)
