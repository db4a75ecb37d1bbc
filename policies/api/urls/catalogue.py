"""Addresses below /api/v1/: the catalogue."""

from django.urls import path

from policies.api.views import catalogue, price_imports

urlpatterns = [
    path("catalogue/providers/", catalogue.Providers.as_view(), name="providers"),
    path("catalogue/models/", catalogue.CatalogueModels.as_view(), name="models"),
    path("catalogue/models/<int:pk>/", catalogue.OneCatalogueModel.as_view(), name="model"),
    path("catalogue/models/<int:pk>/prices/", catalogue.Prices.as_view(), name="prices"),
    path("catalogue/price-imports/", price_imports.PriceImports.as_view(), name="price-imports"),
    path(
        "catalogue/price-imports/<int:pk>/",
        price_imports.OnePriceImport.as_view(),
        name="price-import",
    ),
    path(
        "catalogue/price-imports/<int:pk>/apply/",
        price_imports.ApplyPriceImport.as_view(),
        name="apply-price-import",
    ),
]
