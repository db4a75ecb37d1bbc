"""Addresses: change requests."""

from django.urls import path, re_path

from policies.views.review import changes

ACTIONS = "|".join(changes.ACTIONS)

urlpatterns = [
    path("w/<slug:slug>/changes/", changes.change_list, name="changes"),
    path("w/<slug:slug>/changes/new/", changes.change_create, name="change-create"),
    path("w/<slug:slug>/changes/<int:number>/", changes.change_detail, name="change"),
    path(
        "w/<slug:slug>/changes/<int:number>/describe/",
        changes.change_describe,
        name="change-describe",
    ),
    re_path(
        rf"^w/(?P<slug>[-\w]+)/changes/(?P<number>\d+)/(?P<action>{ACTIONS})/$",
        changes.change_act,
        name="change-act",
    ),
]
