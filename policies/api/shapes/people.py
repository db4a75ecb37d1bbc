"""People, teams, roles and personal tokens."""

from __future__ import annotations

from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from policies.api.bodies import Body, MomentField
from policies.governance.roles import Role
from policies.models import Membership, PersonalToken, Team
from policies.services.rights import can_manage_catalogue, roles_in

USERNAME = "get_username"


class PersonSerializer(serializers.Serializer[User]):
    username = serializers.CharField(source=USERNAME)
    name = serializers.CharField(source="get_full_name")


class TeamSerializer(serializers.ModelSerializer[Team]):
    """A team, and what the caller is in it."""

    my_roles = serializers.SerializerMethodField()

    class Meta:
        model = Team
        fields = ["slug", "name", "created_at", "my_roles"]

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(Role.choices)))
    def get_my_roles(self, team: Team) -> list[str]:
        return sorted(roles_in(self.context["request"].user, team))


class MeSerializer(PersonSerializer):
    email = serializers.CharField()
    is_superuser = serializers.BooleanField(help_text="Sees every team; decides nothing by it.")
    may_edit_catalogue = serializers.SerializerMethodField()
    teams = serializers.SerializerMethodField()

    def get_may_edit_catalogue(self, user: User) -> bool:
        return can_manage_catalogue(user)

    @extend_schema_field(TeamSerializer(many=True))
    def get_teams(self, user: User) -> object:
        teams = Team.objects.filter(memberships__user=user).distinct()
        return TeamSerializer(teams, many=True, context=self.context).data


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    """One role of one person."""

    person = PersonSerializer(source="user")

    class Meta:
        model = Membership
        fields = ["id", "person", "role", "created_at"]


class NewTeam(Body):
    slug = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=120)


class NewMember(Body):
    username = serializers.SlugRelatedField(
        "username", queryset=User.objects.filter(is_active=True), source="user"
    )
    role = serializers.ChoiceField(Role.choices)
    why = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=20_000,
        help_text="Asked for where a second person has to agree.",
    )


class PersonalTokenSerializer(serializers.ModelSerializer[PersonalToken]):
    """A token without its text, which only its issue shows."""

    is_usable = serializers.BooleanField(read_only=True)

    class Meta:
        model = PersonalToken
        fields = [
            "id",
            "name",
            "hint",
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_at",
            "is_usable",
        ]


class IssuedPersonalTokenSerializer(PersonalTokenSerializer):
    token = serializers.SerializerMethodField(help_text="Shown this once; only a hash is kept.")

    class Meta(PersonalTokenSerializer.Meta):
        fields = [*PersonalTokenSerializer.Meta.fields, "token"]

    def get_token(self, token: PersonalToken) -> str:
        return str(self.context["plain"])


class NewToken(Body):
    name = serializers.CharField(max_length=120, help_text="Where it will be used.")
    expires_at = MomentField(required=False, allow_null=True)
