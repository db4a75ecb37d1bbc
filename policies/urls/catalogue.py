"""Addresses: the catalogue."""

from django.urls import path

from policies.views.catalogue import entries, price_imports

urlpatterns = [
    path("catalogue/", entries.catalogue_list, name="catalogue"),
    path("catalogue/import/", price_imports.price_import_upload, name="price-import-upload"),
    path("catalogue/import/<int:pk>/", price_imports.price_import, name="price-import"),
    path("catalogue/models/add/", entries.catalogue_model_add, name="catalogue-model-add"),
    path("catalogue/models/<int:pk>/", entries.catalogue_model, name="catalogue-model"),
    path(
        "catalogue/models/<int:pk>/prices/add/",
        entries.catalogue_price_add,
        name="catalogue-price-add",
    ),
    path("catalogue/providers/add/", entries.catalogue_provider_add, name="catalogue-provider-add"),
    path("catalogue/validate/<slug:name>/", entries.catalogue_validate, name="catalogue-validate"),
]
