"""Addresses: releases."""

from django.urls import path

from policies.views.as_code import files, routers
from policies.views.releases import releases

urlpatterns = [
    path("w/<slug:slug>/releases/", releases.release_list, name="releases"),
    path(
        "w/<slug:slug>/releases/<slug:environment>/<int:number>/",
        releases.release_detail,
        name="release",
    ),
    path(
        "w/<slug:slug>/releases/<slug:environment>/<int:number>/files.zip",
        files.release_files,
        name="release-files",
    ),
    path(
        "w/<slug:slug>/releases/<slug:environment>/<int:number>/signed.json",
        releases.release_signed,
        name="release-signed",
    ),
    path(
        "w/<slug:slug>/releases/<slug:environment>/<int:number>/for/<slug:router>/",
        routers.release_export,
        name="release-export",
    ),
    path(
        "w/<slug:slug>/releases/<slug:environment>/<int:number>/for/<slug:router>/file",
        routers.release_export_file,
        name="release-export-file",
    ),
    path(
        "w/<slug:slug>/releases/<slug:environment>/<int:number>/roll-back/",
        releases.release_roll_back,
        name="release-roll-back",
    ),
    path(
        "w/<slug:slug>/releases/<slug:environment>/<int:number>/promote/",
        releases.release_promote,
        name="release-promote",
    ),
]
