"""Readings: who else has read a conversation, why, and whether an organisation lets anybody."""

from jindou.agents.readings.service import Readings
from jindou.agents.readings.types import ReadConversation, Reading, ReadingAsk, ReadingPolicy, ReadingPolicyChange

__all__ = ["ReadConversation", "Reading", "ReadingAsk", "ReadingPolicy", "ReadingPolicyChange", "Readings"]
