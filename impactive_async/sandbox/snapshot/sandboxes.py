"""A whole sandbox as an image, and the parts of one that an image describes."""

from collections.abc import Iterable
from typing import Any, cast

from attrs import frozen

from impactive_async.sandbox.dialect.dialect import Dialect, make_dialect
from impactive_async.sandbox.dialect.poison import Poison
from impactive_async.sandbox.http.faults import Armed, FaultPlan
from impactive_async.sandbox.http.pipeline import Pipeline
from impactive_async.sandbox.seeds import Beginning
from impactive_async.sandbox.snapshot.document import SnapshotError, SnapshotSource, open_snapshot, seal
from impactive_async.sandbox.snapshot.images import ArmedImage, FaultsImage, PoisonImage, SandboxImage
from impactive_async.sandbox.snapshot.values import from_plain, to_plain
from impactive_async.sandbox.snapshot.worlds import due_in, image_of_world, world_of
from impactive_async.sandbox.world.clock import Due, VirtualClock
from impactive_async.sandbox.world.world import World

__all__ = ["RestoredParts", "read_image", "rebuild", "write_snapshot"]


@frozen
class RestoredParts:
    """What a sandbox goes on with; `due` is for its clock."""

    image: SandboxImage
    world: World
    dialect: Dialect
    plan: FaultPlan
    due: tuple[Due, ...]

    def serve(self, pipeline: Pipeline, clock: VirtualClock) -> None:
        """Let a pipeline answer from these parts, on a clock that stands at their moment."""
        clock.plan_again(self.due, self.image.world.scheduled)
        pipeline.begin_anew(self.world, self.dialect, self.plan, self.image.requests)
        pipeline.rate_limit = self.image.rate_limit
        pipeline.accepted.refill(self.image.accepted, pipeline.monotonic())


def write_snapshot(beginning: Beginning, pipeline: Pipeline, keys_made: int) -> bytes:
    """Return the bytes of a file from which the sandbox can be made again.

    Raises:
        SnapshotError: A row or a fault holds what no file can.
    """
    image = SandboxImage(
        beginning=beginning,
        profile=pipeline.dialect.profile,
        poisons=tuple(_poisons(pipeline.dialect)),
        world=image_of_world(pipeline.world),
        faults=_image_of_faults(pipeline.plan),
        keys_made=keys_made,
        requests=pipeline.journal.count,
        rate_limit=pipeline.rate_limit,
        accepted=pipeline.accepted.ages(pipeline.monotonic()),
    )
    return seal(to_plain(image))


def _poisons(dialect: Dialect) -> Iterable[PoisonImage]:
    for (noun, row_id), poison in dialect.context.poisoned.items():
        yield PoisonImage(noun=noun, row_id=row_id, how=poison.how, field=poison.field)


def _image_of_faults(plan: FaultPlan) -> FaultsImage:
    armed = (
        ArmedImage(
            number=one.number,
            pattern=one.pattern,
            fault=one.fault,
            times=one.times,
            after=one.after,
            hits=one.hits,
        )
        for one in plan.armed.values()
    )
    _, random, _ = plan.random.getstate()
    return FaultsImage(armed=tuple(armed), made=plan.made, rate=plan.rate, kinds=tuple(plan.kinds), random=random)


def read_image(source: SnapshotSource) -> SandboxImage:
    """Read a snapshot.

    Raises:
        SnapshotError: It cannot be read, is damaged, or is one of a newer version.
    """
    return from_plain(open_snapshot(source), SandboxImage)


def rebuild(image: SandboxImage, clock: VirtualClock) -> RestoredParts:
    """Make the parts of a sandbox; the clock is not changed.

    Raises:
        SnapshotError: Parts of the image contradict each other.
    """
    try:
        dialect = make_dialect(image.profile, clock.now)
        for one in image.poisons:
            dialect.poison(one.noun, one.row_id, Poison(cast("Any", one.how), one.field))
        world = world_of(image.world, clock)
        return RestoredParts(image, world, dialect, _plan_of(image), tuple(due_in(world, image.world)))
    except (LookupError, ValueError, TypeError) as error:
        raise SnapshotError(f"the snapshot is damaged: {error}") from None


def _plan_of(image: SandboxImage) -> FaultPlan:
    faults, plan = image.faults, FaultPlan(image.beginning.seed)
    for one in faults.armed:
        armed = plan.armed[one.number] = Armed(one.number, one.pattern, one.fault, one.times, one.after)
        armed.hits = one.hits
    plan.made = faults.made
    plan.chaos(faults.rate, faults.kinds)
    plan.random.setstate((3, faults.random, None))
    return plan
