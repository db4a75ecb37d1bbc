"""The form that brings a dataset in."""

from django import forms


class DatasetForm(forms.Form):
    """A file of outcomes, what to call it, and the prices of its day."""

    name = forms.CharField(
        max_length=120, required=False, help_text="Without a name it gets that of the file."
    )
    file = forms.FileField(
        label="File of outcomes",
        help_text="One row per request and model: .jsonl, .csv or .parquet, each also as .gz.",
        error_messages={"required": "Choose a file."},
    )
    prices = forms.FileField(
        label="Price table",
        required=False,
        help_text="Optional JSON: the prices behind the recorded costs, kept beside the rows.",
    )
    is_simulated = forms.BooleanField(
        label="These requests are made up",
        required=False,
        help_text="Every page that shows the dataset will say so.",
    )
