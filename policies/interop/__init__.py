"""A policy for routers that cannot run the engine, and documents of their configurations. Pure.

Each translation comes with a loss report: what arrives exactly, what nearly, what not at all, and
what the caller has to do.
"""

from policies.interop.formats import FORMATS, Exported, Format, Imported, export, read
from policies.interop.losses import Fidelity, Loss

__all__ = ["FORMATS", "Exported", "Fidelity", "Format", "Imported", "Loss", "export", "read"]
