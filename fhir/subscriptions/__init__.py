"""Subscriptions: who is told of which changes, and the messages that tell it.

https://hl7.org/fhir/R4/subscription.html
"""
