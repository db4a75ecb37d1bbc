"""Addresses that routers use."""

from django.urls import path

from policies.delivery import http

urlpatterns = [
    path("api/v1/policy", http.policy, name="delivery-policy"),
    path(".well-known/jwks.json", http.jwks, name="jwks"),
]
