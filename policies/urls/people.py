"""Addresses: signing in, and a person's own pages."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from policies.views.people import account

urlpatterns = [
    path("sign-in/", account.SignIn.as_view(), name="sign-in"),
    path("sign-in/demo/", account.demo_sign_in, name="demo-sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("account/", account.account, name="account"),
    path("account/password/", account.confirm_password, name="confirm-password"),
    path(
        "account/tokens/<int:pk>/revoke/",
        account.personal_token_revoke,
        name="personal-token-revoke",
    ),
]
