"""Celery entries; what they do is in `policies.services`."""

from celery import shared_task

from policies.delivery.static.objects import StoreError
from policies.governance.origin import Origin, acting_from
from policies.services.news import mail, news, notifications, webhook_delivery
from policies.services.releases import scheduling, sealing, static_delivery
from policies.services.review import settling
from policies.services.routers import fleet, reported, watching
from policies.services.waking import DELIVER_NEWS, PUBLISH_OBJECTS, REPAIR_OBJECTS


@shared_task(name=DELIVER_NEWS)
def deliver_news() -> None:
    """Tell what is not told yet, then queue each mail and webhook message that is due."""
    news.tell_news()
    for pk, tries in mail.take_due():
        send_mail.delay(pk, tries)
    for pk, tries in webhook_delivery.take_due():
        try_message.delay(pk, tries)


@shared_task(name="policies.send_mail")
def send_mail(pk: int, tries: int) -> None:
    """One try to mail one notification."""
    mail.send_mail(pk, tries)


@shared_task(name="policies.try_message")
def try_message(pk: int, tries: int) -> None:
    """One try to deliver one webhook message."""
    with acting_from(Origin("task")):
        webhook_delivery.try_message(pk, tries)


@shared_task(name="policies.forget_old_deliveries")
def forget_old_deliveries() -> None:
    """Drop old delivery logs and notifications."""
    webhook_delivery.forget_old()
    notifications.forget_old()


@shared_task(name="policies.watch_fleets")
def watch_fleets() -> None:
    """Note which releases count as delivered, and where routers run something else."""
    with acting_from(Origin("task")):
        watching.watch_fleets()


@shared_task(name="policies.forget_gone_routers")
def forget_gone_routers() -> None:
    """Drop routers that have reported nothing for long, and how much came in hours long past."""
    fleet.forget_gone()
    reported.forget_hours()


@shared_task(name="policies.publish_scheduled")
def publish_scheduled() -> None:
    """Publish change requests whose time has come."""
    with acting_from(Origin("task")):
        scheduling.publish_due()


@shared_task(name="policies.renew_releases")
def renew_releases() -> None:
    """Move the end of releases in force past half of their life."""
    with acting_from(Origin("task")):
        sealing.renew_releases()


@shared_task(name="policies.settle_lapsed_approvals")
def settle_lapsed_approvals() -> None:
    """Hold approvals to those who gave them, and to what they were given on."""
    with acting_from(Origin("task")):
        settling.settle_lapsed_approvals()


@shared_task(name="policies.settle_catalogue")
def settle_catalogue() -> None:
    """Hold open change requests to the catalogue of the day: retirements, prices that begin."""
    with acting_from(Origin("task")):
        settling.settle_catalogue()


@shared_task(
    name=PUBLISH_OBJECTS, autoretry_for=(StoreError,), retry_backoff=2, retry_backoff_max=60
)
def publish_objects(environment_id: int) -> None:
    """Write an environment's new release where static delivery is configured to be."""
    static_delivery.publish_as_configured(environment_id)


@shared_task(name=REPAIR_OBJECTS)
def repair_objects() -> None:
    """Write whatever of static delivery is missing or behind."""
    static_delivery.repair_as_configured()
