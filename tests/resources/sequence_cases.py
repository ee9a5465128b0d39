"""Sequences, their steps, and who is on them."""

from __future__ import annotations

import attrs

from impactive_async import SequenceStatus, StepDraft, models
from tests.resources.cases import A_REPLY, NOON, REPLY, SINCE, WHEN, Case

STEP = {"id": "stp_9", "subject": "Hi", "body": "…", "delayDays": 3, "position": 1}
A_STEP = models.Step(id="stp_9", subject="Hi", body="…", delay_days=3, position=1)
SEQUENCE = {"id": "seq_9", "name": "Welcome", "status": "active", "sendingAccountId": None}
A_SEQUENCE = models.Sequence(id="seq_9", name="Welcome", status=SequenceStatus.ACTIVE)
COUNTS = {"total": 3, "active": 2, "paused": 1, "completed": 0, "unsubscribed": 0}
SOME_COUNTS = models.EnrollmentCounts(total=3, active=2, paused=1)

CASES = [
    Case(
        row=6,
        method="POST",
        path="/api/agent/sequences",
        call=lambda crm, ids, **o: crm.sequences.create(
            name="Welcome",
            status=SequenceStatus.DRAFT,
            sending_account_id=None,
            steps=(
                StepDraft(subject="Hi", body="…", delay_days=0),
                StepDraft(subject="Ho", body="…", delay_days=2),
            ),
            **o,
        ),
        body={
            "name": "Welcome",
            "status": "draft",
            "sendingAccountId": None,
            "steps": [
                {"subject": "Hi", "body": "…", "delayDays": 0},
                {"subject": "Ho", "body": "…", "delayDays": 2},
            ],
        },
        status=201,
        answer={**SEQUENCE, "steps": [STEP]},
        result=attrs.evolve(A_SEQUENCE, steps=(A_STEP,)),
        repeat="never",
        bad=lambda crm, ids, **o: crm.sequences.create(name="Welcome", sending_account_id="acc_else", **o),
    ),
    Case(
        row=7,
        method="GET",
        path="/api/agent/sequences",
        call=lambda crm, ids, **o: crm.sequences.list(**o),
        answer=[{**SEQUENCE, "stepCount": 2, "enrollmentCounts": COUNTS}],
        result=[attrs.evolve(A_SEQUENCE, step_count=2, enrollment_counts=SOME_COUNTS)],
        repeat="read",
    ),
    Case(
        row=8,
        method="GET",
        path="/api/agent/sequences/seq_1",
        call=lambda crm, ids, **o: crm.sequences.get(ids.sequence, **o),
        answer={**SEQUENCE, "status": "hibernating", "steps": [], "enrollmentCounts": COUNTS},
        result=attrs.evolve(A_SEQUENCE, status="hibernating", steps=(), enrollment_counts=SOME_COUNTS),
        repeat="read",
        lost=lambda crm, ids, **o: crm.sequences.get("seq_gone", **o),
    ),
    Case(
        row=9,
        method="PATCH",
        path="/api/agent/sequences/seq_1",
        call=lambda crm, ids, **o: crm.sequences.update(
            ids.sequence, status="paused", sending_account_id=None, **o
        ),
        body={"status": "paused", "sendingAccountId": None},
        answer=SEQUENCE,
        result=A_SEQUENCE,
        repeat="write",
        bad=lambda crm, ids, **o: crm.sequences.update(ids.sequence, sending_account_id="acc_else", **o),
        lost=lambda crm, ids, **o: crm.sequences.update("seq_gone", name="x", **o),
    ),
    Case(
        row=10,
        method="POST",
        path="/api/agent/sequences/seq_1/steps",
        call=lambda crm, ids, **o: crm.sequences.steps.create(
            ids.sequence, subject="Hi", body="…", delay_days=3, position=1, **o
        ),
        body={"subject": "Hi", "body": "…", "delayDays": 3, "position": 1},
        status=201,
        answer=STEP,
        result=A_STEP,
        repeat="never",
        bad=lambda crm, ids, **o: crm.sequences.steps.create(ids.sequence, subject="", body="…", **o),
        lost=lambda crm, ids, **o: crm.sequences.steps.create("seq_gone", subject="Hi", body="…", **o),
    ),
    Case(
        row=11,
        method="PATCH",
        path="/api/agent/sequences/seq_1/steps/stp_1",
        call=lambda crm, ids, **o: crm.sequences.steps.update(
            ids.sequence, ids.step, subject="Hi", delay_days=3, **o
        ),
        body={"subject": "Hi", "delayDays": 3},
        answer=STEP,
        result=A_STEP,
        repeat="write",
        bad=lambda crm, ids, **o: crm.sequences.steps.update(ids.sequence, ids.step, delay_days=-1, **o),
        lost=lambda crm, ids, **o: crm.sequences.steps.update(ids.sequence, "stp_gone", subject="Hi", **o),
    ),
    Case(
        row=11,
        method="PATCH",
        path="/api/agent/sequences/seq_1/steps/stp_1",
        call=lambda crm, ids, **o: crm.sequences.steps.update(ids.sequence, ids.step, position=0, **o),
        body={"position": 0},
        answer=STEP,
        result=A_STEP,
        repeat="never",
    ),
    Case(
        row=12,
        method="DELETE",
        path="/api/agent/sequences/seq_1/steps/stp_1",
        call=lambda crm, ids, **o: crm.sequences.steps.delete(ids.sequence, ids.step, **o),
        answer={"deleted": True},
        result=None,
        repeat="delete",
        lost=lambda crm, ids, **o: crm.sequences.steps.delete(ids.sequence, "stp_gone", **o),
    ),
    Case(
        row=13,
        method="POST",
        path="/api/agent/sequences/seq_1/enroll",
        call=lambda crm, ids, **o: crm.sequences.enroll(
            ids.sequence, contact_ids=(ids.contact, "con_gone"), tag_ids=[ids.tag], list_ids=[], **o
        ),
        body={"contactIds": ["con_1", "con_gone"], "tagIds": ["tag_1"]},
        status=201,
        answer={"enrolled": 1, "skipped": [{"contactId": "con_gone", "reason": "not_found"}]},
        result=models.EnrollResult(
            enrolled_count=1,
            skipped=(models.SkippedContact(contact_id="con_gone", reason=models.SkipReason.NOT_FOUND),),
        ),
        repeat="write",
        bad=lambda crm, ids, **o: crm.sequences.enroll(ids.sequence, tag_ids=["tag_else"], **o),
        lost=lambda crm, ids, **o: crm.sequences.enroll("seq_gone", contact_ids=[ids.contact], **o),
    ),
    Case(
        row=14,
        method="GET",
        path="/api/agent/sequences/seq_1/enrollments",
        call=lambda crm, ids, **o: crm.sequences.enrollments(ids.sequence, since=NOON, **o),
        query=SINCE,
        answer=[{"id": "enr_1", "contactId": "con_1", "status": "active", "updatedAt": WHEN}],
        result=[
            models.Enrollment(
                id="enr_1", contact_id="con_1", status=models.EnrollmentStatus.ACTIVE, updated_at=NOON
            )
        ],
        repeat="read",
        lost=lambda crm, ids, **o: crm.sequences.enrollments("seq_gone", **o),
    ),
    Case(
        row=15,
        method="GET",
        path="/api/agent/sequences/seq_1/sends",
        call=lambda crm, ids, **o: crm.sequences.sends(ids.sequence, since=WHEN, **o),
        query=SINCE,
        answer=[{"id": "snd_1", "contactId": "con_1", "toAddresses": ["a@example.com"], "emailDate": WHEN}],
        result=[
            models.Send(id="snd_1", contact_id="con_1", to_addresses=("a@example.com",), email_date=NOON),
        ],
        repeat="read",
        lost=lambda crm, ids, **o: crm.sequences.sends("seq_gone", **o),
    ),
    Case(
        row=16,
        method="GET",
        path="/api/agent/sequences/seq_1/replies",
        call=lambda crm, ids, **o: crm.sequences.replies(ids.sequence, **o),
        answer=[{**REPLY, "enrollmentId": "enr_1"}],
        result=[attrs.evolve(A_REPLY, enrollment_id="enr_1")],
        repeat="read",
        lost=lambda crm, ids, **o: crm.sequences.replies("seq_gone", **o),
    ),
    Case(
        row=17,
        method="POST",
        path="/api/agent/sequences/seq_1/pause",
        call=lambda crm, ids, **o: crm.sequences.pause(ids.sequence, contact_ids=[ids.contact], **o),
        body={"contactIds": ["con_1"]},
        answer={"paused": 1},
        result=models.PauseResult(paused_count=1),
        repeat="write",
        lost=lambda crm, ids, **o: crm.sequences.pause("seq_gone", **o),
    ),
    Case(
        row=17,
        method="POST",
        path="/api/agent/sequences/seq_1/pause",
        call=lambda crm, ids, **o: crm.sequences.pause(ids.sequence, **o),
        body={},
        status=204,
        answer=None,
        result=models.PauseResult(),
        repeat="write",
    ),
    Case(
        row=18,
        method="DELETE",
        path="/api/agent/sequences/seq_1/contacts/con_1",
        call=lambda crm, ids, **o: crm.sequences.unenroll(ids.sequence, ids.contact, **o),
        status=204,
        answer=None,
        result=None,
        repeat="delete",
        lost=lambda crm, ids, **o: crm.sequences.unenroll(ids.sequence, "con_gone", **o),
    ),
]
