"""Asyncio-first SDK for ImpactiveAI CRM."""
