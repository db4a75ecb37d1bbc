"""Signing in and out, and a person's own tokens."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from policies.forms.people.account import PasswordForm, TokenForm
from policies.governance.refusals import Refused
from policies.models import PersonalToken
from policies.services.news.news import mail_is_set_up
from policies.services.people import tokens
from policies.services.teams.demo_accounts import DEMO_GROUP, demo_accounts
from policies.views.origin import note_password
from policies.views.visible import person


class SignIn(LoginView):
    """The sign-in page, with one button for each demo account."""

    template_name = "registration/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"demo_accounts": demo_accounts()}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        note_password(self.request)
        return response


@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "POST"])
def confirm_password(request: HttpRequest) -> HttpResponse:
    """Enter one's password again, where an environment demands it, and go back."""
    user = person(request)
    form = PasswordForm(request.POST or None, user=user)
    target = request.POST.get("next", "") or request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    status = 200
    if request.method == "POST":
        if form.is_valid():
            note_password(request)
            return redirect(target if safe and target else "account")
        status = 422
    context = {"form": form, "next": target if safe else ""}
    return render(request, "policies/people/password.html", context, status=status)


@sensitive_post_parameters()
@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign a newcomer in as a demo account. Does not exist outside a demo."""
    if not settings.DEMO_SIGN_IN:
        raise Http404
    people = User.objects.filter(groups__name=DEMO_GROUP, is_active=True)
    user = get_object_or_404(people, username=request.POST.get("account", ""))
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return redirect(target if safe and target else "home")


def _account(
    request: HttpRequest, form: TokenForm, plain: str = "", status: int = 200
) -> HttpResponse:
    user = person(request)
    context = {
        "form": form,
        "plain_token": plain,
        "tokens": PersonalToken.objects.filter(user=user),
        "memberships": user.memberships.select_related("team"),
        "mail_is_set_up": mail_is_set_up(),
    }
    return render(request, "policies/people/account.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Who I am, what I may do, and my tokens. A new token is shown once."""
    form = TokenForm(request.POST or None)
    if request.method != "POST":
        return _account(request, form)
    if not form.is_valid():
        return _account(request, form, status=422)
    _, plain = tokens.issue_personal_token(
        person(request),
        form.cleaned_data["name"],
        acting_user=person(request),
        expires_at=form.expires_at(),
    )
    return _account(request, TokenForm(), plain)


@login_required
@require_POST
def personal_token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke one of my tokens, at once and for good."""
    token = get_object_or_404(PersonalToken, pk=pk, user=person(request))
    try:
        tokens.revoke_personal_token(token, acting_user=person(request))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Token {token.name} is revoked.")
    return redirect("account")
