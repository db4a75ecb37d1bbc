"""Addresses: datasets and recorded requests."""

from django.urls import path

from evaluations.api.datasets import Datasets, OneDataset
from evaluations.views import datasets, recorded_requests

urlpatterns = [
    path("w/<slug:slug>/datasets/", datasets.dataset_list, name="datasets"),
    path("w/<slug:slug>/datasets/import/", datasets.dataset_import, name="dataset-import"),
    path("w/<slug:slug>/datasets/<int:pk>/", datasets.dataset_detail, name="dataset"),
    path(
        "w/<slug:slug>/recorded-requests/",
        recorded_requests.recorded_requests,
        name="recorded-requests",
    ),
    path("api/v1/workflows/<slug:slug>/datasets/", Datasets.as_view(), name="api-datasets"),
    path(
        "api/v1/workflows/<slug:slug>/datasets/<int:pk>/", OneDataset.as_view(), name="api-dataset"
    ),
]
